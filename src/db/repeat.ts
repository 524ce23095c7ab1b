// Work that lost against a concurrent transaction is done again: Postgres has undone all of it.
import pg from 'pg';
import { DomainError } from '../errors.ts';

const LOST = new Set(['40001', '40P01']);
/** Keys that are looked up before they are written: who breaks one came a moment later than somebody else. */
const LOST_KEYS = new Set([
  'person_address_pkey',
  'member_one_per_address',
  'member_one_per_person',
  'directory_user_pkey',
]);
const TIMES = 8;

/** Runs a whole transaction, or a statement that is one, again after a deadlock, a serialization failure or a lost key. */
export async function repeatLost<T>(work: () => Promise<T>): Promise<T> {
  for (let time = 1; ; time += 1) {
    try {
      return await work();
    } catch (error) {
      if (time >= TIMES || !isLost(error)) throw error;
    }
  }
}

function isLost(error: unknown): boolean {
  if (error instanceof DomainError) return LOST_KEYS.has(String(error.data.rule));
  return error instanceof pg.DatabaseError && (LOST.has(error.code ?? '') || LOST_KEYS.has(error.constraint ?? ''));
}
