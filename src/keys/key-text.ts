// The form of our keys: `db_<id>_<secret>_<crc>` (an organization's) and `dbo_…` (the operator's). The checksum tells a
// typing error from an unknown key without asking the database; scanners find leaked keys by the prefix.
import { crc32 } from 'node:zlib';
import { isUuid } from '../ids.ts';

export type KeyPrefix = 'db' | 'dbo';

const FORM = /^(dbo?)_([0-9a-f]{32})_([A-Za-z0-9_-]{43})_([0-9a-f]{8})$/;

/** The text of a key that is shown once: its id (32 hex digits), 256 random bits, CRC-32 of all before. */
export function formatKey(prefix: KeyPrefix, id: string, secret: string): string {
  const body = `${prefix}_${id.replaceAll('-', '')}_${secret}`;
  return `${body}_${checksum(body)}`;
}

/** What a text that looks like a key says, or why it cannot be one. */
export function parseKey(text: string): { prefix: KeyPrefix; id: string } | 'not_a_key' | 'mistyped' {
  if (!/^dbo?_/.test(text)) return 'not_a_key';
  const match = FORM.exec(text);
  if (!match) return 'mistyped';
  const [, prefix, hex, , crc] = match as unknown as [string, KeyPrefix, string, string, string];
  if (checksum(text.slice(0, -9)) !== crc) return 'mistyped';
  const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  return isUuid(id) ? { prefix, id } : 'mistyped';
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
