// The second line of defence: the signature check by itself, without the structural checks that stand before it, never
// answers an element that the identity provider has not signed.
import { describe, expect, test } from 'vitest';
import { signingKeys } from '../../../sso/saml/algorithms.ts';
import { descendants, parseXml } from '../../../sso/saml/dom.ts';
import { Refused } from '../../../sso/saml/refusals.ts';
import { verifySignature } from '../../../sso/saml/signature.ts';
import { signXml } from '../../support/saml-idp.ts';
import { KEYS, signed, unsigned } from './company.ts';
import {
  ASSERTION_WRAPPINGS,
  assertionPositions,
  type ForgedId,
  RESPONSE_WRAPPINGS,
  responsePositions,
} from './wrapping.ts';

const policy = { keys: signingKeys([KEYS.idp.certificate]), allowSha1: false };

/** Tries every element of the document as the owner of a signature; answers the text of all that verify. */
function verified(xml: string): string[] {
  const found: string[] = [];
  for (const element of descendants(parseXml(xml).documentElement)) {
    try {
      found.push(verifySignature(element, policy).element.textContent ?? '');
    } catch (fault) {
      if (!(fault instanceof Refused)) throw fault;
    }
  }
  return found;
}

describe('the signature check alone', () => {
  test('answers the element that is signed', () => {
    expect(verified(signed())).toEqual([expect.stringContaining('alice')]);
  });

  for (const id of ['another', 'same'] satisfies ForgedId[]) {
    test(`every hiding place, ID ${id}: nothing forged is answered`, () => {
      const [one, all] = [signed(), signXml(unsigned(), { key: KEYS.idp, element: 'Response' })];
      const documents = [
        ...Object.values(assertionPositions()).map((wrap) => wrap(one, id, 'its own prefixes', true)),
        ...Object.values(responsePositions()).map((wrap) => wrap(all, id, 'its own prefixes', true)),
      ];
      expect(documents.flatMap(verified).filter((text) => text.includes('admin'))).toEqual([]);
    });
  }

  for (const id of ['another', 'none', 'same'] satisfies ForgedId[]) {
    for (const [what, wrap] of Object.entries(ASSERTION_WRAPPINGS)) {
      test(`${what}, ID ${id}: nothing forged is answered`, () => {
        const found = verified(wrap(signed(), id));
        expect(found.filter((text) => text.includes('admin'))).toEqual([]);
      });
    }
    for (const [what, wrap] of Object.entries(RESPONSE_WRAPPINGS)) {
      test(`${what}, ID ${id}: nothing forged is answered`, () => {
        const found = verified(wrap(signXml(unsigned(), { key: KEYS.idp, element: 'Response' }), id));
        expect(found.filter((text) => text.includes('admin'))).toEqual([]);
      });
    }
  }
});
