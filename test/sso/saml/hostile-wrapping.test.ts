// Hostile responses: signature wrapping. The names of the refusals are stated here, not copied from a run.
import type { SamlRefusalCode } from '../../../sso/saml/refusals.ts';
import { encryptedElement, responseXml, signXml } from '../../support/saml-idp.ts';
import { KEYS, parts, signed, unsigned } from './company.ts';
import { type Case, refuses } from './refuses.ts';
import {
  ASSERTION_WRAPPINGS,
  assertionPositions,
  type ForgedId,
  type ForgedStyle,
  RESPONSE_WRAPPINGS,
  responsePositions,
} from './wrapping.ts';

const response = { key: KEYS.idp, element: 'Response' } as const;
const sp = { certificate: KEYS.sp.certificate };

function insert(xml: string, before: string, what: string): string {
  const at = xml.indexOf(before);
  if (at < 0) throw new Error(`no ${before}`);
  return xml.slice(0, at) + what + xml.slice(at);
}

const wrapped = (id: 'another' | 'none' | 'same', refusal: SamlRefusalCode): Case[] => [
  ...Object.entries(ASSERTION_WRAPPINGS).map(([what, wrap]): Case => [what, refusal, () => wrap(signed(), id)]),
  ...Object.entries(RESPONSE_WRAPPINGS).map(
    ([what, wrap]): Case => [what, refusal, () => wrap(signXml(unsigned(), response), id)],
  ),
];

refuses('signature wrapping, forged element with an ID of its own', wrapped('another', 'assertion_count'));
refuses('signature wrapping, forged element without an ID', wrapped('none', 'assertion_count'));
refuses('signature wrapping, forged element with the same ID', wrapped('same', 'duplicate_id'));

const assertionSigned = signed();
const responseSigned = signXml(unsigned(), response);
const bothSigned = signXml(signed(), response);

/** Every place where a second assertion can hide, in every spelling. */
function everywhere(id: ForgedId, style: ForgedStyle, refusal: SamlRefusalCode): Case[] {
  const kept = style === 'its own prefixes' ? [false, true] : [false];
  return kept.flatMap((keepSignature): Case[] => {
    const how = keepSignature ? ', the signature copied' : '';
    return [
      ...Object.entries(assertionPositions()).map(
        ([what, wrap]): Case => [what + how, refusal, () => wrap(assertionSigned, id, style, keepSignature)],
      ),
      ...Object.entries(responsePositions()).map(
        ([what, wrap]): Case => [what + how, refusal, () => wrap(responseSigned, id, style, keepSignature)],
      ),
      ...Object.entries(responsePositions()).map(
        ([what, wrap]): Case => [
          `${what}, both signed${how}`,
          refusal,
          () => wrap(bothSigned, id, style, keepSignature),
        ],
      ),
    ];
  });
}

for (const style of ['its own prefixes', 'other prefixes', 'default namespaces'] satisfies ForgedStyle[]) {
  refuses(`hidden somewhere, ${style}, an ID of its own`, everywhere('another', style, 'assertion_count'));
  refuses(`hidden somewhere, ${style}, no ID`, everywhere('none', style, 'assertion_count'));
  refuses(`hidden somewhere, ${style}, the same ID`, everywhere('same', style, 'duplicate_id'));
}

refuses('wrapping with a single assertion', [
  [
    'a response around the signed response that lost its assertion',
    'duplicate_id',
    () => {
      const inner = signXml(unsigned(), response);
      const start = inner.indexOf('<saml:Assertion');
      const end = inner.indexOf('</saml:Assertion>') + '</saml:Assertion>'.length;
      const hollow = inner.slice(0, start) + inner.slice(end);
      return insert(unsigned({ nameId: 'admin' }), '<samlp:Status>', hollow);
    },
  ],
  [
    'the signed assertion beside the place for it',
    'assertion_position',
    () => {
      const xml = signed();
      return xml
        .replace('<saml:Assertion', '<samlp:Extensions><saml:Assertion')
        .replace('</saml:Assertion>', '</saml:Assertion></samlp:Extensions>');
    },
  ],
  [
    'a signed assertion in another namespace',
    'assertion_position',
    () => signed().replace(/(<saml:Assertion )xmlns:saml="[^"]+"/, '$1xmlns:saml="urn:other"'),
  ],
  ['a second root', 'not_one_root', () => signed() + signed({ responseId: '_2', assertionId: '_3' })],
  [
    'an assertion in clear text beside an encrypted one',
    'assertion_count',
    () =>
      responseXml(
        parts(),
        encryptedElement(signed().match(/<saml:Assertion.*<\/saml:Assertion>/s)?.[0] ?? '', sp) +
          signed().match(/<saml:Assertion.*<\/saml:Assertion>/s)?.[0],
      ),
  ],
  [
    'two encrypted assertions',
    'assertion_count',
    () => {
      const one = encryptedElement(signed().match(/<saml:Assertion.*<\/saml:Assertion>/s)?.[0] ?? '', sp);
      return responseXml(parts(), one + one);
    },
  ],
]);
