// Responses that are signed and do not count for this connection, this request and this time. The names of the refusals
// are stated here.
import { encryptedElement, responseXml, signXml } from '../../support/saml-idp.ts';
import { ACS_URL, audience, KEYS, parts, SP_ENTITY_ID, signed, unsigned } from './company.ts';
import { refuses } from './refuses.ts';

const response = { key: KEYS.idp, element: 'Response' } as const;
const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';

const status = (code: string, second = '') =>
  `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${code}">${second}</samlp:StatusCode>`;

refuses('the response', [
  ['a failure without assertion', 'status', () => responseXml(parts({ status: status('Responder') }), '')],
  ['a failure with an assertion', 'status', () => signed({ status: status('Requester') })],
  ['a failure, response signed', 'status', () => signXml(unsigned({ status: status('AuthnFailed') }), response)],
  ['success below a failure', 'status', () => signed({ status: status('Responder', status('Success')) })],
  ['no status', 'status', () => signed({ status: '' })],
  ['two status codes', 'status', () => signed({ status: status('Success') + status('Responder') })],
  ['success in another spelling', 'status', () => signed({ status: status('success') })],
  ['version 1.1', 'version', () => signed({ version: '1.1' })],
  ['assertion version 1.1', 'version', () => signed({ assertionVersion: '1.1' })],
  ['another issuer of the response', 'issuer', () => signed({ responseIssuer: 'https://evil.test' })],
  [
    'an issuer of another format',
    'issuer',
    () => signXml(unsigned().replaceAll('<saml:Issuer>', '<saml:Issuer Format="urn:x:persistent">'), { key: KEYS.idp }),
  ],
  ['another destination', 'destination', () => signed({ destination: 'https://other.test/acs' })],
  [
    "another connection's address as destination",
    'destination',
    () => signed({ destination: ACS_URL.replace('acme', 'globex') }),
  ],
  ['an empty destination', 'destination', () => signed({ destination: '' })],
  ['a destination that begins right', 'destination', () => signed({ destination: `${ACS_URL}/../evil` })],
  ['an answer to another request', 'in_response_to', () => signed({ inResponseTo: '_request-2' })],
  ['no InResponseTo on the response', 'unsolicited', () => signed({ inResponseTo: null })],
  [
    'InResponseTo of the response edited by the bearer',
    'in_response_to',
    () => signed({ confirmationInResponseTo: '_request-2' }),
  ],
]);

const bearer = (data: string) => `<saml:SubjectConfirmation Method="${BEARER}">${data}</saml:SubjectConfirmation>`;

