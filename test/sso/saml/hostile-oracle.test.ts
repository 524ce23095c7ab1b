// Hostile responses: a ciphertext that was recorded, changed to learn from the answers. Whatever is done to it, the answer
// is one and the same, to the letter, and so are the checks that ran. XML Encryption 1.1, 6.1; Jager and Somorovsky, "How
// to Break XML Encryption" (CCS 2011).
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encryptedElement, encryptXml, responseXml, signXml } from '../../support/saml-idp.ts';
import { KEYS, parts, signed, unsigned, verify } from './company.ts';

const XMLENC = 'http://www.w3.org/2001/04/xmlenc#';
const XMLENC11 = 'http://www.w3.org/2009/xmlenc11#';
const sp = { certificate: KEYS.sp.certificate };
const CIPHER_VALUE = /<xenc:CipherValue>([^<]*)/g;

/** Changes the bytes of the wrapped key (0) or of the data (1). */
function changed(xml: string, which: 0 | 1, change: (bytes: Buffer) => Buffer): string {
  const value = [...xml.matchAll(CIPHER_VALUE)][which]?.[1] ?? '';
  return xml.replace(value, () => change(Buffer.from(value, 'base64')).toString('base64'));
}
const flipped =
  (at: number, mask = 0xff) =>
  (bytes: Buffer) => {
    const copy = Buffer.from(bytes);
    const index = at < 0 ? bytes.length + at : at;
    copy[index] = (copy[index] ?? 0) ^ mask;
    return copy;
  };

const plainOf = (xml: string) => /<saml:Assertion.*<\/saml:Assertion>/s.exec(xml)?.[0] ?? '';
const holding = (plain: string, data: string) => responseXml(parts(), encryptedElement(plain, { ...sp, data }));

type Attempts = readonly (readonly [what: string, xml: string])[];

function attempts(data: string): Attempts {
  const recorded = encryptXml(signed(), { ...sp, data });
  const positions = Array.from({ length: 32 }, (_, block) => -1 - block);
  return [
    ...positions.map((at): [string, string] => [`byte ${at} of the data`, changed(recorded, 1, flipped(at))]),
    ...Array.from({ length: 32 }, (_, bit): [string, string] => [
      `byte -17 of the data, mask ${bit * 8 + 1}`,
      changed(recorded, 1, flipped(-17, bit * 8 + 1)),
    ]),
    ...[0, 5, 11, 12, 15, 16, 40, 200, 700].map((at): [string, string] => [
      `byte ${at} of the data`,
      changed(recorded, 1, flipped(at)),
    ]),
    ...[0, 1, 15, 16, 17, 28, 29, 31, 32, 33, 48].map((length): [string, string] => [
      `the first ${length} bytes of the data`,
      changed(recorded, 1, (bytes) => bytes.subarray(0, Math.max(length, 1))),
    ]),
    ['a block too many', changed(recorded, 1, (bytes) => Buffer.concat([bytes, Buffer.alloc(16)]))],
    ['a byte too many', changed(recorded, 1, (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]))],
    ['random data', changed(recorded, 1, (bytes) => randomBytes(bytes.length))],
    [
      'two blocks exchanged',
      changed(recorded, 1, (bytes) =>
        Buffer.concat([bytes.subarray(0, 16), bytes.subarray(32, 48), bytes.subarray(16, 32), bytes.subarray(48)]),
      ),
    ],
    ...[0, 1, 100, -1].map((at): [string, string] => [`byte ${at} of the key`, changed(recorded, 0, flipped(at, 1))]),
    ['a random key', changed(recorded, 0, (bytes) => randomBytes(bytes.length))],
    ['a key of zeros', changed(recorded, 0, (bytes) => Buffer.alloc(bytes.length))],
    ['a key of ones', changed(recorded, 0, (bytes) => Buffer.alloc(bytes.length, 0xff))],
    ['half a key', changed(recorded, 0, (bytes) => bytes.subarray(0, 128))],
    ["another recipient's key", encryptXml(signed(), { certificate: KEYS.stranger.certificate, data })],
    ['a plaintext that is empty', holding('', data)],
    ['a plaintext that is no XML', holding('\u0000\u0001', data)],
    ['a plaintext that is half an assertion', holding(plainOf(signed()).slice(0, 500), data)],
    ['a plaintext that is another element', holding('<x/>', data)],
    ['a plaintext with a DOCTYPE', holding('<!DOCTYPE x><x/>', data)],
  ];
}

