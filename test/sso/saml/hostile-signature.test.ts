// Hostile responses: signatures left out, forged, misshapen, or made with the wrong algorithm. The names of the refusals
// are stated here, not copied from a run.
import { encryptXml, resign, SAML, signXml } from '../../support/saml-idp.ts';
import { KEYS, signed, unsigned } from './company.ts';
import { refuses } from './refuses.ts';
import { edit, exclude } from './wrapping.ts';

const response = { key: KEYS.idp, element: 'Response' } as const;
const sp = { certificate: KEYS.sp.certificate };
const MORE = 'http://www.w3.org/2001/04/xmldsig-more#';
const SHA1 = 'http://www.w3.org/2000/09/xmldsig#sha1';
const RSA_SHA1 = 'http://www.w3.org/2000/09/xmldsig#rsa-sha1';

function insert(xml: string, before: string, what: string): string {
  const at = xml.indexOf(before);
  if (at < 0) throw new Error(`no ${before}`);
  return xml.slice(0, at) + what + xml.slice(at);
}

refuses('signature exclusion and forgery', [
  ['no signature at all', 'signature_missing', () => unsigned()],
  ['signature removed, content forged', 'signature_missing', () => exclude(signed(), 'signature removed')],
  ['signature kept, content forged', 'digest_mismatch', () => exclude(signed(), 'signature kept')],
  ['signature emptied', 'signature_signed_info', () => exclude(signed(), 'signature emptied')],
  ['content of a signed assertion edited', 'digest_mismatch', () => edit(signed())],
  ['content of a signed response edited', 'digest_mismatch', () => edit(signXml(unsigned(), response))],
  [
    'response edited around an assertion that is signed, both signed',
    'digest_mismatch',
    () => signXml(signed(), response).replace('Destination="', 'Destination="https://evil.test/'),
  ],
  [
    'assertion signature broken under a response signature that is right',
    'digest_mismatch',
    () => signXml(edit(signed()), response),
  ],
  [
    'self-made certificate of the same name in KeyInfo',
    'certificate_unknown',
    () => signXml(unsigned(), { key: KEYS.stranger }),
  ],
  [
    "a stranger's signature with the right certificate in KeyInfo",
    'signature_invalid',
    () => signXml(unsigned(), { key: KEYS.stranger, keyInfo: KEYS.idp.base64 }),
  ],
  [
    "a stranger's key and no KeyInfo",
    'signature_invalid',
    () => signXml(unsigned(), { key: KEYS.stranger, keyInfo: null }),
  ],
  [
    'the certificate was taken out of the connection',
    'certificate_unknown',
    () => signed(),
    { connection: { certificates: [KEYS.next.certificate] } },
  ],
  ['no readable certificate', 'certificate_unusable', () => signed(), { connection: { certificates: ['junk'] } }],
  ['no certificate', 'certificate_unusable', () => signed(), { connection: { certificates: [] } }],
  [
    'the signature of another assertion',
    'digest_mismatch',
    () => {
      const other = signed({ nameId: 'bob' }).match(/<ds:Signature .*<\/ds:Signature>/s)?.[0] ?? '';
      return signed().replace(/<ds:Signature .*<\/ds:Signature>/s, () => other);
    },
  ],
  [
    'signature value changed',
    'signature_invalid',
    () => signed().replace(/(<ds:SignatureValue>)(.)/, (_all, tag, first) => tag + (first === 'A' ? 'B' : 'A')),
  ],
  [
    'only the response signed where the assertion must be',
    'signature_policy',
    () => signXml(unsigned(), response),
    { connection: { signedPart: 'assertion' } },
  ],
  [
    'only the assertion signed where the response must be',
    'signature_policy',
    () => signed(),
    { connection: { signedPart: 'response' } },
  ],
  [
    'only the assertion signed where both must be',
    'signature_policy',
    () => signed(),
    { connection: { signedPart: 'both' } },
  ],
  [
    'only the response signed where both must be',
    'signature_policy',
    () => signXml(unsigned(), response),
    { connection: { signedPart: 'both' } },
  ],
]);

const infoOf = (xml: string) => xml.match(/<ds:SignedInfo.*<\/ds:SignedInfo>/s)?.[0] ?? '';
const referenceOf = (xml: string) => xml.match(/<ds:Reference.*<\/ds:Reference>/s)?.[0] ?? '';
/** Signs whatever SignedInfo the test wrote, so that only its shape can be the reason. */
function withInfo(change: (info: string) => string): string {
  const xml = signed();
  return resign(
    xml.replace(infoOf(xml), () => change(infoOf(xml))),
    KEYS.idp,
  );
}