refuses('the assertion', [
  ['another issuer', 'issuer', () => signed({ issuer: 'https://evil.test' })],
  ['an issuer that begins right', 'issuer', () => signed({ issuer: `${parts().issuer}/evil` })],
  [
    'another issuer that signed with its own key',
    'certificate_unknown',
    () => signXml(unsigned({ issuer: 'https://evil.test' }), { key: KEYS.stranger }),
  ],
  ['another audience', 'audience', () => signed({ audiences: audience('https://other.test') })],
  [
    "another connection's audience",
    'audience',
    () => signed({ audiences: audience(SP_ENTITY_ID.replace('acme', 'globex')) }),
  ],
  ['an audience that begins right', 'audience', () => signed({ audiences: audience(`${SP_ENTITY_ID}.evil.test`) })],
  ['no audience', 'audience', () => signed({ audiences: '' })],
  ['an empty audience restriction', 'audience', () => signed({ audiences: '<saml:AudienceRestriction/>' })],
  [
    'two restrictions, one without us',
    'audience',
    () => signed({ audiences: audience(SP_ENTITY_ID) + audience('https://other.test') }),
  ],
  ['no conditions', 'conditions_missing', () => signed({ conditions: '' })],
  [
    'two conditions',
    'conditions_missing',
    () => signed({ conditions: `<saml:Conditions>${audience(SP_ENTITY_ID)}</saml:Conditions>`.repeat(2) }),
  ],
  [
    'a condition that nobody knows',
    'condition_unknown',
    () => signed({ extraConditions: '<saml:Condition xsi:type="saml:Magic"/>' }),
  ],
  ['not valid yet', 'not_yet_valid', () => signed({ notBefore: '2026-11-21T12:02:31Z' })],
  ['expired', 'expired', () => signed({ notOnOrAfter: '2026-11-21T11:58:30Z' })],
  ['a time that is none', 'time_invalid', () => signed({ notOnOrAfter: 'tomorrow' })],
  ['a time that does not exist', 'time_invalid', () => signed({ notOnOrAfter: '2026-13-45T12:00:00Z' })],
  ['another recipient', 'recipient', () => signed({ recipient: 'https://other.test/acs' })],
  ["another connection's recipient", 'recipient', () => signed({ recipient: ACS_URL.replace('acme', 'globex') })],
  ['no recipient', 'recipient', () => signed({ recipient: null })],
  [
    'a confirmation that has expired',
    'confirmation_expired',
    () => signed({ confirmationEnd: '2026-11-21T11:58:30Z' }),
  ],
  ['a confirmation without end', 'confirmation_expired', () => signed({ confirmationEnd: null })],
  [
    'a confirmation with NotBefore',
    'confirmation_not_before',
    () => signed({ confirmationNotBefore: '2026-11-21T11:00:00Z' }),
  ],
  ['an answer to another request', 'in_response_to', () => signed({ confirmationInResponseTo: '_request-2' })],
  ['no InResponseTo in the assertion', 'unsolicited', () => signed({ confirmationInResponseTo: null })],
  ['holder of key', 'confirmation_missing', () => signed({ method: 'urn:oasis:names:tc:SAML:2.0:cm:holder-of-key' })],
  ['sender vouches', 'confirmation_missing', () => signed({ method: 'urn:oasis:names:tc:SAML:2.0:cm:sender-vouches' })],
  ['no confirmation', 'confirmation_missing', () => signed({ confirmations: ' ' })],
  ['a confirmation without data', 'confirmation_missing', () => signed({ confirmations: bearer('') })],
  [
    'no subject',
    'subject',
    () => signXml(unsigned().replace(/<saml:Subject>.*<\/saml:Subject>/s, ''), { key: KEYS.idp }),
  ],
  [
    'two subjects',
    'subject',
    () => signXml(unsigned().replace(/<saml:Subject>.*<\/saml:Subject>/s, '$&$&'), { key: KEYS.idp }),
  ],
  [
    'two NameIDs',
    'subject',
    () => signed({ nameIdXml: '<saml:NameID>alice</saml:NameID><saml:NameID>admin</saml:NameID>' }),
  ],
  ['no NameID', 'name_id_missing', () => signed({ nameIdXml: ' ' })],
  ['an empty NameID', 'name_id_missing', () => signed({ nameId: '' })],
  [
    'an encrypted NameID without a key of ours',
    'name_id_encrypted',
    () => signed({ nameIdXml: '<saml:EncryptedID/>' }),
    { connection: { decryptionKeys: [] } },
  ],
  [
    'a NameID beside an encrypted one',
    'subject',
    () => signed({ nameIdXml: '<saml:NameID>alice</saml:NameID><saml:EncryptedID/>' }),
  ],
  [
    'an encrypted NameID that is another element',
    'name_id_missing',
    () => signed({ nameIdXml: encryptedElement('<x/>', { certificate: KEYS.sp.certificate, wrapper: 'EncryptedID' }) }),
  ],
  ['a NameID with an element in it', 'name_id_invalid', () => signed({ nameId: 'alice<saml:x/>@acme.test' })],
  ['a NameID with blanks before it', 'name_id_invalid', () => signed({ nameId: ' alice' })],
  ['a NameID with a line end after it', 'name_id_invalid', () => signed({ nameId: 'alice\n' })],
  ['a NameID of blanks', 'name_id_invalid', () => signed({ nameId: '  ' })],
  ['a NameID with a line end in it', 'name_id_invalid', () => signed({ nameId: 'alice&#10;admin' })],
  ['a NameID with a no-break space before it', 'name_id_invalid', () => signed({ nameId: '\u00a0alice' })],
  ['a NameID that is too long', 'name_id_invalid', () => signed({ nameId: 'a'.repeat(1025) })],
  ['a NameID that is too long in bytes', 'name_id_invalid', () => signed({ nameId: '鮑'.repeat(342) })],
  [
    'a NameID that is too long with its qualifier',
    'name_id_invalid',
    () => signed({ nameIdXml: `<saml:NameID NameQualifier="${'q'.repeat(1020)}">alice</saml:NameID>` }),
  ],
  [
    'a session index that is too long',
    'session_index_invalid',
    () => signXml(unsigned().replace('"session-1"', `"${'s'.repeat(1025)}"`), { key: KEYS.idp }),
  ],
  ['no sign-in', 'authn_statement_missing', () => signed({ authnStatement: ' ' })],
  ['a sign-in in the future', 'authn_instant', () => signed({ authnInstant: '2026-11-21T12:03:00Z' })],
  ['a sign-in without time', 'time_invalid', () => signed({ authnStatement: '<saml:AuthnStatement/>' })],
  [
    'an old sign-in where a fresh one was asked for',
    'authn_too_old',
    () => signed({ authnInstant: '2026-11-21T11:50:00Z' }),
    { request: { forceAuthn: true } },
  ],
  [
    'a second sign-in statement whose session has ended',
    'session_expired',
    () =>
      signed({
        authnStatement:
          '<saml:AuthnStatement AuthnInstant="2026-11-21T11:59:30Z"/><saml:AuthnStatement AuthnInstant="2026-11-21T11:59:30Z" SessionNotOnOrAfter="2026-11-21T11:00:00Z"/>',
      }),
  ],
  ['a session that has ended', 'session_expired', () => signed({ sessionEnd: '2026-11-21T11:58:30Z' })],
  ['an attribute without name', 'attribute_invalid', () => signed({ attributes: '<saml:Attribute/>' })],
  [
    'too many attributes',
    'attribute_invalid',
    () => signed({ attributes: Array.from({ length: 1001 }, (_, i) => `<saml:Attribute Name="a${i}"/>`).join('') }),
  ],
]);
