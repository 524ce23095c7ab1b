// Every valid variant of a SAML response is accepted and read as it was meant. Expected values are stated in company.ts.
import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encryptedElement, encryptXml, responseXml, SAML, signXml } from '../../support/saml-idp.ts';
import {
  attribute,
  audience,
  encryptedForSeveral,
  KEYS,
  parts,
  type Setting,
  SP_ENTITY_ID,
  signed,
  unsigned,
  verify,
} from './company.ts';

const ALICE = {
  id: '_assertion-1',
  issuer: 'https://idp.acme.test/metadata',
  nameId: {
    value: 'alice',
    format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    nameQualifier: undefined,
    spNameQualifier: undefined,
  },
  sessionIndex: 'session-1',
  authnInstant: new Date('2026-11-21T11:59:30Z'),
  authnContext: 'urn:oasis:names:tc:SAML:2.0:ac:classes:Password',
  notOnOrAfter: new Date('2026-11-21T12:05:00Z'),
  sessionNotOnOrAfter: undefined,
};

const XMLENC = 'http://www.w3.org/2001/04/xmlenc#';
const XMLENC11 = 'http://www.w3.org/2009/xmlenc11#';
const MORE = 'http://www.w3.org/2001/04/xmldsig-more#';
const SHA512 = `${XMLENC}sha512`;
const sp = { certificate: KEYS.sp.certificate };
const response = { key: KEYS.idp, element: 'Response' } as const;

