// Every prefix is declared, and every namespace is an absolute URI. Canonicalization has no answer to what is not so:
// libxml2 gives up on a relative one and hands an empty text to careless callers ("void canonicalization",
// CVE-2025-66568), others write the prefix as it stands. Namespaces in XML 1.0, sections 3 to 6; Canonical XML, 1.1.
import { descendants } from './dom.ts';
import { quoted, Refused } from './refusals.ts';

const XMLNS = 'http://www.w3.org/2000/xmlns/';
const XML = 'http://www.w3.org/XML/1998/namespace';
const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:[^\s]+$/;

export function refuseBadNamespaces(root: Element): string {
  let count = 0;
  for (const element of descendants(root)) {
    if (element.prefix && !element.namespaceURI) throw undeclared(element.tagName);
    count += checkAttributes(element);
  }
  return `${count} declarations`;
}

function checkAttributes(element: Element): number {
  let declarations = 0;
  const qualified = new Set<string>();
  for (let index = 0; index < element.attributes.length; index += 1) {
    const { name, prefix, localName, namespaceURI, value } = element.attributes[index] as Attr;
    if (name === 'xmlns' || prefix === 'xmlns') {
      checkDeclaration(prefix === 'xmlns' ? localName : '', value);
      declarations += 1;
    } else if (prefix) {
      if (!namespaceURI) throw undeclared(name);
      const expanded = `{${namespaceURI}}${localName}`;
      if (qualified.has(expanded)) throw new Refused('malformed', `two attributes ${quoted(expanded)}`);
      qualified.add(expanded);
    }
  }
  return declarations;
}

/** The default namespace alone may be none again. */
function checkDeclaration(prefix: string, uri: string): void {
  const isNone = prefix === '' && uri === '';
  const isReserved = prefix === 'xml' || prefix === 'xmlns' || uri === XML || uri === XMLNS;
  if (isReserved || (!isNone && !ABSOLUTE.test(uri))) {
    throw new Refused('namespace_invalid', `${quoted(prefix)} as ${quoted(uri)}`);
  }
}

function undeclared(name: string): Refused {
  return new Refused('namespace_invalid', `${quoted(name)} has a prefix that is not declared`);
}
