// Hostile responses: encryption. The names of the refusals are stated here.
import { encryptedElement, encryptXml, responseXml, signXml } from '../../support/saml-idp.ts';
import { encryptedForSeveral, KEYS, parts, SP_ENTITY_ID, signed, unsigned } from './company.ts';
import { refuses } from './refuses.ts';

const response = { key: KEYS.idp, element: 'Response' } as const;
const sp = { certificate: KEYS.sp.certificate };
const XMLENC = 'http://www.w3.org/2001/04/xmlenc#';

const plainOf = (xml: string) => xml.match(/<saml:Assertion.*<\/saml:Assertion>/s)?.[0] ?? '';
const forgedInside = () => encryptXml(unsigned({ nameId: 'admin' }), sp);

refuses('encryption', [
  ['encrypted by anybody with our public key, not signed', 'signature_missing', forgedInside],
  [
    "encrypted by anybody, a stranger's signature inside",
    'certificate_unknown',
    () => encryptXml(signXml(unsigned({ nameId: 'admin' }), { key: KEYS.stranger }), sp),
  ],
  [
    'a signed response whose ciphertext was exchanged',
    'digest_mismatch',
    () => {
      const ciphertext = forgedInside().match(/<saml:EncryptedAssertion.*<\/saml:EncryptedAssertion>/s)?.[0] ?? '';
      return signXml(encryptXml(unsigned(), sp), response).replace(
        /<saml:EncryptedAssertion.*<\/saml:EncryptedAssertion>/s,
        () => ciphertext,
      );
    },
  ],
  [
    'the response signed before encryption, and another assertion encrypted',
    'digest_mismatch',
    () => {
      const other = encryptedElement(plainOf(unsigned({ nameId: 'admin' })), sp);
      return signXml(unsigned(), response).replace(/<saml:Assertion.*<\/saml:Assertion>/s, () => other);
    },
  ],
  [
    'the response signed before encryption, and the ciphertext changed',
    'digest_mismatch',
    () => flipLastCipherByte(encryptXml(signXml(unsigned(), response), { ...sp, data: `${XMLENC}aes256-cbc` })),
  ],
  [
    'the response signed before encryption, and edited',
    'digest_mismatch',
    () => encryptXml(signXml(unsigned(), response), sp).replace('Destination="', 'Destination="https://evil.test/'),
  ],
  [
    'the response signed before encryption, without a key of ours',
    'digest_mismatch',
    () => encryptXml(signXml(unsigned(), response), sp),
    { connection: { decryptionKeys: [] } },
  ],
  [
    'only the response signed where the assertion must be',
    'signature_policy',
    () => signXml(encryptXml(unsigned(), sp), response),
    { connection: { signedPart: 'assertion' } },
  ],
  ['no key of ours', 'encryption_unexpected', () => encryptXml(signed(), sp), { connection: { decryptionKeys: [] } }],
  [
    'encrypted for somebody else',
    'decryption_failed',
    () => encryptXml(signed(), { certificate: KEYS.stranger.certificate }),
  ],
  [
    'clear text where encryption is demanded',
    'encryption_required',
    () => signed(),
    { connection: { requireEncryption: true } },
  ],
  ['RSA 1.5 for the key', 'encryption_rsa15', () => encryptXml(signed(), { ...sp, keyTransport: `${XMLENC}rsa-1_5` })],
  ['triple DES', 'encryption_algorithm', () => encryptXml(signed(), { ...sp, data: `${XMLENC}tripledes-cbc` })],
  [
    'an unknown cipher',
    'encryption_algorithm',
    () => encryptXml(signed(), sp).replace('xmlenc11#aes256-gcm', 'xmlenc11#none'),
  ],
  ['another mask than was used', 'decryption_failed', () => encryptXml(signed(), { ...sp, oaep: 'sha256' })],
  [
    'an unknown digest in OAEP',
    'encryption_algorithm',
    () =>
      encryptXml(signed(), sp).replace(
        /(<ds:DigestMethod [^>]*Algorithm=")[^"]*("\/>)(?=<\/xenc:EncryptionMethod>)/,
        '$1urn:none$2',
      ),
  ],
  [
    'an OAEP label',
    'encryption_algorithm',
    () =>
      encryptXml(signed(), sp).replace(
        /(<xenc:EncryptionMethod Algorithm="[^"]*oaep-mgf1p">)/,
        '$1<xenc:OAEPparams>AAAA</xenc:OAEPparams>',
      ),
  ],
  [
    'an AES key of another length',
    'decryption_failed',
    () => encryptXml(signed(), sp).replace('aes256-gcm', 'aes128-gcm'),
  ],
  ['GCM ciphertext changed', 'decryption_failed', () => flipLastCipherByte(encryptXml(signed(), sp))],
  [
    'CBC padding changed',
    'decryption_failed',
    () => flipLastCipherByte(encryptXml(signed(), { ...sp, data: `${XMLENC}aes256-cbc` })),
  ],
  [
    'no ciphertext',
    'encryption_shape',
    () => encryptXml(signed(), sp).replace(/<xenc:CipherValue>[^<]*/g, '<xenc:CipherValue>'),
  ],
  [
    'ciphertext elsewhere',
    'encryption_shape',
    () =>
      encryptXml(signed(), sp).replace(
        /<xenc:CipherValue>[^<]*<\/xenc:CipherValue>/g,
        '<xenc:CipherReference URI="https://evil.test"/>',
      ),
  ],
  [
    'two encrypted keys',
    'encryption_shape',
    () => encryptXml(signed(), sp).replace(/<xenc:EncryptedKey.*<\/xenc:EncryptedKey>/s, '$&$&'),
  ],
  [
    'keys for several recipients, none of them us',
    'encryption_shape',
    () => encryptedForSeveral('https://other.test', `${SP_ENTITY_ID}/`),
  ],
  [
    'keys for several recipients, all of them us',
    'encryption_shape',
    () => encryptedForSeveral(SP_ENTITY_ID, SP_ENTITY_ID),
  ],
  [
    'the key for us was wrapped for somebody else',
    'decryption_failed',
    () => encryptedForSeveral(SP_ENTITY_ID, 'urn:x'),
  ],
  [
    'no encrypted key',
    'encryption_shape',
    () => encryptXml(signed(), sp).replace(/<xenc:EncryptedKey.*<\/xenc:EncryptedKey>/s, ''),
  ],
  ['plaintext that is no XML', 'decryption_failed', () => responseXml(parts(), encryptedElement('hello', sp))],
  [
    'plaintext with a DOCTYPE',
    'decryption_failed',
    () => responseXml(parts(), encryptedElement('<!DOCTYPE x><x/>', sp)),
  ],
  [
    'plaintext with a comment in the NameID',
    'decryption_failed',
    () => encryptXml(signed({ nameId: 'alice<!-- -->.evil' }), sp),
  ],
  [
    'plaintext that closes its place',
    'decryption_failed',
    () => responseXml(parts(), encryptedElement('</decrypted><decrypted>', sp)),
  ],
  ['plaintext that is another element', 'decryption_failed', () => responseXml(parts(), encryptedElement('<x/>', sp))],
  [
    'plaintext with two assertions',
    'decryption_failed',
    () => {
      const one = signed().match(/<saml:Assertion.*<\/saml:Assertion>/s)?.[0] ?? '';
      return responseXml(parts(), encryptedElement(one + one.replaceAll('_assertion-1', '_assertion-2'), sp));
    },
  ],
  [
    'plaintext with an assertion in the assertion',
    'assertion_count',
    () => {
      const one = signed().match(/<saml:Assertion.*<\/saml:Assertion>/s)?.[0] ?? '';
      const forged =
        unsigned({ nameId: 'admin', assertionId: '_2' }).match(/<saml:Assertion.*<\/saml:Assertion>/s)?.[0] ?? '';
      return responseXml(
        parts(),
        encryptedElement(
          forged.replace('</saml:Subject>', () => `${one}</saml:Subject>`),
          sp,
        ),
      );
    },
  ],
  [
    'plaintext with an ID twice',
    'duplicate_id',
    () =>
      responseXml(
        parts(),
        encryptedElement(
          unsigned()
            .match(/<saml:Assertion.*<\/saml:Assertion>/s)?.[0]
            ?.replace('<saml:Subject>', '<saml:Subject ID="_assertion-1">') ?? '',
          sp,
        ),
      ),
  ],
]);

function flipLastCipherByte(xml: string): string {
  const all = [...xml.matchAll(/<xenc:CipherValue>([^<]*)/g)];
  const last = all.at(-1)?.[1] ?? '';
  const bytes = Buffer.from(last, 'base64');
  bytes[bytes.length - 17] = (bytes[bytes.length - 17] ?? 0) ^ 0xff;
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 0xff;
  return xml.replace(last, () => bytes.toString('base64'));
}
