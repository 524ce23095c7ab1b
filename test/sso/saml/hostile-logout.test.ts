// Hostile logout messages. The names of the refusals are stated here, not copied from a run.
import { deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { LogoutMessage } from '../../../sso/saml/receive-logout.ts';
import type { SamlRefusalCode } from '../../../sso/saml/refusals.ts';
import { SAML } from '../../support/saml-idp.ts';
import { signLogout } from '../../support/saml-logout.ts';
import { KEYS } from './company.ts';
import {
  byPost,
  byRedirect,
  logoutConnection,
  posted,
  requestXml,
  responseXml,
  SLO_URL,
  SUBJECT,
  SUCCESS,
  verifyAnswer,
  verifyRequest,
} from './logout.ts';

type Case = readonly [
  what: string,
  refusal: SamlRefusalCode,
  message: () => LogoutMessage,
  connection?: Parameters<typeof verifyRequest>[1],
];

function refuses(title: string, verify: typeof verifyRequest | typeof verifyAnswer, cases: readonly Case[]) {
  describe(title, () => {
    for (const [what, refusal, message, connection] of cases) {
      test(`${what}: ${refusal}`, () => {
        const result = verify(message(), connection);
        expect(result).toMatchObject({ ok: false, refusal });
        expect(result.checks.filter(({ ok }) => !ok)).toHaveLength(1);
      });
    }
  });
}

const MORE = 'http://www.w3.org/2001/04/xmldsig-more#';

function query(change: (query: string) => string, xml = requestXml()): LogoutMessage {
  const message = byRedirect(xml, { relayState: 'state-1' });
  return { binding: 'redirect', rawQuery: change(message.binding === 'redirect' ? message.rawQuery : '') };
}
const dropped = (name: string) => query((text) => text.replace(new RegExp(`&?${name}=[^&]*`), ''));
const deflatedAs = (bytes: Buffer) => byRedirect(requestXml(), { deflated: bytes });

refuses('a redirect', verifyRequest, [
  ['no message', 'logout_missing', () => ({ binding: 'redirect', rawQuery: '' })],
  ['an empty message', 'logout_missing', () => ({ binding: 'redirect', rawQuery: 'SAMLRequest=' })],
  ['a response where a request is due', 'logout_missing', () => byRedirect(responseXml())],
  ['no signature', 'signature_missing', () => dropped('Signature')],
  ['no algorithm', 'signature_missing', () => dropped('SigAlg')],
  ['RelayState exchanged', 'signature_invalid', () => query((text) => text.replace('state-1', 'state-2'))],
  ['RelayState taken out', 'signature_invalid', () => dropped('RelayState')],
  [
    'the message exchanged',
    'signature_invalid',
    () =>
      query((text) => {
        const forged = encodeURIComponent(
          deflateRawSync(requestXml({ content: SUBJECT.replace('alice', 'bob') })).toString('base64'),
        );
        return text.replace(/SAMLRequest=[^&]*/, `SAMLRequest=${forged}`);
      }),
  ],
  ['encoded anew', 'signature_invalid', () => query((text) => text.replace('state-1', 'state%2D1'))],
  ["a stranger's key", 'signature_invalid', () => byRedirect(requestXml(), { key: KEYS.stranger.privateKey })],
  [
    'an XML signature inside instead of one over the query',
    'signature_missing',
    () => ({
      binding: 'redirect',
      rawQuery: `SAMLRequest=${encodeURIComponent(deflateRawSync(signLogout(requestXml(), KEYS.idp)).toString('base64'))}`,
    }),
  ],
  [
    'SHA-1',
    'signature_sha1',
    () => byRedirect(requestXml(), { algorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1', hash: 'sha1' }),
  ],
  ['HMAC', 'signature_algorithm', () => byRedirect(requestXml(), { algorithm: `${MORE}hmac-sha256` })],
  ['an empty algorithm', 'signature_algorithm', () => byRedirect(requestXml(), { algorithm: '' })],
  ['an algorithm nobody knows', 'signature_algorithm', () => byRedirect(requestXml(), { algorithm: 'none' })],
  [
    'an ECDSA name on an RSA signature',
    'signature_invalid',
    () => byRedirect(requestXml(), { algorithm: `${MORE}ecdsa-sha256` }),
  ],
  ['two messages', 'query_invalid', () => query((text) => `${text}&SAMLRequest=AAAA`)],
  ['two RelayStates', 'query_invalid', () => query((text) => `RelayState=x&${text}`)],
  ['two algorithms', 'query_invalid', () => query((text) => `${text}&SigAlg=${encodeURIComponent(SAML.rsaSha256)}`)],
  ['a request and a response', 'query_invalid', () => query((text) => `${text}&SAMLResponse=AAAA`)],
  ['a name that is encoded', 'query_invalid', () => query((text) => text.replace('SAMLRequest=', 'SAML%52equest='))],
  ['a name in other case', 'query_invalid', () => query((text) => `${text}&samlrequest=AAAA`)],
  ['a broken escape', 'query_invalid', () => query((text) => text.replace('state-1', '%zz'))],
  ['another encoding', 'query_invalid', () => query((text) => `${text}&SAMLEncoding=urn%3Aother`)],
  [
    'a message that is not base64',
    'not_base64',
    () => query((text) => text.replace(/SAMLRequest=[^&]*/, 'SAMLRequest=%3C')),
  ],
  [
    'a signature that is not base64',
    'signature_shape',
    () => query((text) => text.replace(/Signature=[^&]*/, 'Signature=%3C')),
  ],
  ['not compressed', 'not_deflated', () => deflatedAs(Buffer.from(requestXml()))],
  ['compressed by gzip', 'not_deflated', () => deflatedAs(gzipSync(requestXml()))],
  ['half of the compressed bytes', 'not_deflated', () => deflatedAs(deflateRawSync(requestXml()).subarray(0, 60))],
  ['a zip bomb', 'too_large', () => deflatedAs(deflateRawSync(Buffer.alloc(50_000_000, 0x20)))],
  ['a huge query', 'too_large', () => ({ binding: 'redirect', rawQuery: `SAMLRequest=${'A'.repeat(200_000)}` })],
]);

refuses('a form', verifyRequest, [
  ['no message', 'logout_missing', () => ({ binding: 'post', body: {} })],
  ['a list of messages', 'logout_missing', () => ({ binding: 'post', body: { SAMLRequest: ['AAAA', 'AAAA'] } })],
  ['not base64', 'not_base64', () => ({ binding: 'post', body: { SAMLRequest: '<x/>' } })],
  [
    'compressed',
    'encoding',
    () => ({ binding: 'post', body: { SAMLRequest: deflateRawSync(requestXml()).toString('base64') } }),
  ],
  ['huge', 'too_large', () => posted(requestXml({ content: ' '.repeat(70_000) }))],
  ['no signature', 'signature_missing', () => posted(requestXml())],
  ["a stranger's signature", 'certificate_unknown', () => byPost(requestXml(), KEYS.stranger)],
  ['content edited', 'digest_mismatch', () => posted(signLogout(requestXml(), KEYS.idp).replace('>alice<', '>bob<'))],
  [
    'a signed request wrapped in a forged one',
    'signature_position',
    () =>
      posted(
        requestXml({
          id: '_forged',
          content: `<samlp:Extensions>${signLogout(requestXml(), KEYS.idp)}</samlp:Extensions>${SUBJECT}`,
        }),
      ),
  ],
  [
    'a forged request with the same ID around the signed one',
    'duplicate_id',
    () => posted(requestXml({ content: `<samlp:Extensions>${signLogout(requestXml(), KEYS.idp)}</samlp:Extensions>` })),
  ],
]);

refuses('the document', verifyRequest, [
  ['a DOCTYPE', 'doctype', () => byRedirect(`<!DOCTYPE x>${requestXml()}`)],
  ['an entity', 'entity', () => byRedirect(requestXml({ content: SUBJECT.replace('alice', '&x;') }))],
  [
    'a comment in the NameID',
    'comment',
    () => byRedirect(requestXml({ content: SUBJECT.replace('alice', 'ali<!-- -->ce') })),
  ],
  ['an instruction', 'processing_instruction', () => byRedirect(requestXml({ content: `<?x?>${SUBJECT}` }))],
  ['UTF-16', 'encoding', () => deflatedAs(deflateRawSync(Buffer.from(requestXml(), 'utf16le')))],
  ['another element', 'not_logout', () => byRedirect(requestXml().replaceAll('LogoutRequest', 'LogoutRequests'))],
  ['another namespace', 'not_logout', () => byRedirect(requestXml().replace(SAML.protocol, 'urn:other'))],
  ['no ID', 'id_invalid', () => byRedirect(requestXml({ id: '' }))],
  ['version 1.1', 'version', () => byRedirect(requestXml({ version: '1.1' }))],
]);

refuses('what a request says', verifyRequest, [
  ['another issuer', 'issuer', () => byRedirect(requestXml({ issuer: 'https://evil.test' }))],
  ['no issuer', 'issuer', () => byRedirect(requestXml({ issuer: null }))],
  ['another destination', 'destination', () => byRedirect(requestXml({ destination: `${SLO_URL}/x` }))],
  ['no destination', 'destination', () => byPost(requestXml({ destination: null }))],
  ['our ACS as destination', 'destination', () => byPost(requestXml({ destination: SLO_URL.replace('slo', 'acs') }))],
  ['issued in the future', 'not_yet_valid', () => byRedirect(requestXml({ issueInstant: '2026-11-21T12:03:00Z' }))],
  ['issued long ago', 'logout_expired', () => byRedirect(requestXml({ issueInstant: '2026-11-21T11:53:00Z' }))],
  ['past its end', 'logout_expired', () => byRedirect(requestXml({ notOnOrAfter: '2026-11-21T11:58:00Z' }))],
  ['not dated', 'time_invalid', () => byRedirect(requestXml({ issueInstant: null }))],
  ['a date that is none', 'time_invalid', () => byRedirect(requestXml({ issueInstant: 'now' }))],
  ['nobody named', 'name_id_missing', () => byRedirect(requestXml({ content: '' }))],
  ['an empty NameID', 'name_id_missing', () => byRedirect(requestXml({ content: SUBJECT.replace('alice', '') }))],
  ['two named', 'subject', () => byRedirect(requestXml({ content: SUBJECT + SUBJECT }))],
  [
    'an encrypted NameID without a key of ours',
    'name_id_encrypted',
    () => byRedirect(requestXml({ content: '<saml:EncryptedID/>' })),
    { decryptionKeys: [] },
  ],
  [
    'an empty session index',
    'session_index_invalid',
    () => byRedirect(requestXml({ content: SUBJECT.replace('session-1', '') })),
  ],
  [
    'too many session indexes',
    'session_index_invalid',
    () => byRedirect(requestXml({ content: SUBJECT + '<samlp:SessionIndex>s</samlp:SessionIndex>'.repeat(100) })),
  ],
  ['no certificate', 'certificate_unusable', () => byRedirect(requestXml()), { certificates: [] }],
]);

const failed = (code: string) => SUCCESS.replace('Success', code);

refuses('what an answer says', verifyAnswer, [
  ['a request where an answer is due', 'logout_missing', () => byRedirect(requestXml())],
  ['a sign-in response', 'not_logout', () => posted(responseXml().replaceAll('LogoutResponse', 'Response'))],
  ['an answer to another request', 'in_response_to', () => byRedirect(responseXml({ inResponseTo: '_other' }))],
  ['an answer to nothing', 'in_response_to', () => byPost(responseXml({ inResponseTo: null }))],
  ['a failure', 'status', () => byRedirect(responseXml({ content: failed('Responder') }))],
  ['no status', 'status', () => byRedirect(responseXml({ content: '' }))],
  [
    'a failure below success',
    'status',
    () =>
      byRedirect(
        responseXml({ content: failed('Success"><samlp:StatusCode Value="urn:x"/></samlp:StatusCode><x y="') }),
      ),
  ],
  ['no signature', 'signature_missing', () => posted(responseXml())],
  ['issued long ago', 'logout_expired', () => byRedirect(responseXml({ issueInstant: '2026-11-21T11:50:00Z' }))],
]);

test('a bomb is stopped while it inflates: it takes no memory to speak of', () => {
  const bomb = deflateRawSync(Buffer.alloc(50_000_000, 0x20));
  expect(bomb.length).toBeLessThan(60_000);
  const before = process.memoryUsage().arrayBuffers;
  expect(verifyRequest(byRedirect(requestXml(), { deflated: bomb }), logoutConnection())).toMatchObject({
    refusal: 'too_large',
  });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5_000_000);
});
