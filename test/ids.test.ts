// Ids in the order in which they were made: lists without a sort are in the order of their ids (docs/scim.md).
import { afterEach, expect, test, vi } from 'vitest';
import { newId } from '../src/ids.ts';

afterEach(() => {
  vi.useRealTimers();
});

const many = () => Array.from({ length: 10_000 }, newId);

/** Unix milliseconds of a UUIDv7 (RFC 9562 section 5.7). */
const timeOf = (id: string) => Number.parseInt(id.replace('-', '').slice(0, 12), 16);

test('ids of one moment sort as they were made, and are UUIDs of version 7 that tell the time', () => {
  vi.useFakeTimers({ now: Date.parse('2030-01-01T00:00:00Z') });
  const ids = many();
  expect(ids).toEqual([...new Set(ids)].sort());
  expect(ids.filter((id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toEqual(
    [],
  );
  expect(timeOf(ids[0]!)).toBe(Date.now());
  // 4,096 in a millisecond; who makes more is ahead of the clock
  expect(timeOf(ids.at(-1)!) - Date.now()).toBe(2);
});

test('ids go on in order when the clock is set back, and tell the time again once it has caught up', () => {
  vi.useFakeTimers({ now: Date.parse('2031-01-01T00:00:00Z') });
  const before = many();
  vi.setSystemTime(Date.parse('2030-06-01T00:00:00Z'));
  const during = many();
  vi.setSystemTime(Date.parse('2032-01-01T00:00:00Z'));
  const after = many();
  const ids = [...before, ...during, ...after];
  expect(ids).toEqual([...ids].sort());
  expect(timeOf(after[0]!)).toBe(Date.now());
});
