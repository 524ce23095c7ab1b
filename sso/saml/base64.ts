// Base64 as senders write it: white space anywhere, padding or none. Nothing else is skipped: Node's decoder passes
// over any character that it does not know, so that one text would have many spellings.

/** The bytes, or undefined when the text is not base64. */
export function decodeBase64(text: string): Buffer | undefined {
  const dense = text.replace(/[ \t\r\n]+/g, '');
  const digits = dense.replace(/={1,2}$/, '');
  const isBase64 = /^[A-Za-z0-9+/]+$/.test(digits) && digits.length % 4 !== 1;
  const isPadded = digits.length === dense.length || dense.length % 4 === 0;
  return isBase64 && isPadded ? Buffer.from(digits, 'base64') : undefined;
}
