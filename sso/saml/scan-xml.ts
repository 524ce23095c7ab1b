// One linear pass over the text of a document, before any parser sees it. It refuses what a SAML message never needs
// and what parsers disagree on (DOCTYPE, entities, processing instructions, comments), and bounds depth and count, so
// that nothing behind it recurses too deep or counts too long. XML 1.0, sections 2.1 to 2.8 and 4.1.

export type ScanFault = {
  readonly kind: 'doctype' | 'entity' | 'instruction' | 'comment' | 'roots' | 'limit' | 'malformed';
  readonly detail: string;
};

const XML_LIMITS = { depth: 24, elements: 10_000, attributes: 32 } as const;

// White space and names are those of XML, not of JavaScript, whose \s also has the no-break space and others.
const NAME_START =
  ':A-Z_a-z\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d\\u2070-\\u218f\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd';
const NAME = `[${NAME_START}][${NAME_START}.0-9\\u00b7\\u0300-\\u036f\\u203f\\u2040-]*`;
const START_TAG_NAME = new RegExp(`<(${NAME})`, 'y');
const ATTRIBUTE = new RegExp(`[ \\t\\r\\n]+${NAME}[ \\t\\r\\n]*=[ \\t\\r\\n]*("[^"<]*"|'[^'<]*')`, 'y');
const START_TAG_END = /[ \t\r\n]*(\/?)>/y;
const END_TAG = new RegExp(`</(${NAME})[ \\t\\r\\n]*>`, 'y');
const NOT_BLANK = /[^ \t\r\n]/;
const REFERENCE = /&(?:(amp|lt|gt|quot|apos);|#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}));|)/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML 1.0 does not have
const FORBIDDEN_CHARACTER = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** `metadata`: comments and instructions are let through, since published metadata has them and nobody signs around them. */
export type ScanMode = 'message' | 'metadata';

/** Says what is wrong with a text as a SAML document, or nothing. A message's XML declaration must have been cut off. */
export function scanXml(text: string, mode: ScanMode = 'message'): ScanFault | undefined {
  const control = FORBIDDEN_CHARACTER.exec(text);
  if (control) return malformed('a character that XML does not allow', control.index);
  const open: string[] = [];
  let elements = 0;
  let roots = 0;
  for (let at = 0; at < text.length; ) {
    const next = text.indexOf('<', at);
    const end = next < 0 ? text.length : next;
    const fault = scanText(text.slice(at, end), open.length === 0);
    if (fault) return fault;
    if (next < 0) break;
    if (text[next + 1] === '!' || text[next + 1] === '?') {
      const section = scanDeclaration(text, next, open.length, mode);
      if (typeof section !== 'number') return section;
      at = section;
      continue;
    }
    if (text[next + 1] === '/') {
      const name = match(END_TAG, text, next)?.[1];
      if (name === undefined || open.pop() !== name) return malformed('an end tag that closes nothing', next);
      at = END_TAG.lastIndex;
      continue;
    }
    const tag = scanStartTag(text, next);
    if ('kind' in tag) return tag;
    if (open.length === 0) roots += 1;
    if (roots > 1) return { kind: 'roots', detail: 'a second root element' };
    elements += 1;
    if (elements > XML_LIMITS.elements) return limit(`more than ${XML_LIMITS.elements} elements`);
    if (open.length >= XML_LIMITS.depth) return limit(`elements nested deeper than ${XML_LIMITS.depth}`);
    if (!tag.empty) open.push(tag.name);
    at = tag.end;
  }
  if (open.length > 0) return malformed('an element that is not closed', text.length);
  return roots === 1 ? undefined : { kind: 'roots', detail: 'no root element' };
}

function scanText(text: string, outside: boolean): ScanFault | undefined {
  if (outside && NOT_BLANK.test(text)) return { kind: 'roots', detail: 'text outside the root element' };
  return scanReferences(text);
}

function scanReferences(text: string): ScanFault | undefined {
  if (!text.includes('&')) return undefined;
  for (const [whole, named, hexadecimal, decimal] of text.matchAll(REFERENCE)) {
    if (named !== undefined) continue;
    if (whole === '&') return { kind: 'entity', detail: 'a reference to an entity that XML does not predefine' };
    const code = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16);
    const exists = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    if (!exists || FORBIDDEN_CHARACTER.test(String.fromCodePoint(code))) {
      return { kind: 'malformed', detail: 'a reference to a character that XML does not allow' };
    }
  }
  return undefined;
}

/** `<!` and `<?`: in a message only a CDATA section inside the root is let through; answers where it ends. */
function scanDeclaration(text: string, at: number, depth: number, mode: ScanMode): number | ScanFault {
  if (mode === 'metadata') {
    if (text.startsWith('<?', at)) return after('?>', text, at);
    if (text.startsWith('<!--', at)) return after('-->', text, at);
  }
  if (text[at + 1] === '?') return { kind: 'instruction', detail: 'a processing instruction' };
  if (text.startsWith('<!--', at)) return { kind: 'comment', detail: 'a comment' };
  if (text.startsWith('<![CDATA[', at) && depth > 0) {
    return after(']]>', text, at);
  }
  if (/^<!ENTITY/i.test(text.slice(at, at + 9))) return { kind: 'entity', detail: 'an entity declaration' };
  return { kind: 'doctype', detail: 'a document type declaration' };
}

function after(mark: string, text: string, at: number): number | ScanFault {
  const end = text.indexOf(mark, at);
  return end < 0 ? malformed(`no "${mark}"`, at) : end + mark.length;
}

function scanStartTag(text: string, at: number): { name: string; empty: boolean; end: number } | ScanFault {
  const name = match(START_TAG_NAME, text, at)?.[1];
  if (name === undefined) return malformed('a "<" that opens no tag', at);
  let end = START_TAG_NAME.lastIndex;
  let attributes = 0;
  for (let found = match(ATTRIBUTE, text, end); found; found = match(ATTRIBUTE, text, end)) {
    const fault = scanReferences(found[1] ?? '');
    if (fault) return fault;
    attributes += 1;
    if (attributes > XML_LIMITS.attributes) return limit(`more than ${XML_LIMITS.attributes} attributes on an element`);
    end = ATTRIBUTE.lastIndex;
  }
  const close = match(START_TAG_END, text, end);
  if (!close) return malformed('a start tag that is not closed', at);
  return { name, empty: close[1] === '/', end: START_TAG_END.lastIndex };
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function malformed(what: string, at: number): ScanFault {
  return { kind: 'malformed', detail: `${what} (character ${at})` };
}

function limit(detail: string): ScanFault {
  return { kind: 'limit', detail };
}
