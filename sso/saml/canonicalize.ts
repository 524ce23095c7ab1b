// Exclusive canonicalization (without comments) by xml-crypto's canonicalizer alone. Its SignedXml around it parses the
// document again, copies it and searches it by XPath for every signature, which is most of the cost of a sign-in and
// seconds for a document made to be slow. Exclusive XML Canonicalization 1.0.
import { ExclusiveCanonicalization } from 'xml-crypto';
import { attribute, child } from './dom.ts';
import { EXCLUSIVE_C14N } from './names.ts';

/**
 * @param prefixes of an InclusiveNamespaces list: their declarations are rendered even where they are not used
 */
export function canonicalize(element: Element, prefixes: readonly string[]): string {
  const ancestorNamespaces = prefixes.length === 0 ? [] : declaredAround(element);
  return new ExclusiveCanonicalization().process(element, {
    inclusiveNamespacesPrefixList: [...prefixes],
    ancestorNamespaces,
  });
}

/** The prefixes that an algorithm's InclusiveNamespaces child lists. */
export function prefixList(algorithm: Element | undefined): readonly string[] {
  const inclusive = algorithm && child(algorithm, EXCLUSIVE_C14N, 'InclusiveNamespaces');
  const list = (inclusive && attribute(inclusive, 'PrefixList')) ?? '';
  return list.split(/\s+/).filter((prefix) => prefix !== '');
}

/** What is in scope at an element and declared on those around it, the nearest declaration of each prefix. */
function declaredAround(element: Element): { prefix: string; namespaceURI: string }[] {
  const found = new Map<string, string>();
  const root = element.ownerDocument.documentElement;
  for (let node = element; ; node = node.parentNode as Element) {
    for (const { prefix, localName, value } of Array.from(node.attributes)) {
      if (prefix === 'xmlns' && !found.has(localName)) found.set(localName, value);
    }
    if (node === root) break;
  }
  return [...found].map(([prefix, namespaceURI]) => ({ prefix, namespaceURI }));
}
