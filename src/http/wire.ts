// Parts that many endpoints' schemas share: pages, times, names.
import { z } from 'zod';
import { DomainError } from '../errors.ts';
import { isUuid } from '../ids.ts';
import { isStorable } from './storable-text.ts';

export const dateTime = z.iso.datetime().meta({ example: '2026-11-21T09:30:00.000Z' });
export const uuid = z.uuid().meta({ example: '0199a5f2-7c1e-7d3a-8f62-3f0e4f6f2b11' });
export const displayName = z.string().trim().min(1).max(200);

const PAGE_MAX = 200;

/** `limit` and `cursor` of a list; add filters with `.extend`. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(50).meta({ description: 'How many at most' }),
  cursor: z.string().max(500).optional().meta({ description: '`nextCursor` of the page before' }),
});

/** The answer of a list. `nextCursor` is missing on the last page. */
export function pageOf<S extends z.ZodType>(item: S) {
  return z.object({ items: z.array(item), nextCursor: z.string().optional() });
}

/** One item more than asked for tells whether there is a next page. */
export function toPage<T, W>(
  rows: readonly T[],
  limit: number,
  wire: (row: T) => W,
  keyOf: (row: T) => readonly string[],
) {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items: items.map(wire), ...(more ? { nextCursor: encodeCursor(keyOf(last)) } : {}) };
}

/** The parts that a cursor holds, or undefined without one. Throws `invalid_request` for one that we never gave. */
export function readCursor(cursor: string | undefined, parts: number): string[] | undefined {
  if (cursor === undefined) return undefined;
  const values = decodeCursor(cursor);
  if (values?.length !== parts) throw notOfThisList();
  return values;
}

/** The id that a cursor of a list by id holds. Throws `invalid_request`. */
export function readIdCursor(cursor: string | undefined): string | undefined {
  const [id] = readCursor(cursor, 1) ?? [];
  if (id !== undefined && !isUuid(id)) throw notOfThisList();
  return id;
}

/** The time and the id that a cursor of a list by time holds. Throws `invalid_request`. */
export function readTimeCursor(cursor: string | undefined): { at: string; id: string } | undefined {
  const [at, id] = readCursor(cursor, 2) ?? [];
  if (at === undefined || id === undefined) return undefined;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z$/.test(at) || Number.isNaN(Date.parse(at)) || !isUuid(id)) {
    throw notOfThisList();
  }
  return { at, id };
}

function notOfThisList(): DomainError {
  return new DomainError('invalid_request', 'The cursor is not one of this list.');
}

function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

function decodeCursor(cursor: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const isText = (part: unknown): part is string => typeof part === 'string' && isStorable(part);
    return Array.isArray(value) && value.every(isText) ? value : undefined;
  } catch {
    return undefined;
  }
}
