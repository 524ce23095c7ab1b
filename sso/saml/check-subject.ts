// Who the assertion is about, and that it was made for the bearer who hands it to us: at this address, now, in answer
// to this request. SAML core 2.4, profiles 4.1.4.2 and 4.1.4.3.
import { attribute, children } from './dom.ts';
import { nameIdIn, readNameId } from './name-id.ts';
import { CONFIRMATION_BEARER, NS } from './names.ts';
import { quoted, Refused } from './refusals.ts';
import { isPast, timeAttribute } from './times.ts';
import type { Verification } from './verification.ts';

function subjectOf(v: Verification): Element {
  const [subject, ...others] = children(v.assertion, NS.assertion, 'Subject');
  if (!subject || others.length > 0) throw new Refused('subject', `${others.length + (subject ? 1 : 0)} subjects`);
  return subject;
}

/** SAML core 8.3.7: a qualifier of the service provider is our own entity ID. */
export function checkNameId(v: Verification): string {
  v.nameId = readNameId(nameIdIn(subjectOf(v), v.connection));
  const { format, spNameQualifier } = v.nameId;
  if (spNameQualifier !== undefined && spNameQualifier !== v.connection.spEntityId) {
    throw new Refused('name_id_qualifier', `${quoted(spNameQualifier)} instead of ${quoted(v.connection.spEntityId)}`);
  }
  return format ?? 'no format';
}

/** At least one bearer confirmation holds; with several, the first one's fault is told when none does. */
export function checkConfirmation(v: Verification): string {
  const bearers = bearerConfirmations(v);
  if (bearers.length === 0) throw new Refused('confirmation_missing', 'no bearer confirmation');
  let first: unknown;
  for (const data of bearers) {
    try {
      return checkBearer(v, data);
    } catch (fault) {
      first ??= fault;
    }
  }
  throw first;
}

export function bearerConfirmations(v: Verification): (Element | undefined)[] {
  return children(subjectOf(v), NS.assertion, 'SubjectConfirmation')
    .filter((confirmation) => attribute(confirmation, 'Method') === CONFIRMATION_BEARER)
    .map((confirmation) => children(confirmation, NS.assertion, 'SubjectConfirmationData')[0]);
}

function checkBearer({ connection, request, now }: Verification, data: Element | undefined): string {
  if (!data) throw new Refused('confirmation_missing', 'no SubjectConfirmationData');
  const recipient = attribute(data, 'Recipient');
  if (recipient !== connection.acsUrl) {
    throw new Refused('recipient', `${quoted(recipient)} instead of ${quoted(connection.acsUrl)}`);
  }
  if (attribute(data, 'NotBefore') !== undefined) throw new Refused('confirmation_not_before', 'NotBefore is there');
  const end = timeAttribute(data, 'NotOnOrAfter');
  if (!end || isPast(end, now)) throw new Refused('confirmation_expired', `NotOnOrAfter ${end?.toISOString()}`);
  const answered = attribute(data, 'InResponseTo');
  if (answered === undefined) throw new Refused('unsolicited', 'no InResponseTo in the assertion');
  if (answered !== request.id) throw new Refused('in_response_to', `the assertion answers ${quoted(answered)}`);
  return `until ${end.toISOString()}`;
}
