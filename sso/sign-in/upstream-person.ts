// What the company's identity provider said of a person, verified, in one shape for both protocols. Pure.
import { type ConnectionSettings, evidenceSettings } from '../connections/connection.ts';
import { type Evidence, oidcEvidence, samlEvidence } from '../evidence.ts';
import type { UpstreamSession } from '../logout/upstream-session.ts';
import type { OidcClaims } from '../oidc/relying-party.ts';
import type { Assertion } from '../saml/assertion.ts';
import { SignInRefused } from './refusals.ts';

export type UpstreamPerson = {
  readonly issuer: string;
  /** With connection and issuer, what an identity is known by: it never changes its meaning at the provider. */
  readonly subject: string;
  readonly evidence: Evidence;
  /** Every attribute or claim that was sent, by name; a claim that is an object has no values here. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  readonly session: UpstreamSession;
};

const PERSISTENT = /nameid-format:persistent$/;
const TRANSIENT = /nameid-format:transient$/;

/** Throws SignInRefused when nothing that was sent would be the same at the next sign-in. */
export function samlPerson(settings: ConnectionSettings, assertion: Assertion): UpstreamPerson {
  const { nameId } = assertion;
  const format = nameId.format ?? '';
  const evidence = samlEvidence(assertion, evidenceSettings(settings));
  // a persistent NameID is an unchanging id, also where no attribute carries one
  const immutableId = evidence.immutableId ?? (PERSISTENT.test(format) ? nameId.value : undefined);
  if (TRANSIENT.test(format) && immutableId === undefined) {
    throw new SignInRefused('response_refused', 'The NameID is transient and no attribute carries an unchanging id.');
  }
  return {
    issuer: assertion.issuer,
    subject: TRANSIENT.test(format) ? `id:${immutableId}` : qualified(nameId, PERSISTENT.test(format)),
    evidence: { ...evidence, immutableId },
    attributes: new Map([...assertion.attributes].map(([name, { values }]) => [name, values])),
    session: {
      subject: nameId.value,
      nameFormat: nameId.format,
      nameQualifier: nameId.nameQualifier,
      spNameQualifier: nameId.spNameQualifier,
      sessionIndex: assertion.sessionIndex,
      idToken: undefined,
    },
  };
}

/** SAML core 8.3.7: a persistent NameID is unique only together with its qualifiers. */
function qualified({ value, nameQualifier, spNameQualifier }: Assertion['nameId'], persistent: boolean): string {
  if (!persistent) return value;
  return [value, nameQualifier, spNameQualifier].filter((part) => part !== undefined).join('!');
}

export function oidcPerson(
  settings: ConnectionSettings,
  login: { readonly issuer: string; readonly subject: string; readonly claims: OidcClaims; readonly idToken: string },
): UpstreamPerson {
  const evidence = oidcEvidence(login.claims, evidenceSettings(settings));
  // A provider that knows the address and says it is not verified takes it back; one that is silent (Entra) does not.
  const denied = login.claims.email_verified === false || login.claims.email_verified === 'false';
  return {
    issuer: login.issuer,
    subject: login.subject,
    evidence: denied && !evidence.addressVerified ? { ...evidence, address: undefined } : evidence,
    attributes: new Map(Object.entries(login.claims).map(([name, value]) => [name, textsOf(value)])),
    session: {
      subject: login.subject,
      nameFormat: undefined,
      nameQualifier: undefined,
      spNameQualifier: undefined,
      sessionIndex: typeof login.claims.sid === 'string' ? login.claims.sid : undefined,
      idToken: login.idToken,
    },
  };
}

function textsOf(claim: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return values.flatMap((value) => (['string', 'number', 'boolean'].includes(typeof value) ? [String(value)] : []));
}
