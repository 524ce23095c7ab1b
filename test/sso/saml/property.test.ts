// Whatever is done to a signed response: it is refused, or read exactly as it was signed; it never fails unnamed.
import { DOMParser, XMLSerializer } from '@xmldom/xmldom';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encryptXml, signXml } from '../../support/saml-idp.ts';
import { KEYS, signed, unsigned, verify } from './company.ts';
import { byPost, byRedirect, requestXml, verifyRequest } from './logout.ts';

const response = { key: KEYS.idp, element: 'Response' } as const;
const DOCUMENTS = {
  'assertion signed': signed(),
  'response signed': signXml(unsigned(), response),
  'both signed': signXml(signed(), response),
  'signed and encrypted': encryptXml(signed(), { certificate: KEYS.sp.certificate }),
  'signed, then encrypted without a tag': encryptXml(signXml(unsigned(), response), {
    certificate: KEYS.sp.certificate,
    data: 'http://www.w3.org/2001/04/xmlenc#aes256-cbc',
  }),
  'encrypted without a tag, then signed': signXml(
    encryptXml(unsigned(), { certificate: KEYS.sp.certificate, data: 'http://www.w3.org/2001/04/xmlenc#aes256-cbc' }),
    response,
  ),
};

/** What a sign-in would act upon. */
function contentOf(xml: string | Buffer): unknown {
  const result = verify(xml);
  return result.ok ? { ...result.assertion, attributes: [...result.assertion.attributes] } : undefined;
}

function elementsOf(xml: string): { document: Document; all: Element[] } {
  const document = new DOMParser().parseFromString(xml, 'text/xml');
  return { document, all: Array.from(document.getElementsByTagName('*')) };
}

describe.each(Object.entries(DOCUMENTS))('%s', (_name, xml) => {
  const meant = contentOf(xml);
  const bytes = Buffer.from(xml);

  test('as it is, is read', () => {
    expect(meant).toMatchObject({ id: '_assertion-1', nameId: { value: 'alice' } });
  });

  test('any byte changed', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ mask;
        const content = contentOf(changed);
        if (content !== undefined) expect(content).toEqual(meant);
      }),
      { numRuns: 400 },
    );
  });

  test('any piece cut out, doubled or put elsewhere', () => {
    const place = fc.nat(bytes.length);
    fc.assert(
      fc.property(place, place, place, fc.constantFrom('cut', 'double', 'move'), (a, b, to, how) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        const piece = xml.slice(start, end);
        const rest = how === 'double' ? xml : xml.slice(0, start) + xml.slice(end);
        const content = contentOf(how === 'cut' ? rest : rest.slice(0, to) + piece + rest.slice(to));
        if (content !== undefined) expect(content).toEqual(meant);
      }),
      { numRuns: 150 },
    );
  });

  test('any element moved, copied or removed', () => {
    const size = elementsOf(xml).all.length;
    fc.assert(
      fc.property(
        fc.nat(size - 1),
        fc.nat(size - 1),
        fc.constantFrom('move', 'copy', 'remove', 'before'),
        (a, b, how) => {
          const { document, all } = elementsOf(xml);
          const [one, other] = [all[a] as Element, all[b] as Element];
          const inside = other === one || Array.from(one.getElementsByTagName('*')).includes(other);
          if (how === 'remove' && one.parentNode) one.parentNode.removeChild(one);
          if (how === 'copy') other.appendChild(one.cloneNode(true));
          if (how === 'move' && !inside) other.appendChild(one);
          if (how === 'before' && !inside && other.parentNode?.nodeType === 1)
            other.parentNode.insertBefore(one, other);
          const content = contentOf(new XMLSerializer().serializeToString(document));
          if (content !== undefined) expect(content).toEqual(meant);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe.each([
  ['LogoutRequest by redirect', byRedirect(requestXml(), { relayState: 'state-1' })],
  ['LogoutRequest by POST', byPost(requestXml())],
] as const)('a %s', (_what, message) => {
  const text = message.binding === 'redirect' ? message.rawQuery : String(message.body.SAMLRequest);
  const read = (changed: string) => {
    const result = verifyRequest(
      message.binding === 'redirect'
        ? { binding: 'redirect', rawQuery: changed }
        : { binding: 'post', body: { SAMLRequest: changed } },
    );
    return result.ok ? [result.id, result.nameId, result.sessionIndexes, result.relayState] : undefined;
  };
  const meant = read(text);

  test('with any character changed, cut out or doubled is refused or read as it was signed', () => {
    expect(meant).toBeDefined();
    const characters = fc.constantFrom(
      'A',
      'z',
      '0',
      '+',
      '%2B',
      '=',
      '&',
      '%',
      ' ',
      '\n',
      'SAMLRequest=',
      '&RelayState=x',
    );
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.nat(3), characters, (at, cut, put) => {
        const content = read(text.slice(0, at) + put + text.slice(at + cut));
        if (content !== undefined) expect(content).toEqual(meant);
      }),
      { numRuns: 400 },
    );
  });
});

test('a document of any bytes is refused by name', () => {
  const tokens = fc.constantFrom(
    '<',
    '>',
    '/',
    '"',
    "'",
    '=',
    '&',
    ';',
    '!',
    '?',
    '[',
    ']',
    '-',
    'a',
    ':',
    ' ',
    'xmlns',
    'ID',
    '<samlp:Response ',
    '<![CDATA[',
    ']]>',
    '\n',
    '\u0000',
    'é',
  );
  fc.assert(
    fc.property(fc.array(tokens, { maxLength: 60 }), (list) => {
      expect(verify(list.join(''))).toMatchObject({ ok: false });
    }),
    { numRuns: 1000 },
  );
});
