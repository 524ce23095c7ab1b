// RSA-OAEP with two hashes: the wrapped keys in fixtures/ were made by the openssl command
// (`pkeyutl -encrypt -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:… -pkeyopt rsa_mgf1_md:…`).
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { unwrapKey } from '../../../sso/saml/oaep.ts';
import { encryptXml } from '../../support/saml-idp.ts';
import { KEYS, signed, verify } from './company.ts';

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
const privateKey = fixture('oaep-key.pem');
const wrapped: Record<string, string> = JSON.parse(fixture('oaep-wrapped.json'));
const SECRET = '0123456789abcdef0123456789abcdef';
const MGF1P = 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p';
const OAEP = 'http://www.w3.org/2009/xmlenc11#rsa-oaep';

describe.each(Object.entries(wrapped))('%s', (name, base64) => {
  const [hash = '', maskHash = ''] = name.split(' ');
  const hashes = { hash, maskHash };
  const value = Buffer.from(base64, 'base64');

  test('is unwrapped', () => {
    expect(unwrapKey(value, privateKey, hashes).toString()).toBe(SECRET);
  });

  test('and not when a byte is changed, under another hash, or cut', () => {
    for (const at of [0, 1, 20, 33, 128, 255]) {
      const changed = Buffer.from(value);
      changed[at] = (changed[at] as number) ^ 1;
      expect(() => unwrapKey(changed, privateKey, hashes)).toThrow();
    }
    expect(() => unwrapKey(value, privateKey, { hash: maskHash, maskHash: hash })).toThrow();
    expect(() => unwrapKey(value.subarray(1), privateKey, hashes)).toThrow();
    expect(() => unwrapKey(Buffer.alloc(256), privateKey, hashes)).toThrow();
  });

  test.each(maskHash === 'sha1' ? [MGF1P, OAEP] : [OAEP])('opens an assertion by %s', (keyTransport) => {
    const made = { secret: Buffer.from(SECRET), value, hash, maskHash };
    const xml = encryptXml(signed(), { certificate: KEYS.sp.certificate, keyTransport, made });
    const connection = { decryptionKeys: [privateKey] };
    expect(verify(xml, { connection })).toMatchObject({ ok: true, assertion: { nameId: { value: 'alice' } } });
  });
});
