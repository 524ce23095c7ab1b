// From bytes to one Response element with exactly one assertion: the steps that stand before any signature. What they
// read is unsigned and can only lead to a refusal.
import { attribute, children, descendants, isElement, parseXml } from './dom.ts';
import { NS, STATUS_PARTIAL_LOGOUT, STATUS_SUCCESS } from './names.ts';
import { quoted, Refused, type SamlRefusalCode } from './refusals.ts';
import { type ScanFault, scanXml } from './scan-xml.ts';
import type { Verification } from './verification.ts';

/** The decoded document; 2,000 groups with long names are half of it. */
const MAX_RESPONSE_BYTES = 1024 * 1024;
const MAX_ID_LENGTH = 256;

const DECLARATION =
  /^<\?xml\s+version\s*=\s*(?:"1\.0"|'1\.0')(?:\s+encoding\s*=\s*["']([A-Za-z][\w.-]*)["'])?(?:\s+standalone\s*=\s*["'](?:yes|no)["'])?\s*\?>/;

const SCAN_REFUSALS: Record<ScanFault['kind'], SamlRefusalCode> = {
  doctype: 'doctype',
  entity: 'entity',
  instruction: 'processing_instruction',
  comment: 'comment',
  roots: 'not_one_root',
  limit: 'too_complex',
  malformed: 'malformed',
};

type Document = Pick<Verification, 'xml' | 'text'>;

export function checkSize({ xml }: Document): string {
  const bytes = typeof xml === 'string' ? Buffer.byteLength(xml) : xml.length;
  if (bytes > MAX_RESPONSE_BYTES) throw new Refused('too_large', `${bytes} bytes`);
  return `${bytes} bytes`;
}

/** UTF-8 only, whatever the declaration says: a second encoding would hide markup from the scan. */
export function checkEncoding(v: Document): string {
  v.text = withoutDeclaration(decode(v.xml));
  return 'UTF-8';
}

function decode(xml: string | Buffer): string {
  if (typeof xml === 'string') {
    if (!xml.isWellFormed()) throw new Refused('encoding', 'half a surrogate pair');
    return xml.replace(/^\ufeff/, '');
  }
  // UTF-16 and UTF-32 of any XML hold zero bytes; with them out, what decodes as UTF-8 is UTF-8.
  if (xml.includes(0)) throw new Refused('encoding', 'a zero byte');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(xml);
  } catch {
    throw new Refused('encoding', 'bytes that are not UTF-8');
  }
}

function withoutDeclaration(text: string): string {
  if (!text.startsWith('<?xml')) return text;
  const declaration = DECLARATION.exec(text);
  if (!declaration) throw new Refused('malformed', 'the XML declaration');
  const encoding = declaration[1]?.toLowerCase();
  if (encoding !== undefined && encoding !== 'utf-8' && encoding !== 'us-ascii') {
    throw new Refused('encoding', `declared as ${quoted(encoding)}`);
  }
  return text.slice(declaration[0].length);
}

export function checkMarkup(v: Document): string {
  const fault = scanXml(v.text);
  if (fault) throw new Refused(SCAN_REFUSALS[fault.kind], fault.detail);
  return 'elements, attributes and text only';
}

export function checkRoot(v: Verification): string {
  v.response = openRoot(v.text, 'Response', 'not_a_response');
  return 'a SAML 2.0 Response';
}

/** The root element, which is of the protocol's namespace and that name. */
export function openRoot(text: string, localName: string, refusal: SamlRefusalCode): Element {
  const root = parse(text);
  if (!isElement(root, NS.protocol, localName)) {
    throw new Refused(refusal, `{${root.namespaceURI ?? ''}}${root.localName}`);
  }
  return root;
}

function parse(text: string): Element {
  try {
    return parseXml(text).documentElement;
  } catch (error) {
    throw new Refused('malformed', error instanceof Error ? quoted(error.message) : 'not well-formed');
  }
}

/** IDs are what signatures point with: one element each, whatever the attribute's case or namespace. */
export function checkUniqueIds(v: Verification): string {
  return refuseDuplicateIds(v.response);
}

export function refuseDuplicateIds(root: Element): string {
  const seen = new Set<string>();
  for (const element of descendants(root)) {
    for (const { localName, name, value } of Array.from(element.attributes)) {
      if ((localName ?? name).toLowerCase() !== 'id' || name.startsWith('xmlns:')) continue;
      if (seen.has(value)) throw new Refused('duplicate_id', quoted(value));
      seen.add(value);
    }
  }
  return `${seen.size} IDs`;
}

export function checkOneAssertion(v: Verification): string {
  const found = [...descendants(v.response)].filter(({ localName }) => /^(?:Encrypted)?Assertion$/.test(localName));
  const [sent] = found;
  if (sent === undefined) {
    refuseFailure(v.response);
    throw new Refused('assertion_missing', 'no Assertion and no EncryptedAssertion');
  }
  if (found.length > 1) throw new Refused('assertion_count', `${found.length} assertions`);
  if (sent.parentNode !== v.response || sent.namespaceURI !== NS.assertion) {
    throw new Refused(
      'assertion_position',
      `in {${(sent.parentNode as Element).namespaceURI}}${sent.parentNode?.nodeName}`,
    );
  }
  v.sent = sent;
  v.encrypted = sent.localName === 'EncryptedAssertion';
  return sent.localName;
}

/** The ID of a Response or Assertion: present, and such that no query language finds a quote in it. */
export function usableId(element: Element): string {
  const id = attribute(element, 'ID');
  if (id === undefined || id.length > MAX_ID_LENGTH || !/^[\p{L}\p{N}_.:-]+$/u.test(id)) {
    throw new Refused('id_invalid', `${element.localName}: ${quoted(id)}`);
  }
  return id;
}

/** SAML core 3.2.2.1: anything but exactly one Success is a refusal by the identity provider. */
export function refuseFailure(root: Element): string {
  if (readStatus(root) === 'partial') throw new Refused('status', 'a partial logout');
  return 'Success';
}

/** SAML core 3.2.2.2: a logout may be told as partial, below Success or Responder. All else but Success is refused. */
export function readStatus(root: Element): 'success' | 'partial' {
  const statuses = children(root, NS.protocol, 'Status');
  const codes = statuses.flatMap((status) => children(status, NS.protocol, 'StatusCode'));
  const nested = codes.flatMap((code) => [...descendants(code)].slice(1));
  const values = [...codes, ...nested].map((code) => attribute(code, 'Value'));
  const isPlain = statuses.length === 1 && codes.length === 1 && nested.length <= 1;
  if (isPlain && values[0] === STATUS_SUCCESS && nested.length === 0) return 'success';
  if (isPlain && values[1] === STATUS_PARTIAL_LOGOUT) return 'partial';
  const message = statuses[0] && children(statuses[0], NS.protocol, 'StatusMessage')[0]?.textContent;
  const parts = [...values, message].filter((part) => typeof part === 'string');
  throw new Refused('status', parts.length > 0 ? parts.slice(0, 5).map(quoted).join(', ') : 'no status');
}
