// Hostile responses: documents that no SAML library writes. The names of the refusals are stated here.
import { responseXml } from '../../support/saml-idp.ts';
import { attribute, KEYS, parts, signed } from './company.ts';
import { refuses } from './refuses.ts';

const _response = { key: KEYS.idp, element: 'Response' } as const;

function insert(xml: string, before: string, what: string): string {
  const at = xml.indexOf(before);
  if (at < 0) throw new Error(`no ${before}`);
  return xml.slice(0, at) + what + xml.slice(at);
}

const doctype = (declaration: string) => insert(signed(), '<samlp:Response', declaration);
const utf16 = (xml: string) => Buffer.from(`\ufeff${xml}`, 'utf16le');

refuses('the document', [
  ['a DOCTYPE', 'doctype', () => doctype('<!DOCTYPE samlp:Response>')],
  ['a DOCTYPE in lower case', 'doctype', () => doctype('<!doctype samlp:Response>')],
  ['an external DTD', 'doctype', () => doctype('<!DOCTYPE r SYSTEM "https://evil.test/x.dtd">')],
  ['an internal entity', 'doctype', () => doctype('<!DOCTYPE r [<!ENTITY x "admin">]>').replace('>alice<', '>&x;<')],
  ['an external entity', 'doctype', () => doctype('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>')],
  [
    'a billion laughs',
    'doctype',
    () => doctype('<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'),
  ],
  ['an entity declaration without DOCTYPE', 'entity', () => doctype('<!ENTITY x "admin">')],
  ['a reference to an undeclared entity', 'entity', () => signed().replace('>alice<', '>&admin;<')],
  ['a reference to an entity in an attribute', 'entity', () => signed().replace('SessionIndex="', 'SessionIndex="&x;')],
  ['a DOCTYPE inside an element', 'doctype', () => signed().replace('<saml:Subject>', '<!DOCTYPE x><saml:Subject>')],
  ['a DOCTYPE hidden in UTF-16', 'encoding', () => utf16(doctype('<!DOCTYPE r>'))],
  ['UTF-16 without byte order mark', 'encoding', () => Buffer.from(signed(), 'utf16le')],
  ['UTF-16, big-endian', 'encoding', () => utf16(signed()).swap16()],
  ['UTF-7 declared', 'encoding', () => `<?xml version="1.0" encoding="UTF-7"?>${signed()}`],
  ['Latin-1 declared', 'encoding', () => `<?xml version="1.0" encoding="ISO-8859-1"?>${signed()}`],
  ['bytes that are not UTF-8', 'encoding', () => Buffer.concat([Buffer.from(signed()), Buffer.from([0xff])])],
  ['an overlong UTF-8 "<"', 'encoding', () => Buffer.concat([Buffer.from([0xc0, 0xbc]), Buffer.from(signed())])],
  ['half a surrogate pair', 'encoding', () => signed().replace('>alice<', '>\ud800<')],
  ['XML 1.1', 'malformed', () => `<?xml version="1.1"?>${signed()}`],
  [
    'a processing instruction',
    'processing_instruction',
    () => signed().replace('<saml:Subject>', '<?x y?><saml:Subject>'),
  ],
  ['a stylesheet', 'processing_instruction', () => `<?xml version="1.0"?><?xml-stylesheet href="x"?>${signed()}`],
  [
    'a comment in the NameID',
    'comment',
    () => signed({ nameId: 'alice@acme.test.evil.test' }).replace('acme.test.evil', 'acme.test<!-- -->.evil'),
  ],
  ['a comment in the NameID, signed with it', 'comment', () => signed({ nameId: 'alice@acme.test<!-- -->.evil.test' })],
  [
    'a comment in the digest value',
    'comment',
    () => signed().replace('<ds:DigestValue>', '<ds:DigestValue><!--AAAA-->'),
  ],
  ['a comment before the root', 'comment', () => `<!-- -->${signed()}`],
  ['a comment after the root', 'comment', () => `${signed()}<!-- -->`],
  ['text after the root', 'not_one_root', () => `${signed()}x`],
  ['text before the root', 'not_one_root', () => `x${signed()}`],
  ['CDATA before the root', 'doctype', () => `<![CDATA[x]]>${signed()}`],
  ['nothing', 'not_one_root', () => ''],
  ['only white space', 'not_one_root', () => Buffer.from(' \n ')],
  ['no XML', 'not_one_root', () => 'SAMLResponse'],
  ['half a document', 'malformed', () => signed().slice(0, 900)],
  ['crossed tags', 'malformed', () => signed().replace('</saml:Subject>', '</saml:Issuer>')],
  ['an attribute without quotes', 'malformed', () => signed().replace('Version="2.0"', 'Version=2.0')],
  ['an attribute twice', 'malformed', () => signed().replace('Version="2.0"', 'Version="2.0" Version="2.0"')],
  ['"<" in an attribute', 'malformed', () => signed().replace('Version="2.0"', 'Version="<2.0"')],
  ['a control character', 'malformed', () => signed().replace('>alice<', '>ali\u0001ce<')],
  ['a zero byte', 'encoding', () => Buffer.from(signed().replace('>alice<', '>ali\u0000ce<'))],
  ['a zero byte in text', 'malformed', () => signed().replace('>alice<', '>ali\u0000ce<')],
  ['a reference to a zero character', 'malformed', () => signed().replace('>alice<', '>ali&#0;ce<')],
  ['a reference beyond Unicode', 'malformed', () => signed().replace('>alice<', '>ali&#x110000;ce<')],
  ['huge', 'too_large', () => signed({ attributes: attribute('x', 'y'.repeat(1024 * 1024)) })],
  ['huge, as bytes', 'too_large', () => Buffer.alloc(1024 * 1024 + 1, 0x20)],
  ['a million open elements', 'too_complex', () => '<a>'.repeat(300_000)],
  ['deeply nested', 'too_complex', () => insert(signed(), '<saml:Subject>', `${'<x>'.repeat(40)}${'</x>'.repeat(40)}`)],
  ['too many elements', 'too_complex', () => insert(signed(), '<saml:Subject>', '<x/>'.repeat(20_000))],
  [
    'too many attributes',
    'too_complex',
    () =>
      signed().replace(
        'Version="2.0"',
        `Version="2.0" ${Array.from({ length: 100_000 }, (_, i) => `a${i}=""`).join(' ')}`
          .slice(0, 900_000)
          .replace(/ [^ ]*$/, ''),
      ),
  ],
  ['a LogoutResponse', 'not_a_response', () => signed().replaceAll('samlp:Response', 'samlp:LogoutResponse')],
  [
    'a Response of another namespace',
    'not_a_response',
    () => signed().replace(/xmlns:samlp="[^"]+"/, 'xmlns:samlp="urn:other"'),
  ],
  [
    'a Response of SAML 1.1',
    'not_a_response',
    () => signed().replace(/xmlns:samlp="[^"]+"/, 'xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol"'),
  ],
  ['a bare assertion', 'not_a_response', () => signed().match(/<saml:Assertion.*<\/saml:Assertion>/s)?.[0] ?? ''],
  ['HTML', 'not_a_response', () => '<html></html>'],
  ['the same ID twice', 'duplicate_id', () => signed({ responseId: '_assertion-1' })],
  [
    'the same ID under another attribute name',
    'duplicate_id',
    () => insert(signed(), '<samlp:Status>', '<x xmlns="urn:x" Id="_assertion-1"/>'),
  ],
  [
    'the same ID as xml:id',
    'duplicate_id',
    () => insert(signed(), '<samlp:Status>', '<x xmlns="urn:x" xml:id="_assertion-1"/>'),
  ],
  ['no response ID', 'id_invalid', () => signed().replace(/ID="_response-1" /, '')],
  ['a quote in the assertion ID', 'id_invalid', () => signed().replace(' ID="_assertion-1"', ` ID="x' or '1'='1"`)],
  ['no assertion', 'assertion_missing', () => responseXml(parts(), '')],
]);
