// A session at a company's identity provider, as its sign-in described it: what a logout must name, in either direction.
// Pure.

export type UpstreamSession = {
  /** The ID token's `sub`, or the NameID as sent. */
  readonly subject: string;
  /** SAML: what the NameID must carry again when we name it. */
  readonly nameFormat: string | undefined;
  readonly nameQualifier: string | undefined;
  readonly spNameQualifier: string | undefined;
  /** The ID token's `sid`, or the assertion's SessionIndex. */
  readonly sessionIndex: string | undefined;
  /** OpenID Connect: as sent, for `id_token_hint`. */
  readonly idToken: string | undefined;
};

/** One that is kept. Its id is the `sid` that Keycloak knows. */
export type StoredSession = UpstreamSession & {
  readonly id: string;
  readonly connectionId: string;
  readonly memberId: string;
};

/** What a company names when it logs somebody out: one session, or all of a person. */
export type NamedSessions = {
  readonly subject: string | undefined;
  readonly nameFormat?: string | undefined;
  /** Empty: every session of the subject. */
  readonly sessionIndexes: readonly string[];
};
