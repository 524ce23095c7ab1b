// A verified assertion as plain values: what sign-in and evidence work with. SAML core 2.3.3.

export type SamlNameId = {
  readonly value: string;
  readonly format: string | undefined;
  readonly nameQualifier: string | undefined;
  readonly spNameQualifier: string | undefined;
};

export type SamlAttribute = {
  readonly name: string;
  readonly friendlyName: string | undefined;
  readonly nameFormat: string | undefined;
  /** As signed, in document order; an attribute without values has none. */
  readonly values: readonly string[];
};

export type SamlAttributes = ReadonlyMap<string, SamlAttribute>;

export type Assertion = {
  readonly id: string;
  readonly issuer: string;
  readonly nameId: SamlNameId;
  readonly sessionIndex: string | undefined;
  readonly authnInstant: Date;
  /** The AuthnContextClassRef. */
  readonly authnContext: string | undefined;
  /** When it stops being acceptable, clock tolerance not counted: its ID must be remembered until 120 s later. */
  readonly notOnOrAfter: Date;
  /** When the identity provider's session ends, if it says so. */
  readonly sessionNotOnOrAfter: Date | undefined;
  /** By name. A `Map`: names such as `__proto__` are names like any other. */
  readonly attributes: SamlAttributes;
};
