// The verified assertion as plain values. It runs after every check, on the element that a signature covered.
import type { SamlAttribute, SamlAttributes } from './assertion.ts';
import { authnStatementsOf, classRefOf, conditionsOf } from './check-conditions.ts';
import { checkIssuerElement } from './check-issuer.ts';
import { bearerConfirmations } from './check-subject.ts';
import { attribute, children } from './dom.ts';
import { NS } from './names.ts';
import { usableId } from './open-document.ts';
import { quoted, Refused } from './refusals.ts';
import { earlier, timeAttribute } from './times.ts';
import type { Verification } from './verification.ts';

const MAX_ATTRIBUTES = 1000;
const SCHEMA_INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';

/** The last step: sets `read`. */
export function readAssertion(v: Verification): string {
  const [statement] = authnStatementsOf(v);
  v.read = {
    id: usableId(v.assertion),
    issuer: checkIssuerElement(children(v.assertion, NS.assertion, 'Issuer'), v.connection.idpEntityId),
    nameId: v.nameId,
    sessionIndex: attribute(statement, 'SessionIndex'),
    authnInstant: timeAttribute(statement, 'AuthnInstant') as Date,
    authnContext: classRefOf(statement),
    notOnOrAfter: lastMoment(v),
    sessionNotOnOrAfter: sessionEnd(v),
    attributes: readAttributes(v.assertion),
  };
  return `${v.read.attributes.size} attributes`;
}

/** The latest bearer confirmation's end, or the end of the conditions if that comes first. */
function lastMoment(v: Verification): Date {
  const ends = bearerConfirmations(v).map((data) => data && timeAttribute(data, 'NotOnOrAfter')?.getTime());
  const last = new Date(Math.max(...ends.filter((end) => end !== undefined)));
  return earlier(last, timeAttribute(conditionsOf(v), 'NotOnOrAfter'));
}

/** The first end that any statement sets. */
function sessionEnd(v: Verification): Date | undefined {
  return authnStatementsOf(v)
    .map((statement) => timeAttribute(statement, 'SessionNotOnOrAfter'))
    .reduce((first, end) => (first && end ? earlier(first, end) : (first ?? end)), undefined);
}

/** Nothing where the provider says that there is none (SAML core 2.7.3.1.1). */
function isNil(value: Element): boolean {
  return /^\s*(?:true|1)\s*$/.test(value.getAttributeNS(SCHEMA_INSTANCE, 'nil') ?? '');
}

function readAttributes(assertion: Element): SamlAttributes {
  const found = new Map<string, SamlAttribute>();
  const statements = children(assertion, NS.assertion, 'AttributeStatement');
  const encrypted = statements.flatMap((statement) => children(statement, NS.assertion, 'EncryptedAttribute'));
  if (encrypted.length > 0) throw new Refused('attribute_encrypted', `${encrypted.length} attributes`);
  for (const element of statements.flatMap((statement) => children(statement, NS.assertion, 'Attribute'))) {
    const name = attribute(element, 'Name');
    if (!name || found.size >= MAX_ATTRIBUTES) throw new Refused('attribute_invalid', `attribute ${quoted(name)}`);
    const values = children(element, NS.assertion, 'AttributeValue')
      .filter((value) => !isNil(value))
      .map((value) => value.textContent ?? '');
    const before = found.get(name);
    found.set(name, {
      name,
      friendlyName: before?.friendlyName ?? attribute(element, 'FriendlyName'),
      nameFormat: before?.nameFormat ?? attribute(element, 'NameFormat'),
      values: [...(before?.values ?? []), ...values],
    });
  }
  return found;
}
