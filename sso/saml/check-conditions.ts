// When and for whom the assertion counts, and that it speaks of a sign-in. SAML core 2.5 and 2.7.2.
import { attribute, child, children, elements, isElement, token } from './dom.ts';
import { NS } from './names.ts';
import { quoted, Refused } from './refusals.ts';
import { isFuture, isPast, timeAttribute } from './times.ts';
import type { Verification } from './verification.ts';

/** OneTimeUse is kept by remembering every assertion; ProxyRestriction binds only those who issue further ones. */
const UNDERSTOOD = ['AudienceRestriction', 'OneTimeUse', 'ProxyRestriction'];
/** The database's indexes hold no longer ones. */
const MAX_SESSION_INDEX_BYTES = 1024;

export function conditionsOf(v: Verification): Element {
  const [conditions, ...others] = children(v.assertion, NS.assertion, 'Conditions');
  if (!conditions || others.length > 0) {
    throw new Refused('conditions_missing', `${others.length + (conditions ? 1 : 0)} Conditions`);
  }
  return conditions;
}

export function checkValidity(v: Verification): string {
  const conditions = conditionsOf(v);
  const start = timeAttribute(conditions, 'NotBefore');
  const end = timeAttribute(conditions, 'NotOnOrAfter');
  if (start && isFuture(start, v.now)) throw new Refused('not_yet_valid', `NotBefore ${start.toISOString()}`);
  if (end && isPast(end, v.now)) throw new Refused('expired', `NotOnOrAfter ${end.toISOString()}`);
  return `${start?.toISOString() ?? 'open'} to ${end?.toISOString() ?? 'open'}`;
}

/** SAML core 2.5.1.4: each restriction must hold, so each must name us; and there must be one. */
export function checkAudience(v: Verification): string {
  const restrictions = children(conditionsOf(v), NS.assertion, 'AudienceRestriction');
  if (restrictions.length === 0) throw new Refused('audience', 'no AudienceRestriction');
  for (const restriction of restrictions) {
    const audiences = children(restriction, NS.assertion, 'Audience').map(token);
    if (!audiences.includes(v.connection.spEntityId)) {
      throw new Refused(
        'audience',
        `${audiences.map(quoted).join(', ')} instead of ${quoted(v.connection.spEntityId)}`,
      );
    }
  }
  return v.connection.spEntityId;
}

/** SAML core 2.5.1: with a condition that is not understood, validity is indeterminate. */
export function checkConditionsUnderstood(v: Verification): string {
  const conditions = elements(conditionsOf(v));
  const strange = conditions.find((one) => !UNDERSTOOD.some((name) => isElement(one, NS.assertion, name)));
  if (strange) throw new Refused('condition_unknown', quoted(strange.nodeName));
  return conditions.map(({ localName }) => localName).join(', ');
}

/** At least one; where there are several, each must hold, and the first one is read. */
export function authnStatementsOf(v: Verification): readonly [Element, ...Element[]] {
  const [first, ...others] = children(v.assertion, NS.assertion, 'AuthnStatement');
  if (!first) throw new Refused('authn_statement_missing', 'no AuthnStatement');
  return [first, ...others];
}

export function checkAuthentication(v: Verification): string {
  const instants = authnStatementsOf(v).map((statement) => {
    const instant = timeAttribute(statement, 'AuthnInstant');
    if (!instant) throw new Refused('time_invalid', 'no AuthnInstant');
    if (isFuture(instant, v.now)) throw new Refused('authn_instant', instant.toISOString());
    if (v.request.forceAuthn && isFuture(v.request.issuedAt, instant)) {
      throw new Refused('authn_too_old', `${instant.toISOString()}, asked at ${v.request.issuedAt.toISOString()}`);
    }
    return instant.toISOString();
  });
  return instants.join(', ');
}

/** What was asked for by RequestedAuthnContext was done, whatever the identity provider made of the question. */
export function checkAuthnContext(v: Verification): string {
  const demanded = v.connection.authnContexts;
  const found = authnStatementsOf(v).map(classRefOf);
  const strange = found.filter((one) => one === undefined || !demanded.includes(one));
  if (demanded.length > 0 && strange.length > 0) {
    throw new Refused('authn_context', `${strange.map(quoted)} instead of ${demanded.map(quoted).join(', ')}`);
  }
  return found.map(quoted).join(', ');
}

/** The AuthnContextClassRef of a statement. */
export function classRefOf(statement: Element): string | undefined {
  const context = child(statement, NS.assertion, 'AuthnContext');
  const classRef = context && child(context, NS.assertion, 'AuthnContextClassRef');
  return classRef && token(classRef);
}

export function checkSession(v: Verification): string {
  for (const statement of authnStatementsOf(v)) {
    const end = timeAttribute(statement, 'SessionNotOnOrAfter');
    if (end && isPast(end, v.now)) throw new Refused('session_expired', `SessionNotOnOrAfter ${end.toISOString()}`);
  }
  const index = attribute(authnStatementsOf(v)[0], 'SessionIndex');
  const bytes = Buffer.byteLength(index ?? '');
  if (bytes > MAX_SESSION_INDEX_BYTES) throw new Refused('session_index_invalid', `${bytes} bytes`);
  return index ?? 'no session index';
}
