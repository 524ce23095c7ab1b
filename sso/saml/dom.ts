// The one XML parser of this folder (xmldom, the parser family of the signature check) and the few ways in which we
// look into its tree: always by namespace and local name, never by prefix or document position.
import { DOMParser } from '@xmldom/xmldom';

export const ELEMENT_NODE = 1;
export const TEXT_NODE = 3;
export const CDATA_NODE = 4;
const BLANKS = ' \t\r\n';

function refuseFault(message: unknown): never {
  throw new Error(String(message));
}

/** Parses; every warning of the parser is an error. The text must have passed `scanXml`. */
export function parseXml(text: string): Document {
  const parser = new DOMParser({
    errorHandler: { warning: refuseFault, error: refuseFault, fatalError: refuseFault },
  });
  // xmldom takes these two for line ends, as XML 1.1 does; in 1.0 they are content, and signed as such.
  const exact = text.replace(/[\u0085\u2028]/g, (character) => `&#${character.charCodeAt(0)};`);
  return parser.parseFromString(exact, 'text/xml');
}

export function isElement(element: Element, namespace: string, localName: string): boolean {
  return element.namespaceURI === namespace && element.localName === localName;
}

/** The element children, in document order. */
export function elements(parent: Element): Element[] {
  const found: Element[] = [];
  for (let node = parent.firstChild; node; node = node.nextSibling) {
    if (node.nodeType === ELEMENT_NODE) found.push(node as Element);
  }
  return found;
}

/** The element children of that name, in document order. */
export function children(parent: Element, namespace: string, localName: string): Element[] {
  return elements(parent).filter((element) => isElement(element, namespace, localName));
}

/** The first element child of that name. */
export function child(parent: Element, namespace: string, localName: string): Element | undefined {
  return children(parent, namespace, localName)[0];
}

/** The element and all elements below it, in document order. */
export function* descendants(root: Element): Generator<Element> {
  let node: Node = root;
  while (true) {
    if (node.nodeType === ELEMENT_NODE) yield node as Element;
    let next = node.firstChild;
    while (!next && node !== root) {
      next = node.nextSibling;
      if (!next) node = node.parentNode as Node;
    }
    if (!next) return;
    node = next;
  }
}

/** An attribute without a namespace; undefined when it is not there. */
export function attribute(element: Element, name: string): string | undefined {
  return element.hasAttribute(name) ? (element.getAttribute(name) ?? undefined) : undefined;
}

/** The text of an element that holds nothing but text; undefined when it holds elements. */
export function plainText(element: Element): string | undefined {
  let text = '';
  for (let node = element.firstChild; node; node = node.nextSibling) {
    if (node.nodeType !== TEXT_NODE && node.nodeType !== CDATA_NODE) return undefined;
    text += (node as Text).data;
  }
  return text;
}

/** Without the white space of XML around it; other blanks are content. */
export function trimmed(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && BLANKS.includes(text[start] as string)) start += 1;
  while (end > start && BLANKS.includes(text[end - 1] as string)) end -= 1;
  return text.slice(start, end);
}

/** The text of an element that holds nothing but text, blanks around it left out; undefined when it holds elements. */
export function token(element: Element): string | undefined {
  const text = plainText(element);
  return text === undefined ? undefined : trimmed(text);
}

/** Escapes text for element content and for attribute values in double quotes. */
export function escapeXml(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => names[character] ?? character);
}
