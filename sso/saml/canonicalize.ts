// Exclusive canonicalization without comments: the one text of an element that is signed. Our own, since xml-crypto's
// leaves `#default` out, sorts prefixes by language rules and writes undeclared ones, and copies its scope for every
// node. Exclusive XML Canonicalization 1.0; Canonical XML 1.0, sections 1.1 and 2.3.
import { attribute, CDATA_NODE, child, ELEMENT_NODE, TEXT_NODE } from './dom.ts';
import { EXCLUSIVE_C14N } from './names.ts';

const XMLNS = 'http://www.w3.org/2000/xmlns/';
const XML = 'http://www.w3.org/XML/1998/namespace';

/** Prefix -> URI; `''` is the default namespace. */
type Namespaces = Map<string, string>;

/**
 * @param prefixes of an InclusiveNamespaces list: their declarations are rendered even where they are not used
 */
export function canonicalize(element: Element, prefixes: readonly string[]): string {
  const inclusive = new Set(prefixes.map((prefix) => (prefix === '#default' ? '' : prefix)));
  return write(element, new Map([['', '']]), inclusive, inclusive.size === 0 ? [] : declaredAround(element));
}

/** The prefixes that an algorithm's InclusiveNamespaces child lists. */
export function prefixList(algorithm: Element | undefined): readonly string[] {
  const inclusive = algorithm && child(algorithm, EXCLUSIVE_C14N, 'InclusiveNamespaces');
  const list = (inclusive && attribute(inclusive, 'PrefixList')) ?? '';
  return list.split(/\s+/).filter((prefix) => prefix !== '');
}

/** `declared`: what is newly in scope here, for the prefixes of the list. */
function write(
  element: Element,
  rendered: Namespaces,
  inclusive: ReadonlySet<string>,
  declared: readonly (readonly [prefix: string, uri: string])[],
): string {
  const used: Namespaces = new Map([[element.prefix ?? '', element.namespaceURI ?? '']]);
  const attributes: Attr[] = [];
  for (let index = 0; index < element.attributes.length; index += 1) {
    const one = element.attributes[index] as Attr;
    if (one.namespaceURI === XMLNS) continue;
    attributes.push(one);
    if (one.prefix && one.namespaceURI !== XML) used.set(one.prefix, one.namespaceURI ?? '');
  }
  for (const [prefix, uri] of declared) if (inclusive.has(prefix)) used.set(prefix, uri);
  const fresh = [...used].filter(([prefix, uri]) => rendered.get(prefix) !== uri);
  const scope = fresh.length === 0 ? rendered : new Map([...rendered, ...fresh]);
  let text = `<${element.tagName}`;
  for (const [prefix, uri] of fresh.sort(byPrefix)) {
    text += ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${attributeText(uri)}"`;
  }
  for (const { name, value } of attributes.sort(byName)) text += ` ${name}="${attributeText(value)}"`;
  text += '>';
  for (let node = element.firstChild; node; node = node.nextSibling) {
    text +=
      node.nodeType === ELEMENT_NODE
        ? write(node as Element, scope, inclusive, inclusive.size === 0 ? [] : declaredAt(node as Element))
        : contentText(node);
  }
  return `${text}</${element.tagName}>`;
}

function byPrefix([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

/** By namespace, then local name; attributes without a namespace come first. */
function byName(a: Attr, b: Attr): number {
  const [left, right] = [a.namespaceURI ?? '', b.namespaceURI ?? ''];
  if (left !== right) return left < right ? -1 : 1;
  return a.localName < b.localName ? -1 : 1;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

function contentText(node: ChildNode): string {
  if (node.nodeType !== TEXT_NODE && node.nodeType !== CDATA_NODE) throw new Error(`a node of type ${node.nodeType}`);
  return (node as Text).data.replace(/[&<>\r]/g, (character) => ESCAPES[character] as string);
}

function attributeText(text: string): string {
  return text.replace(/[&<"\t\n\r]/g, (character) => ESCAPES[character] as string);
}

function declaredAt(element: Element): [prefix: string, uri: string][] {
  return Array.from(element.attributes)
    .filter(({ namespaceURI }) => namespaceURI === XMLNS)
    .map(({ prefix, localName, value }) => [prefix ? localName : '', value]);
}

/** What is in scope at an element: the nearest declaration of each prefix, its own included. */
function declaredAround(element: Element): [prefix: string, uri: string][] {
  const found: Namespaces = new Map();
  const root = element.ownerDocument.documentElement;
  for (let node = element; ; node = node.parentNode as Element) {
    for (const [prefix, uri] of declaredAt(node)) if (!found.has(prefix)) found.set(prefix, uri);
    if (node === root) return [...found];
  }
}
