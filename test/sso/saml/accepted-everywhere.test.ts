// Every valid combination is accepted: well-known providers' responses, and algorithm by place of the signature by
// encryption by prefixes by white space.
import { describe, expect, test } from 'vitest';
import { encryptXml, responseXml, type SignOptions, signXml } from '../../support/saml-idp.ts';
import { attribute, audience, KEYS, parts, SP_ENTITY_ID, verify } from './company.ts';
import { SHAPES } from './shapes.ts';

describe('a response as they write it', () => {
  test.each(Object.entries(SHAPES))('%s', (_who, [xml, groups]) => {
    const result = verify(xml());
    expect(result).toMatchObject({
      ok: true,
      assertion: {
        issuer: parts().issuer,
        nameId: { value: 'alice@acme.test', format: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress' },
        notOnOrAfter: new Date('2026-11-21T12:05:00Z'),
      },
    });
    expect(result.ok && result.assertion.attributes.get(groups)?.values).toEqual(['g-1', 'g-2']);
    expect(
      result.ok && [...result.assertion.attributes.values()].some(({ values }) => values[0] === 'alice@acme.test'),
    ).toBe(true);
  });

  test.each(Object.entries(SHAPES))('%s, as bytes with a mark, in base64 with line ends', (_who, [xml]) => {
    expect(verify(Buffer.from(`\ufeff${xml()}`))).toMatchObject({ ok: true });
  });

  test.each(Object.entries(SHAPES))('%s is refused for somebody else', (_who, [xml]) => {
    expect(verify(xml(), { connection: { spEntityId: 'https://other.test' } })).toMatchObject({ ok: false });
    expect(verify(xml(), { connection: { certificates: [KEYS.stranger.certificate] } })).toMatchObject({ ok: false });
    expect(verify(xml(), { request: { id: '_other' } })).toMatchObject({ ok: false, refusal: 'in_response_to' });
  });
});

const MORE = 'http://www.w3.org/2001/04/xmldsig-more#';
const MORE_2007 = 'http://www.w3.org/2007/05/xmldsig-more#';
const XMLENC = 'http://www.w3.org/2001/04/xmlenc#';
const XMLENC11 = 'http://www.w3.org/2009/xmlenc11#';

const ALGORITHMS: Readonly<Record<string, Partial<SignOptions>>> = {
  'RSA-SHA256': {},
  'RSA-SHA384': { algorithm: `${MORE}rsa-sha384`, digest: `${MORE}sha384` },
  'RSA-SHA384, its digest by the name of XML Encryption': {
    algorithm: `${MORE}rsa-sha384`,
    digest: `${XMLENC}sha384`,
  },
  'RSA-SHA512': { algorithm: `${MORE}rsa-sha512`, digest: `${XMLENC}sha512` },
  'PSS-SHA256': { algorithm: `${MORE_2007}sha256-rsa-MGF1` },
  'PSS-SHA384': { algorithm: `${MORE_2007}sha384-rsa-MGF1`, digest: `${MORE}sha384` },
  'PSS-SHA512': { algorithm: `${MORE_2007}sha512-rsa-MGF1`, digest: `${XMLENC}sha512` },
  'ECDSA-SHA256': { algorithm: `${MORE}ecdsa-sha256`, key: KEYS.elliptic },
  'ECDSA-SHA384': { algorithm: `${MORE}ecdsa-sha384`, key: KEYS.elliptic },
  'ECDSA-SHA512': { algorithm: `${MORE}ecdsa-sha512`, key: KEYS.elliptic },
};
const CIPHERS: readonly (string | undefined)[] = [
  undefined,
  `${XMLENC11}aes128-gcm`,
  `${XMLENC11}aes256-gcm`,
  `${XMLENC}aes128-cbc`,
  `${XMLENC}aes256-cbc`,
];
const PREFIXES = [
  { protocol: 'samlp', assertion: 'saml', signature: 'ds' },
  { protocol: 'saml2p', assertion: 'saml2', signature: 'dsig' },
  { protocol: 'p', assertion: 'a', signature: '' },
] as const;
const certificates = [KEYS.next.certificate, KEYS.idp.certificate, KEYS.elliptic.certificate];

type Place = 'assertion' | 'response' | 'both';

function made(
  place: Place,
  cipher: string | undefined,
  how: Partial<SignOptions>,
  prefixes: (typeof PREFIXES)[number],
  gap: string,
): string {
  const written = (xml: string) =>
    xml.replaceAll('saml:', `${prefixes.assertion}:`).replaceAll('samlp:', `${prefixes.protocol}:`);
  const base = parts({ gap, prefixes });
  const xml = responseXml({
    ...base,
    audiences: written(audience(SP_ENTITY_ID)),
    status: written(base.status),
    attributes: written(attribute('groups', 'engineering', 'research')),
  });
  const options: SignOptions = { key: KEYS.idp, prefix: prefixes.signature, ...how };
  const inner = place === 'response' ? xml : signXml(xml, options);
  const sealed = cipher === undefined ? inner : encryptXml(inner, { certificate: KEYS.sp.certificate, data: cipher });
  return place === 'assertion' ? sealed : signXml(sealed, { ...options, element: 'Response' });
}

describe('algorithm by place of the signature by encryption', () => {
  for (const [name, how] of Object.entries(ALGORITHMS)) {
    for (const place of ['assertion', 'response', 'both'] satisfies Place[]) {
      test(`${name} on ${place}, in the clear and by every cipher`, () => {
        for (const cipher of CIPHERS) {
          const result = verify(made(place, cipher, how, PREFIXES[0], ''), {
            connection: { certificates, signedPart: place },
          });
          expect(result, cipher).toMatchObject({ ok: true, assertion: { nameId: { value: 'alice' } } });
        }
      });
    }
  }
});

describe('prefixes by white space by place by encryption', () => {
  for (const prefixes of PREFIXES) {
    for (const gap of ['', '\n', '\n\t  ', '\r\n  ']) {
      for (const place of ['assertion', 'response', 'both'] satisfies Place[]) {
        test(`${prefixes.protocol}, ${prefixes.assertion}, ${prefixes.signature || 'default'}, ${JSON.stringify(gap)}, ${place}`, () => {
          for (const cipher of [CIPHERS[0], CIPHERS[2], CIPHERS[4]]) {
            const result = verify(made(place, cipher, {}, prefixes, gap), { connection: { certificates } });
            expect(result, cipher).toMatchObject({ ok: true, assertion: { nameId: { value: 'alice' } } });
            expect(result.ok && result.assertion.attributes.get('groups')?.values).toEqual(['engineering', 'research']);
          }
        });
      }
    }
  }
});