/** What only a ciphertext without a tag must not tell: it decrypts, and what is in it is refused. */
const INSIDE: Attempts = (() => {
  const data = `${XMLENC}aes256-cbc`;
  const twice = plainOf(signed()).replace(
    '<saml:Subject>',
    `${plainOf(unsigned({ assertionId: '_2' }))}<saml:Subject>`,
  );
  return [
    ['an assertion that is not signed', holding(plainOf(unsigned()), data)],
    ['an assertion that was changed', holding(plainOf(signed()).replace('alice', 'admin'), data)],
    ["a stranger's assertion", holding(plainOf(signed({}, { key: KEYS.stranger })), data)],
    ['two assertions', holding(twice, data)],
    ['an ID twice', holding(plainOf(unsigned()).replace('<saml:Subject>', '<saml:Subject ID="_assertion-1">'), data)],
    ['a bad namespace', holding(plainOf(signed()).replace('<saml:Subject>', '<saml:Subject xmlns:x="1">'), data)],
    ['SHA-1', holding(plainOf(signed({}, { digest: 'http://www.w3.org/2000/09/xmldsig#sha1' })), data)],
    ['two signatures', holding(plainOf(signed()).replace(/<ds:Signature .*<\/ds:Signature>/s, '$&$&'), data)],
  ];
})();

const ANSWER = {
  ok: false,
  refusal: 'decryption_failed',
  detail: 'no key of ours opens it',
};
const CHECKS = verify(encryptXml(signed(), { certificate: KEYS.stranger.certificate })).checks;

describe.each(['aes128-cbc', 'aes256-cbc'].map((name) => XMLENC + name).concat(`${XMLENC11}aes256-gcm`))(
  '%s',
  (data) => {
    test.each(attempts(data))('%s: decryption_failed', (_what, xml) => {
      const { checks, ...answer } = verify(xml);
      expect(answer).toEqual(ANSWER);
      expect(checks.map(({ name, ok }) => [name, ok])).toEqual(CHECKS.map(({ name, ok }) => [name, ok]));
      expect(checks.at(-1)).toEqual(CHECKS.at(-1));
    });
  },
);

describe('AES-CBC outside of a signed response: what is inside is not told before a signature holds', () => {
  test.each(INSIDE)('%s: decryption_failed', (_what, xml) => {
    const { checks, ...answer } = verify(xml);
    expect(answer).toEqual(ANSWER);
    expect(checks.at(-1)).toEqual(CHECKS.at(-1));
  });

  test('with the tag of AES-GCM it is', () => {
    expect(verify(encryptXml(unsigned(), sp))).toMatchObject({ refusal: 'signature_missing' });
  });

  test('within a signed response it is: nobody else could have changed the ciphertext', () => {
    const xml = encryptXml(signed({}, { key: KEYS.stranger }), { ...sp, data: `${XMLENC}aes256-cbc` });
    const all = signXml(xml, { key: KEYS.idp, element: 'Response' });
    expect(verify(all)).toMatchObject({ refusal: 'certificate_unknown' });
  });

  test('what a signature covers is refused under its own name again', () => {
    const xml = encryptXml(signed({ issuer: 'https://evil.test' }), { ...sp, data: `${XMLENC}aes256-cbc` });
    expect(verify(xml)).toMatchObject({ refusal: 'issuer' });
  });
});
