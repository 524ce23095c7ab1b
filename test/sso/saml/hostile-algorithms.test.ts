// Hostile responses: algorithms, transforms and references that SAML does not use, and keys that are not the identity
// provider's, one by one. Each SignedInfo is signed rightly by the identity provider's key, so that only its content can
// be the reason. The names of the refusals are stated here.
import { resign, SAML, signXml } from '../../support/saml-idp.ts';
import { KEYS, signed, unsigned } from './company.ts';
import { type Case, refuses } from './refuses.ts';

const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const MORE = 'http://www.w3.org/2001/04/xmldsig-more#';
const MORE_2007 = 'http://www.w3.org/2007/05/xmldsig-more#';
const MORE_2021 = 'http://www.w3.org/2021/04/xmldsig-more#';
const C14N = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';

const document = signed();
const INFO = /<ds:SignedInfo.*<\/ds:SignedInfo>/s;

/** The document with another SignedInfo, signed as it then stands. */
function resigned(change: (info: string) => string): string {
  return resign(
    document.replace(INFO, (info) => change(info)),
    KEYS.idp,
  );
}

const withAlgorithm = (element: string, uri: string) =>
  resigned((info) => info.replace(new RegExp(`(<ds:${element} Algorithm=")[^"]*`), (_all, tag) => tag + uri));

const cases = (element: string, refusal: Case[1], uris: readonly string[]): Case[] =>
  uris.map((uri): Case => [`"${uri}"`, refusal, () => withAlgorithm(element, uri)]);

refuses(
  'a signature method',
  cases('SignatureMethod', 'signature_algorithm', [
    '',
    'none',
    'RS256',
    'rsa-sha256',
    'constructor',
    '__proto__',
    'toString',
    `${MORE}rsa-sha256 `,
    ` ${MORE}rsa-sha256`,
    `${MORE}RSA-SHA256`,
    `${MORE}rsa-md5`,
    `${MORE}rsa-ripemd160`,
    `${MORE}rsa-sha224`,
    `${MORE}ecdsa-sha1`,
    `${MORE}ecdsa-sha224`,
    `${MORE}esign-sha256`,
    `${MORE}hmac-md5`,
    `${MORE}hmac-sha224`,
    `${MORE}hmac-sha256`,
    `${MORE}hmac-sha384`,
    `${MORE}hmac-sha512`,
    `${MORE}hmac-ripemd160`,
    `${DSIG}hmac-sha1`,
    `${DSIG}dsa-sha1`,
    'http://www.w3.org/2009/xmldsig11#dsa-sha256',
    `${MORE_2007}rsa-pss`,
    `${MORE_2007}sha1-rsa-MGF1`,
    `${MORE_2007}md5-rsa-MGF1`,
    `${MORE_2007}sha3-256-rsa-MGF1`,
    `${MORE_2021}eddsa-ed25519`,
    `${MORE_2021}siphash-2-4`,
    'http://www.w3.org/2001/04/xmlenc#sha256',
    SAML.excC14n,
  ]),
);

refuses(
  'a digest method',
  cases('DigestMethod', 'signature_algorithm', [
    '',
    'none',
    'sha256',
    'SHA-256',
    'constructor',
    '__proto__',
    `${MORE}md5`,
    `${MORE}md2`,
    `${MORE}sha224`,
    'http://www.w3.org/2001/04/xmlenc#ripemd160',
    'http://www.w3.org/2001/04/xmlenc#sha256 ',
    `${MORE_2007}sha3-256`,
    `${MORE_2007}whirlpool`,
    SAML.rsaSha256,
  ]),
);

refuses('SHA-1', [
  ['as the digest', 'signature_sha1', () => withAlgorithm('DigestMethod', `${DSIG}sha1`)],
  ['as the signature', 'signature_sha1', () => withAlgorithm('SignatureMethod', `${DSIG}rsa-sha1`)],
  [
    'named, over SHA-256, where the connection allows it',
    'signature_invalid',
    () => withAlgorithm('SignatureMethod', `${DSIG}rsa-sha1`),
    { connection: { allowSha1: true } },
  ],
  [
    'named as the digest of SHA-256, where the connection allows it',
    'digest_mismatch',
    () => withAlgorithm('DigestMethod', `${DSIG}sha1`),
    { connection: { allowSha1: true } },
  ],
]);