const VARIANTS: readonly (readonly [what: string, xml: () => string | Buffer, setting?: Setting])[] = [
  // what is signed
  ['the assertion is signed', () => signed()],
  ['the response is signed', () => signXml(unsigned(), response)],
  ['both are signed', () => signXml(signed(), response)],
  ['the assertion is signed and must be', () => signed(), { connection: { signedPart: 'assertion' } }],
  [
    'the response is signed and must be',
    () => signXml(unsigned(), response),
    { connection: { signedPart: 'response' } },
  ],
  ['both are signed and must be', () => signXml(signed(), response), { connection: { signedPart: 'both' } }],
  // keys and algorithms
  ['there is no KeyInfo', () => signed({}, { keyInfo: null })],
  ['KeyInfo names another certificate, which is ignored', () => signed({}, { keyInfo: KEYS.stranger.base64 })],
  [
    'the second certificate signs, without KeyInfo',
    () => signed({}, { key: KEYS.next, keyInfo: null }),
    { connection: { certificates: [KEYS.idp.certificate, KEYS.next.certificate] } },
  ],
  [
    'response and assertion are signed with different certificates of the connection',
    () => signXml(signed({}, { key: KEYS.next }), response),
    { connection: { certificates: [KEYS.idp.certificate, KEYS.next.certificate] } },
  ],
  ['the certificate is given as bare base64', () => signed(), { connection: { certificates: [KEYS.idp.base64] } }],
  [
    'another certificate cannot be read',
    () => signed(),
    { connection: { certificates: ['junk', KEYS.idp.certificate] } },
  ],
  ['RSA with SHA-384', () => signed({}, { algorithm: `${MORE}rsa-sha384`, digest: `${MORE}sha384` })],
  ['RSA with SHA-512', () => signed({}, { algorithm: `${MORE}rsa-sha512`, digest: SHA512 })],
  ['RSA-PSS', () => signed({}, { algorithm: 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1' })],
  ['RSA-PSS with SHA-512', () => signed({}, { algorithm: 'http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1' })],
  [
    'ECDSA, beside an RSA certificate',
    () => signed({}, { key: KEYS.elliptic, algorithm: `${MORE}ecdsa-sha256` }),
    { connection: { certificates: [KEYS.idp.certificate, KEYS.elliptic.certificate] } },
  ],
  [
    'SHA-1, where the connection allows it',
    () =>
      signed(
        {},
        { algorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1', digest: 'http://www.w3.org/2000/09/xmldsig#sha1' },
      ),
    { connection: { allowSha1: true } },
  ],
  // how it is written
  ['an inclusive prefix list', () => signed({}, { prefixList: ['xs', 'xsi'] })],
  ['the signature in the default namespace', () => signed({}, { prefix: '' })],
  ['pretty-printed', () => signed({ gap: '\n    ' })],
  ['pretty-printed with Windows line ends', () => signed({ gap: '\n  ' }).replaceAll('\n', '\r\n')],
  ['an XML declaration', () => `<?xml version="1.0" encoding="UTF-8"?>\n${signed()}`],
  ['an XML declaration with standalone', () => `<?xml version='1.0' encoding='utf-8' standalone='no'?>${signed()}`],
  ['a byte order mark', () => Buffer.from(`\ufeff${signed()}`)],
  ['bytes instead of text', () => Buffer.from(signed())],
  ['white space around the document', () => `\n${signed()}\n`],
  ['white space in the signature value', () => signed().replace(/(<ds:SignatureValue>.{40})/, '$1\n\t ')],
  [
    'entities that XML predefines, and character references',
    () => signed({ attributes: `${parts().attributes}${attribute('x', '&amp;&#65;&#x42;')}` }),
  ],
  [
    'characters that are line ends to XML 1.1 alone',
    () => signed({ attributes: `${parts().attributes}${attribute('x', 'a\u0085b\u2028c', '&#x85;')}` }),
  ],
  ['CDATA in the NameID', () => signed().replace('>alice<', '>al<![CDATA[ic]]>e<')],
  ['character references in the NameID', () => signed().replace('>alice<', '>&#97;l&#x69;ce<')],
  ['CDATA in a value', () => signed({ attributes: `${parts().attributes}${attribute('x', '<![CDATA[a<b]]>')}` })],
  // optional parts
  ['no Destination', () => signed({ destination: null })],
  ['no Issuer on the response', () => signed({ responseIssuer: null })],
  ['several audiences, one of them ours', () => signed({ audiences: audience('https://other.test', SP_ENTITY_ID) })],
  [
    'two audience restrictions that both name us',
    () => signed({ audiences: audience(SP_ENTITY_ID) + audience(SP_ENTITY_ID, 'x') }),
  ],
  [
    'blanks around issuer and audience',
    () => signed({ audiences: audience(`\n ${SP_ENTITY_ID} `), issuer: ` ${parts().issuer}\n` }),
  ],
  ['OneTimeUse', () => signed({ extraConditions: '<saml:OneTimeUse/>' })],
  ['a proxy restriction', () => signed({ extraConditions: '<saml:ProxyRestriction Count="0"/>' })],
  ['no NotBefore', () => signed({ notBefore: null })],
  ['fractions of seconds and an offset', () => signed({ notBefore: '2026-11-21T12:59:00.1234567+01:00' })],
  ['times without a zone, which are UTC', () => signed({ notBefore: '2026-11-21T11:59:00' })],
  [
    'a holder-of-key confirmation beside the bearer one',
    () =>
      signed({
        confirmations:
          '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"/>' +
          '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="2026-11-21T12:05:00Z" Recipient="https://drawbridge.test/sso/saml/acme/acs" InResponseTo="_request-1"/></saml:SubjectConfirmation>',
      }),
  ],
  ['a fresh sign-in where one was asked for', () => signed(), { request: { forceAuthn: true } }],
  // clocks
  ['our clock 2 minutes ahead', () => signed(), { now: new Date('2026-11-21T12:06:59Z') }],
  ['our clock 2 minutes behind', () => signed(), { now: new Date('2026-11-21T11:57:30Z') }],
  // encryption
  ['signed, then encrypted', () => encryptXml(signed(), sp)],
  ['encrypted, then the response signed', () => signXml(encryptXml(unsigned(), sp), response)],
  [
    'signed, encrypted, signed',
    () => signXml(encryptXml(signed(), sp), response),
    { connection: { signedPart: 'both' } },
  ],
  ['the response signed, then the assertion encrypted', () => encryptXml(signXml(unsigned(), response), sp)],
  [
    'both signed, then the assertion encrypted',
    () => encryptXml(signXml(signed(), response), { ...sp, data: `${XMLENC}aes256-cbc` }),
    { connection: { signedPart: 'both', requireEncryption: true } },
  ],
  ['encryption demanded and there', () => encryptXml(signed(), sp), { connection: { requireEncryption: true } }],
  ['AES-128-GCM', () => encryptXml(signed(), { ...sp, data: `${XMLENC11}aes128-gcm` })],
  ['AES-128-CBC', () => encryptXml(signed(), { ...sp, data: `${XMLENC}aes128-cbc` })],
  ['AES-256-CBC', () => encryptXml(signed(), { ...sp, data: `${XMLENC}aes256-cbc` })],
  [
    'RSA-OAEP of XML Encryption 1.1 with SHA-256',
    () => encryptXml(signed(), { ...sp, keyTransport: `${XMLENC11}rsa-oaep`, oaep: 'sha256' }),
  ],
  [
    'RSA-OAEP of XML Encryption 1.1 with SHA-1',
    () => encryptXml(signed(), { ...sp, keyTransport: `${XMLENC11}rsa-oaep` }),
  ],
  ['a wrapped key for each of several recipients', () => encryptedForSeveral('https://other.test', SP_ENTITY_ID)],
  ['the encrypted key beside the data', () => encryptXml(signed(), { ...sp, keyBeside: true })],
  [
    'the NameID encrypted by itself',
    () =>
      signed({
        nameIdXml: encryptedElement(
          `<saml:NameID xmlns:saml="${SAML.assertion}" Format="${ALICE.nameId.format}">alice</saml:NameID>`,
          { ...sp, wrapper: 'EncryptedID' },
        ),
      }),
  ],
  [
    'the plaintext uses a prefix declared around it',
    () => encryptXml(signed().replace(/(<saml:Assertion) xmlns:saml="[^"]+"/, '$1'), sp),
  ],
];

describe('accepted', () => {
  for (const [what, xml, setting] of VARIANTS) {
    test(what, () => {
      const result = verify(xml(), setting);
      expect(result).toMatchObject({ ok: true, assertion: ALICE });
      if (!result.ok) return;
      expect(result.assertion.attributes.get('groups')?.values).toEqual(['engineering', 'research']);
      expect(result.assertion.attributes.get('mail')?.values).toEqual(['alice@acme.test']);
      expect(result.checks.every(({ ok }) => ok)).toBe(true);
    });
  }

  test('with other prefixes', () => {
    const attributes = '<a:Attribute Name="groups"><a:AttributeValue>engineering</a:AttributeValue></a:Attribute>';
    const audiences = `<a:AudienceRestriction><a:Audience>${SP_ENTITY_ID}</a:Audience></a:AudienceRestriction>`;
    const status = '<p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>';
    const other = parts({ prefixes: { protocol: 'p', assertion: 'a' }, attributes, audiences, status });
    expect(verify(signXml(responseXml(other), { key: KEYS.idp, prefix: 'dsig' }))).toMatchObject({
      ok: true,
      assertion: ALICE,
    });
  });

  test('the fingerprint is that of the certificate that verified', () => {
    const certificates = [KEYS.idp.certificate, KEYS.next.certificate];
    const result = verify(signed({}, { key: KEYS.next }), { connection: { certificates } });
    expect(result).toMatchObject({ certificate: new X509Certificate(KEYS.next.certificate).fingerprint256 });
  });
});

describe('what is read', () => {
  function attributesOf(xml: string) {
    const result = verify(signed({ attributes: xml }));
    if (!result.ok) throw new Error(result.detail);
    return result.assertion.attributes;
  }

  test('attributes are lists, whether they have no value, one or several', () => {
    const found = attributesOf(
      attribute('none') + attribute('one', 'a') + attribute('two', 'a', 'b') + attribute('blank', ''),
    );
    expect([...found].map(([name, { values }]) => [name, values])).toEqual([
      ['none', []],
      ['one', ['a']],
      ['two', ['a', 'b']],
      ['blank', ['']],
    ]);
  });

  test('attributes of the same name add up; names and formats are kept', () => {
    const named =
      '<saml:Attribute Name="urn:x" FriendlyName="groups" NameFormat="urn:f"><saml:AttributeValue>a</saml:AttributeValue></saml:Attribute>';
    expect(attributesOf(named + attribute('urn:x', 'b')).get('urn:x')).toEqual({
      name: 'urn:x',
      friendlyName: 'groups',
      nameFormat: 'urn:f',
      values: ['a', 'b'],
    });
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'an attribute named %s is one like any other',
    (name) => {
      const found = attributesOf(attribute(name, 'x'));
      expect([...found.keys()]).toEqual([name]);
      expect(found.get(name)?.values).toEqual(['x']);
      expect(found.get('polluted')).toBeUndefined();
      expect(({} as Record<string, unknown>).values).toBeUndefined();
    },
  );

  test('the qualifiers of the NameID and the end of the session', () => {
    const nameIdXml = `<saml:NameID Format="urn:f" NameQualifier="urn:idp" SPNameQualifier="${SP_ENTITY_ID}">bob</saml:NameID>`;
    const result = verify(signed({ nameIdXml, sessionEnd: '2026-11-21T20:00:00Z' }));
    expect(result).toMatchObject({
      assertion: {
        nameId: { value: 'bob', format: 'urn:f', nameQualifier: 'urn:idp', spNameQualifier: SP_ENTITY_ID },
        sessionNotOnOrAfter: new Date('2026-11-21T20:00:00Z'),
      },
    });
  });

  test('an assertion is remembered until the earlier of both ends', () => {
    const result = verify(signed({ notOnOrAfter: '2026-11-21T12:01:00Z' }));
    expect(result).toMatchObject({ assertion: { notOnOrAfter: new Date('2026-11-21T12:01:00Z') } });
  });
});
