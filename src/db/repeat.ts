// Work that lost against a concurrent transaction is done again: Postgres has undone all of it.
import pg from 'pg';

const LOST = new Set(['40001', '40P01']);
const TIMES = 8;

/** Runs a whole transaction, or a statement that is one, again after a deadlock or a serialization failure. */
export async function repeatLost<T>(work: () => Promise<T>): Promise<T> {
  for (let time = 1; ; time += 1) {
    try {
      return await work();
    } catch (error) {
      if (time >= TIMES || !(error instanceof pg.DatabaseError) || !LOST.has(error.code ?? '')) throw error;
    }
  }
}