refuses('a name of another algorithm than was used', [
  ...[`${MORE}rsa-sha384`, `${MORE}rsa-sha512`, `${MORE_2007}sha256-rsa-MGF1`, `${MORE}ecdsa-sha256`].map(
    (uri): Case => [uri, 'signature_invalid', () => withAlgorithm('SignatureMethod', uri)],
  ),
  ...[`${MORE}sha384`, 'http://www.w3.org/2001/04/xmlenc#sha512'].map(
    (uri): Case => [uri, 'digest_mismatch', () => withAlgorithm('DigestMethod', uri)],
  ),
]);

const CANONICALIZATIONS = [
  '',
  'none',
  C14N,
  `${C14N}#WithComments`,
  'http://www.w3.org/2006/12/xml-c14n11',
  'http://www.w3.org/2006/12/xml-c14n11#WithComments',
  `${SAML.excC14n}WithComments`,
  'http://www.w3.org/2001/10/xml-exc-c14n',
  'http://www.w3.org/2010/10/xml-c14n2',
  `${DSIG}minimal`,
  SAML.enveloped,
];

refuses('a canonicalization method', cases('CanonicalizationMethod', 'signature_canonicalization', CANONICALIZATIONS));

const transform = (uri: string, content = '') => `<ds:Transform Algorithm="${uri}">${content}</ds:Transform>`;
const withTransforms = (list: string) =>
  resigned((info) =>
    info.replace(/<ds:Transforms>.*<\/ds:Transforms>/s, () => `<ds:Transforms>${list}</ds:Transforms>`),
  );
const usual = transform(SAML.enveloped);
const last = transform(SAML.excC14n);
const XSLT =
  '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template match="/"><xsl:value-of select="document(\'https://evil.test\')"/></xsl:template></xsl:stylesheet>';
const XPATH = '<ds:XPath>not(ancestor-or-self::*[local-name()="NameID"])</ds:XPath>';

const CHAINS: readonly (readonly [what: string, list: string])[] = [
  ['none', ''],
  ['the enveloped signature alone', usual],
  ['canonicalization alone', last],
  ['both twice', usual + last + usual + last],
  ['the enveloped signature twice', usual + usual + last],
  ['canonicalization twice', usual + last + last],
  ['in the other order', last + usual],
  ['XSLT', usual + transform('http://www.w3.org/TR/1999/REC-xslt-19991116', XSLT)],
  ['XSLT between', usual + transform('http://www.w3.org/TR/1999/REC-xslt-19991116', XSLT) + last],
  ['XPath that leaves the NameID out', transform('http://www.w3.org/TR/1999/REC-xpath-19991116', XPATH) + last],
  ['XPath behind', usual + last + transform('http://www.w3.org/TR/1999/REC-xpath-19991116', XPATH)],
  ['XPath Filter 2', usual + transform('http://www.w3.org/2002/06/xmldsig-filter2')],
  ['XPointer', usual + transform('http://www.w3.org/2001/04/xmldsig-more/xptr')],
  ['base64', usual + transform(`${DSIG}base64`)],
  ['base64 behind', usual + last + transform(`${DSIG}base64`)],
  ['decryption', usual + transform('http://www.w3.org/2002/07/decrypt#XML')],
  [
    'a security token reference',
    usual +
      transform('http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform'),
  ],
  ['a name that is an object property', usual + transform('constructor')],
  ...CANONICALIZATIONS.map(
    (uri) => [`"${uri}" instead of exclusive canonicalization`, usual + transform(uri)] as const,
  ),
];

refuses(
  'transforms',
  CHAINS.map(([what, list]): Case => [what, 'signature_transforms', () => withTransforms(list)]),
);

