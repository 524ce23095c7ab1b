// Exclusive canonicalization against another implementation: the expected forms, and the signed responses in fixtures/,
// were made by lxml (libxml2) and signxml, which share no code with what is tested.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { canonicalize } from '../../../sso/saml/canonicalize.ts';
import { elements, parseXml } from '../../../sso/saml/dom.ts';
import { verify } from './company.ts';

const FORMS: readonly (readonly [what: string, xml: string, prefixes: readonly string[], form: string])[] = [
  [
    'a listed prefix that only an ancestor declares',
    '<r xmlns:xs="urn:xs" xmlns:p="urn:p"><p:a ID="1"><p:b xsi:t="xs:x" xmlns:xsi="urn:xsi">t</p:b></p:a></r>',
    ['xs'],
    '<p:a xmlns:p="urn:p" xmlns:xs="urn:xs" ID="1"><p:b xmlns:xsi="urn:xsi" xsi:t="xs:x">t</p:b></p:a>',
  ],
  [
    'a listed prefix declared again on the way',
    '<r xmlns:xs="urn:xs" xmlns:p="urn:p"><p:a ID="1" xmlns:xs="urn:xs2"><p:b xmlns:xs="urn:xs3">t</p:b></p:a></r>',
    ['xs'],
    '<p:a xmlns:p="urn:p" xmlns:xs="urn:xs2" ID="1"><p:b xmlns:xs="urn:xs3">t</p:b></p:a>',
  ],
  [
    'a default namespace around, undeclared inside',
    '<r xmlns:xs="urn:xs" xmlns:p="urn:p" xmlns="urn:d"><p:a ID="1"><b>t</b><c xmlns="">u</c></p:a></r>',
    ['xs', 'p'],
    '<p:a xmlns:p="urn:p" xmlns:xs="urn:xs" ID="1"><b xmlns="urn:d">t</b><c>u</c></p:a>',
  ],
  [
    'prefixes that are used, one of them bound anew',
    '<r xmlns:xs="urn:xs" xmlns:p="urn:p"><p:a ID="1"><xs:b>t</xs:b><xs:c xmlns:xs="urn:o" xs:k="1"/></p:a></r>',
    [],
    '<p:a xmlns:p="urn:p" ID="1"><xs:b xmlns:xs="urn:xs">t</xs:b><xs:c xmlns:xs="urn:o" xs:k="1"></xs:c></p:a>',
  ],
  [
    'a prefix and the default for one namespace',
    '<r xmlns="urn:d"><a ID="1"><b xmlns="urn:d"/><x:c xmlns:x="urn:d" x:y="1" y="2"/></a></r>',
    [],
    '<a xmlns="urn:d" ID="1"><b></b><x:c xmlns:x="urn:d" y="2" x:y="1"></x:c></a>',
  ],
];

describe('the canonical form of the first child, as libxml2 writes it', () => {
  for (const [what, xml, prefixes, form] of FORMS) {
    test(what, () => {
      const [element] = elements(parseXml(xml).documentElement);
      expect(element && canonicalize(element, prefixes)).toBe(form);
    });
  }
});

const MORE_FORMS: readonly (readonly [what: string, xml: string, prefixes: readonly string[], form: string])[] = [
  [
    'the default namespace in the list, used or not',
    '<r xmlns="urn:d" xmlns:p="urn:p"><p:a ID="1"><b/></p:a></r>',
    ['#default'],
    '<p:a xmlns="urn:d" xmlns:p="urn:p" ID="1"><b></b></p:a>',
  ],
  [
    'namespaces by prefix and attributes by namespace, in the order of their characters',
    '<r><q:a xmlns:q="urn:q" xmlns:z="urn:B" xmlns:Z="urn:b" z:a="2" Z:a="1" xml:lang="de" b="0"/></r>',
    [],
    '<q:a xmlns:Z="urn:b" xmlns:q="urn:q" xmlns:z="urn:B" b="0" xml:lang="de" z:a="2" Z:a="1"></q:a>',
  ],
  [
    'line ends and blanks in attributes and text',
    '<r><a b="1\n2\t3&#10;" c="x\r\ny&#13;"> a\r\nb&#13; <![CDATA[<&>]]></a></r>',
    [],
    '<a b="1 2 3&#xA;" c="x y&#xD;"> a\nb&#xD; &lt;&amp;&gt;</a>',
  ],
  [
    'a namespace whose name has to be escaped',
    '<r><e:a xmlns:e="urn:&quot;&amp;&lt;"/></r>',
    [],
    '<e:a xmlns:e="urn:&quot;&amp;&lt;"></e:a>',
  ],
];

describe('the canonical form of the first child, worked out by hand from the recommendation', () => {
  for (const [what, xml, prefixes, form] of MORE_FORMS) {
    test(what, () => {
      const [element] = elements(parseXml(xml).documentElement);
      expect(element && canonicalize(element, prefixes)).toBe(form);
    });
  }
});

describe('a response signed by lxml and signxml', () => {
  const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
  const certificates = [fixture('lxml-idp.pem').toString()];

  test.each(['lxml-assertion-signed.xml', 'lxml-response-signed.xml'])('%s is accepted and read', (name) => {
    const result = verify(fixture(name), { connection: { certificates } });
    expect(result).toMatchObject({ ok: true, assertion: { nameId: { value: 'alice' } } });
    expect(result.ok && result.assertion.attributes.get('odd')).toEqual({
      name: 'odd',
      friendlyName: 'é <"\tx\ny\r',
      nameFormat: undefined,
      // the third is xsi:nil
      values: ['tab\t cr\r gt> amp& \u{1F600} ünï', ''],
    });
  });
});
