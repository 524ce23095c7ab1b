// Who the assertion is about, and that it was made for the bearer who hands it to us: at this address, now, in answer
// to this request. SAML core 2.4, profiles 4.1.4.2 and 4.1.4.3.
import { attribute, children, plainText } from './dom.ts';
import { CONFIRMATION_BEARER, NS } from './names.ts';
import { quoted, Refused } from './refusals.ts';
import { isPast, timeAttribute } from './times.ts';
import type { Verification } from './verification.ts';

const MAX_NAME_ID_LENGTH = 1024;

function subjectOf(v: Verification): Element {
  const [subject, ...others] = children(v.assertion, NS.assertion, 'Subject');
  if (!subject || others.length > 0) throw new Refused('subject', `${others.length + (subject ? 1 : 0)} subjects`);
  return subject;
}

export function nameIdOf(v: Verification): Element {
  const subject = subjectOf(v);
  const [nameId, ...others] = children(subject, NS.assertion, 'NameID');
  if (others.length > 0) throw new Refused('subject', `${others.length + 1} NameIDs`);
  if (nameId) return nameId;
  const encrypted = children(subject, NS.assertion, 'EncryptedID').length > 0;
  throw encrypted ? new Refused('name_id_encrypted', 'an EncryptedID') : new Refused('name_id_missing', 'no NameID');
}

/** The value is taken as it is: an identity that differs by a blank is another identity, so blanks are refused. */
export function checkNameId(v: Verification): string {
  const value = plainText(nameIdOf(v));
  if (value === '') throw new Refused('name_id_missing', 'an empty NameID');
  const usable = value !== undefined && value.length <= MAX_NAME_ID_LENGTH && value.trim() === value;
  if (!usable || /\p{Cc}/u.test(value)) throw new Refused('name_id_invalid', quoted(value));
  return attribute(nameIdOf(v), 'Format') ?? 'no format';
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