const URIS = [
  '',
  '#',
  '_assertion-1',
  '#_Assertion-1',
  '#_assertion-1 ',
  ' #_assertion-1',
  '##_assertion-1',
  '#_assertion-2',
  '#_response-1',
  '#xpointer(/)',
  "#xpointer(id('_assertion-1'))",
  "#xpointer(//*[@ID='_assertion-1'])",
  "#_assertion-1' or '1'='1",
  'https://evil.test/',
  'https://evil.test/#_assertion-1',
  'file:///etc/passwd',
  'cid:assertion',
  'data:text/xml,%3Cx/%3E',
];

refuses(
  'a reference',
  URIS.map(
    (uri): Case => [
      `to "${uri}"`,
      'signature_reference',
      () => resigned((info) => info.replace(/URI="[^"]*"/, () => `URI="${uri}"`)),
    ],
  ),
);

const reference = (id: string) =>
  /<ds:Reference.*<\/ds:Reference>/s.exec(document)?.[0].replace('_assertion-1', id) ?? '';

refuses('several references', [
  [
    'the same twice',
    'signature_reference_count',
    () => resigned((info) => info.replace('</ds:SignedInfo>', () => `${reference('_assertion-1')}</ds:SignedInfo>`)),
  ],
  [
    'the response too',
    'signature_reference_count',
    () => resigned((info) => info.replace('</ds:SignedInfo>', () => `${reference('_response-1')}</ds:SignedInfo>`)),
  ],
  [
    'another one first',
    'signature_reference_count',
    () => resigned((info) => info.replace('<ds:Reference', () => `${reference('_other')}<ds:Reference`)),
  ],
  [
    'three',
    'signature_reference_count',
    () => resigned((info) => info.replace('</ds:SignedInfo>', () => `${reference('_a').repeat(2)}</ds:SignedInfo>`)),
  ],
  [
    'in a manifest',
    'signature_shape',
    () =>
      document.replace(
        '</ds:Signature>',
        () => `<ds:Object><ds:Manifest>${reference('_a')}</ds:Manifest></ds:Object></ds:Signature>`,
      ),
  ],
]);

const info = (prefix = 'ds') => (INFO.exec(document)?.[0] ?? '').replaceAll('ds:', `${prefix}:`);
const beside = (what: string, where: RegExp) => document.replace(where, (all) => what + all);

refuses('several SignedInfo elements', [
  ['before', 'signature_signed_info', () => beside(info(), /<ds:SignedInfo/)],
  ['behind', 'signature_signed_info', () => beside(info(), /<ds:SignatureValue/)],
  ['in KeyInfo', 'signature_signed_info', () => beside(info(), /<\/ds:KeyInfo/)],
  ['in an Object', 'signature_signed_info', () => beside(`<ds:Object>${info()}</ds:Object>`, /<\/ds:Signature>/)],
  ['in the signature value', 'signature_signed_info', () => beside(info(), /<\/ds:SignatureValue/)],
  ['in itself', 'signature_signed_info', () => beside(info(), /<\/ds:SignedInfo/)],
  [
    'of another prefix',
    'signature_signed_info',
    () => beside(info('e').replace('<e:SignedInfo', `<e:SignedInfo xmlns:e="${SAML.ds}"`), /<ds:SignedInfo/),
  ],
  ['of another namespace', 'signature_signed_info', () => beside('<SignedInfo xmlns="urn:other"/>', /<ds:SignedInfo/)],
  ['none', 'signature_signed_info', () => document.replace(INFO, '')],
  [
    'one of another namespace alone',
    'signature_shape',
    () => document.replace(INFO, '<SignedInfo xmlns="urn:other"/>'),
  ],
  ['an empty one', 'signature_reference_count', () => resigned(() => '<ds:SignedInfo></ds:SignedInfo>')],
]);

const x509 = (base64: string) => `<ds:X509Data><ds:X509Certificate>${base64}</ds:X509Certificate></ds:X509Data>`;
const forged = signXml(unsigned({ nameId: 'admin' }), { key: KEYS.stranger, keyInfo: null });
/** Signed by a stranger, who says so in these words. */
const published = (keyInfo: string) => forged.replace('</ds:SignatureValue>', `$&<ds:KeyInfo>${keyInfo}</ds:KeyInfo>`);
const modulus = Buffer.from(KEYS.stranger.privateKey.export({ format: 'jwk' }).n ?? '', 'base64url').toString('base64');

refuses("a stranger's signature", [
  ['and its certificate', 'certificate_unknown', () => published(x509(KEYS.stranger.base64))],
  [
    'and its certificate in lines',
    'certificate_unknown',
    () => published(x509(KEYS.stranger.base64.replace(/.{64}/g, '$&\n'))),
  ],
  ['and the right certificate', 'signature_invalid', () => published(x509(KEYS.idp.base64))],
  [
    'and the right certificate first',
    'signature_invalid',
    () => published(x509(KEYS.idp.base64) + x509(KEYS.stranger.base64)),
  ],
  [
    'and its own certificate first',
    'certificate_unknown',
    () => published(x509(KEYS.stranger.base64) + x509(KEYS.idp.base64)),
  ],
  [
    'and its bare key',
    'signature_invalid',
    () =>
      published(
        `<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>${modulus}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>`,
      ),
  ],
  ['and a name', 'signature_invalid', () => published('<ds:KeyName>idp.acme.test</ds:KeyName>')],
  [
    'and an address to fetch the key from',
    'signature_invalid',
    () => published('<ds:RetrievalMethod URI="https://evil.test/key"/>'),
  ],
  ['and a certificate that cannot be read', 'signature_invalid', () => published(x509('AAAA'))],
  ['and an empty KeyInfo', 'signature_invalid', () => published('')],
  ['and two KeyInfos', 'signature_shape', () => published('').replace('<ds:KeyInfo></ds:KeyInfo>', '$&$&')],
  [
    'where the connection has two other certificates',
    'certificate_unknown',
    () => published(x509(KEYS.stranger.base64)),
    { connection: { certificates: [KEYS.idp.certificate, KEYS.next.certificate] } },
  ],
]);

const withValue = (change: (bytes: Buffer) => Buffer | string) =>
  document.replace(/(<ds:SignatureValue>)([^<]*)/, (_all, tag, base64) => {
    const value = change(Buffer.from(base64, 'base64'));
    return tag + (typeof value === 'string' ? value : value.toString('base64'));
  });

refuses('a signature value', [
  ['of zeros', 'signature_invalid', () => withValue((bytes) => Buffer.alloc(bytes.length))],
  ['of ones', 'signature_invalid', () => withValue((bytes) => Buffer.alloc(bytes.length, 0xff))],
  ['of one byte', 'signature_invalid', () => withValue(() => Buffer.from([1]))],
  ['one byte short', 'signature_invalid', () => withValue((bytes) => bytes.subarray(1))],
  ['one byte long', 'signature_invalid', () => withValue((bytes) => Buffer.concat([bytes, Buffer.from([0])]))],
  ['with a zero before it', 'signature_invalid', () => withValue((bytes) => Buffer.concat([Buffer.from([0]), bytes]))],
  [
    'that is the digest',
    'signature_invalid',
    () => withValue(() => /<ds:DigestValue>([^<]*)/.exec(document)?.[1] ?? ''),
  ],
  ['of a hundred kilobytes', 'signature_invalid', () => withValue(() => Buffer.alloc(100_000, 7))],
  ['that is not base64', 'signature_shape', () => withValue(() => '%%%%')],
  ['in base64 for addresses', 'signature_shape', () => withValue(() => 'a-_a')],
  ['with padding in the middle', 'signature_shape', () => withValue(() => 'AA==AAAA')],
  ['of blanks', 'signature_shape', () => withValue(() => '   ')],
]);
