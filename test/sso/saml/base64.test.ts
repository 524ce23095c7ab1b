// Base64 as form fields and signatures carry it, and which request a response says that it answers.
import { expect, test } from 'vitest';
import { decodeBase64 } from '../../../sso/saml/base64.ts';
import { claimedRequest } from '../../../sso/saml/claimed-request.ts';
import { signed } from './company.ts';

test.each([
  ['plain', 'aGVsbG8=', 'hello'],
  ['two paddings', 'aGVsbA==', 'hell'],
  ['no padding', 'aGVsbG8', 'hello'],
  ['lines of 76', 'aGVs\r\nbG8=', 'hello'],
  ['blanks everywhere', ' \taG Vs\nbG8 =\r\n', 'hello'],
  ['all characters', '+/+/', '\ufffd\ufffd\ufffd'],
])('%s', (_what, text, bytes) => {
  expect(decodeBase64(text)?.toString()).toBe(bytes);
});

test.each([
  ['nothing', ''],
  ['blanks', ' \n'],
  ['padding alone', '=='],
  ['one character', 'a'],
  ['one character too many', 'aGVsa'],
  ['three paddings', 'aGV==='],
  ['padding in the middle', 'aG==VsbG8='],
  ['padding that does not fit', 'aGVs='],
  ['the alphabet for addresses', 'a-_a'],
  ['percent signs', 'aGVs%0A'],
  ['a zero byte', 'aGVs\u0000'],
  ['a no-break space', 'aGVs\u00a0'],
  ['markup', '<samlp:Response/>'],
  ['quotes', "aGVs'"],
])('%s is no base64', (_what, text) => {
  expect(decodeBase64(text)).toBeUndefined();
});

const field = (xml: string) => Buffer.from(xml).toString('base64');

test('a response says which request it answers, verified or not', () => {
  expect(claimedRequest(field(signed()))).toBe('_request-1');
  expect(claimedRequest(field(signed({ inResponseTo: '_x' })))).toBe('_x');
});

test.each([
  ['that answers nothing', field(signed({ inResponseTo: null }))],
  ['that is no base64', '<x/>'],
  ['that is no XML', field('hello')],
  ['that is another document', field('<x InResponseTo="_request-1"/>')],
  ['with a DOCTYPE', field(`<!DOCTYPE x>${signed()}`)],
  ['that is huge', field(signed() + ' '.repeat(1024 * 1024))],
])('one %s says none', (_what, text) => {
  expect(claimedRequest(text)).toBeUndefined();
});