refuses('the shape of a signature', [
  [
    'two SignedInfo elements',
    'signature_signed_info',
    () => signed().replace(/<ds:SignedInfo.*<\/ds:SignedInfo>/s, (info) => info + info),
  ],
  [
    'a second SignedInfo in KeyInfo',
    'signature_signed_info',
    () => signed().replace('</ds:KeyInfo>', () => `${infoOf(signed())}</ds:KeyInfo>`),
  ],
  [
    'a forged SignedInfo before the signed one',
    'signature_signed_info',
    () =>
      signed().replace(
        /<ds:SignedInfo.*<\/ds:SignedInfo>/s,
        (info) => info.replace(/<ds:DigestValue>[^<]*/, '<ds:DigestValue>AAAA') + info,
      ),
  ],
  [
    'two references',
    'signature_reference_count',
    () => withInfo((info) => info.replace('</ds:SignedInfo>', () => `${referenceOf(info)}</ds:SignedInfo>`)),
  ],
  ['no reference', 'signature_reference_count', () => withInfo((info) => info.replace(referenceOf(info), ''))],
  [
    'a reference to the whole document',
    'signature_reference',
    () => withInfo((info) => info.replace(/URI="[^"]*"/, 'URI=""')),
  ],
  ['a reference without URI', 'signature_reference', () => withInfo((info) => info.replace(/ URI="[^"]*"/, ''))],
  [
    'a reference to the response from within the assertion',
    'signature_reference',
    () => withInfo((info) => info.replace('#_assertion-1', '#_response-1')),
  ],
  [
    'an XPointer',
    'signature_reference',
    () => withInfo((info) => info.replace('#_assertion-1', "#xpointer(id('_assertion-1'))")),
  ],
  [
    'an external reference',
    'signature_reference',
    () => withInfo((info) => info.replace('#_assertion-1', 'https://evil.test/assertion')),
  ],
  [
    'an XSLT transform',
    'signature_transforms',
    () => withInfo((info) => info.replace(SAML.enveloped, 'http://www.w3.org/TR/1999/REC-xslt-19991116')),
  ],
  [
    'an XPath transform',
    'signature_transforms',
    () => withInfo((info) => info.replace(SAML.enveloped, 'http://www.w3.org/TR/1999/REC-xpath-19991116')),
  ],
  [
    'an additional transform',
    'signature_transforms',
    () =>
      withInfo((info) =>
        info.replace(
          '</ds:Transforms>',
          '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"/></ds:Transforms>',
        ),
      ),
  ],
  [
    'transforms in the other order',
    'signature_transforms',
    () =>
      withInfo((info) =>
        info
          .replace(SAML.enveloped, 'urn:x')
          .replace(SAML.excC14n, SAML.excC14n)
          .replace(/(Transform Algorithm=")http:\/\/www.w3.org\/2001\/10\/xml-exc-c14n#"/, `$1${SAML.enveloped}"`)
          .replace('urn:x', SAML.excC14n),
      ),
  ],
  [
    'no transforms',
    'signature_transforms',
    () => withInfo((info) => info.replace(/<ds:Transforms>.*<\/ds:Transforms>/s, '')),
  ],
  [
    'canonicalization with comments',
    'signature_canonicalization',
    () => signed({}, { canonicalization: `${SAML.excC14n}WithComments` }),
  ],
  [
    'a transform with comments',
    'signature_transforms',
    () => signed({}, { transforms: [SAML.enveloped, `${SAML.excC14n}WithComments`] }),
  ],
  [
    'inclusive canonicalization of SignedInfo',
    'signature_canonicalization',
    () =>
      withInfo((info) =>
        info.replace(/(CanonicalizationMethod Algorithm=")[^"]*/, '$1http://www.w3.org/TR/2001/REC-xml-c14n-20010315'),
      ),
  ],
  [
    'a void canonicalization',
    'signature_canonicalization',
    () => withInfo((info) => info.replace(/(CanonicalizationMethod Algorithm=")[^"]*/, '$1')),
  ],
  [
    'an Object beside the signed parts',
    'signature_shape',
    () => signed().replace('</ds:Signature>', '<ds:Object/></ds:Signature>'),
  ],
  [
    'the signature value before SignedInfo',
    'signature_shape',
    () =>
      signed().replace(/(<ds:SignedInfo.*<\/ds:SignedInfo>)(<ds:SignatureValue>[^<]*<\/ds:SignatureValue>)/s, '$2$1'),
  ],
  [
    'two signature values',
    'signature_shape',
    () => signed().replace(/<ds:SignatureValue>[^<]*<\/ds:SignatureValue>/, '$&$&'),
  ],
  [
    'an empty signature value',
    'signature_shape',
    () => signed().replace(/<ds:SignatureValue>[^<]*/, '<ds:SignatureValue>'),
  ],
  [
    'an element inside the signature value',
    'signature_shape',
    () => signed().replace('<ds:SignatureValue>', '<ds:SignatureValue><x/>'),
  ],
  [
    'an element inside the digest value',
    'signature_shape',
    () => withInfo((info) => info.replace('<ds:DigestValue>', '<ds:DigestValue><x/>')),
  ],
  [
    'CDATA splitting the digest value',
    'digest_mismatch',
    () => withInfo((info) => info.replace('<ds:DigestValue>', '<ds:DigestValue><![CDATA[AAAA]]>')),
  ],
  [
    'two digest values',
    'signature_shape',
    () => withInfo((info) => info.replace(/<ds:DigestValue>.*<\/ds:DigestValue>/, '$&$&')),
  ],
  ['no digest method', 'signature_shape', () => withInfo((info) => info.replace(/<ds:DigestMethod[^>]*\/>/, ''))],
  ['no signature method', 'signature_shape', () => withInfo((info) => info.replace(/<ds:SignatureMethod[^>]*\/>/, ''))],
  [
    'two signatures in the assertion',
    'signature_position',
    () => signed().replace(/<ds:Signature .*<\/ds:Signature>/s, '$&$&'),
  ],
  [
    'a signature in the subject',
    'signature_position',
    () =>
      signed().replace(
        '</saml:Subject>',
        '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/></saml:Subject>',
      ),
  ],
  [
    'a signature in Extensions',
    'signature_position',
    () =>
      insert(
        signed(),
        '<samlp:Status>',
        '<samlp:Extensions><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/></samlp:Extensions>',
      ),
  ],
  [
    'a signature of another namespace',
    'signature_position',
    () => insert(signed(), '<samlp:Status>', '<Signature xmlns="urn:other"/>'),
  ],
  [
    'a signature beside the encrypted data',
    'signature_position',
    () =>
      encryptXml(signed(), sp).replace(
        '</saml:EncryptedAssertion>',
        '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/></saml:EncryptedAssertion>',
      ),
  ],
]);

refuses('algorithms', [
  ['SHA-1', 'signature_sha1', () => signed({}, { algorithm: RSA_SHA1, digest: SHA1 })],
  ['a SHA-1 signature over a SHA-256 digest', 'signature_sha1', () => signed({}, { algorithm: RSA_SHA1 })],
  ['a SHA-256 signature over a SHA-1 digest', 'signature_sha1', () => signed({}, { digest: SHA1 })],
  [
    'HMAC-SHA1 with the public certificate',
    'signature_algorithm',
    () => signed({}, { algorithm: 'http://www.w3.org/2000/09/xmldsig#hmac-sha1' }),
  ],
  [
    'HMAC-SHA256 with the public certificate',
    'signature_algorithm',
    () => signed({}, { algorithm: `${MORE}hmac-sha256` }),
  ],
  [
    'HMAC, SHA-1 allowed',
    'signature_algorithm',
    () => signed({}, { algorithm: 'http://www.w3.org/2000/09/xmldsig#hmac-sha1' }),
    { connection: { allowSha1: true } },
  ],
  ['an MD5 digest', 'signature_algorithm', () => signed({}, { digest: `${MORE}md5` })],
  ['an unknown algorithm', 'signature_algorithm', () => withInfo((info) => info.replace(SAML.rsaSha256, 'urn:none'))],
  [
    'an algorithm that is an object property',
    'signature_algorithm',
    () => withInfo((info) => info.replace(SAML.rsaSha256, 'constructor')),
  ],
  [
    'an RSA name on an ECDSA signature',
    'signature_invalid',
    () => signed({}, { key: KEYS.elliptic, algorithm: SAML.rsaSha256 }),
    { connection: { certificates: [KEYS.elliptic.certificate] } },
  ],
  ['an ECDSA name on an RSA signature', 'signature_invalid', () => signed({}, { algorithm: `${MORE}ecdsa-sha256` })],
  [
    'a PSS name on a PKCS#1 signature',
    'signature_invalid',
    () => withInfo((info) => info.replace(SAML.rsaSha256, 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1')),
  ],
]);
