// Work that lost against a concurrent transaction is done again: Postgres has undone all of it.
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { DomainError } from '../errors.ts';

const UNDONE = new Set(['40001', '40P01']);
/** Keys that are looked up before they are written: who breaks one came a moment later than somebody else. */
const LOST_KEYS = new Set([
  'person_address_pkey',
  'member_one_per_address',
  'member_one_per_person',
  'directory_user_pkey',
]);
const TIMES = 8;
const LONGEST_PAUSE_MS = 20;

/** Runs a whole transaction, or a statement that is one, again after a deadlock, a serialization failure or a lost key. */
export function repeatLost<T>(work: () => Promise<T>): Promise<T> {
  return repeatWhile(isLost, work);
}

/** Runs a whole transaction again after a deadlock or a serialization failure. */
export function repeatUndone<T>(work: () => Promise<T>): Promise<T> {
  return repeatWhile(isUndone, work);
}

async function repeatWhile<T>(isRepeated: (error: unknown) => boolean, work: () => Promise<T>): Promise<T> {
  for (let time = 1; ; time += 1) {
    try {
      return await work();
    } catch (error) {
      if (time >= TIMES || !isRepeated(error)) throw error;
      // the other one must get what was given up, or both meet in the same place again
      if (isUndone(error)) await delay(Math.random() * LONGEST_PAUSE_MS * time);
    }
  }
}

function isUndone(error: unknown): boolean {
  return error instanceof pg.DatabaseError && UNDONE.has(error.code ?? '');
}

function isLost(error: unknown): boolean {
  if (error instanceof DomainError) return LOST_KEYS.has(String(error.data.rule));
  return isUndone(error) || (error instanceof pg.DatabaseError && LOST_KEYS.has(error.constraint ?? ''));
}
