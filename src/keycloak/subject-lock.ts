// One handler at a time for a person or an organization, in worker and sign-in alike, and one reader of events: a session
// lock of Postgres, held on a connection of its own from reading the state to the last call to Keycloak (design section 9).
import type { Database, Queryable } from '../db/database.ts';

const SEEDS = { person: 7, organization: 8, events: 9 } as const;

type Subject = keyof typeof SEEDS;
type Work<T> = (tx: Queryable) => Promise<T>;

/** Waits for the lock, then runs `work` with statements on the connection that holds it. */
export function withSubjectLock<T>(db: Database, kind: Subject, id: string, work: Work<T>): Promise<T> {
  return onConnection(db, (tx) => lockedOn(tx, kind, id, work));
}

/** Locks those of several people whom nobody else holds, and runs `work` for them; the others are left out. */
export function withFreePersons<T>(
  db: Database,
  ids: readonly string[],
  work: (tx: Queryable, free: readonly string[]) => Promise<T>,
): Promise<T> {
  return onConnection(db, async (tx) => {
    const free = await tx.query<{ id: string }>({
      name: 'lock-free-persons',
      text: 'select id from jsonb_array_elements_text($1::jsonb) p (id) where pg_try_advisory_lock(hashtextextended(id, $2))',
      values: [JSON.stringify(ids), SEEDS.person],
    });
    const held = free.map(({ id }) => id);
    try {
      return await work(tx, held);
    } finally {
      await tx.query({
        name: 'unlock-persons',
        text: 'select pg_advisory_unlock(hashtextextended(id, $2)) from jsonb_array_elements_text($1::jsonb) p (id)',
        values: [JSON.stringify(held), SEEDS.person],
      });
    }
  });
}

/** For work that needs one worker only: undefined, at once, where another one is at it. */
export function tryAlone<T>(db: Database, kind: 'events', work: Work<T>): Promise<T | undefined> {
  return onConnection(db, (tx) => tryLockedOn(tx, kind, 'one', work));
}

function onConnection<T>(db: Database, work: Work<T>): Promise<T> {
  return db.withConnection((client) =>
    work({
      query: async ({ name, text, values }) =>
        (await client.query({ text, ...(name && { name }), values: values as unknown[] })).rows,
    }),
  );
}

/** A further lock on a connection that holds one: no second connection, which the pool may not have. */
export async function lockedOn<T>(tx: Queryable, kind: Subject, id: string, work: Work<T>): Promise<T> {
  await tx.query({
    name: 'lock-subject',
    text: 'select pg_advisory_lock(hashtextextended($1, $2))',
    values: [id, SEEDS[kind]],
  });
  return workThenUnlock(tx, kind, id, work);
}

/** The same without waiting: undefined if somebody else holds it. For a second person, where waiting could deadlock. */
export async function tryLockedOn<T>(tx: Queryable, kind: Subject, id: string, work: Work<T>): Promise<T | undefined> {
  const [lock] = await tx.query<{ held: boolean }>({
    name: 'try-lock-subject',
    text: 'select pg_try_advisory_lock(hashtextextended($1, $2)) as held',
    values: [id, SEEDS[kind]],
  });
  return lock?.held ? workThenUnlock(tx, kind, id, work) : undefined;
}

/** If the connection fails, the pool drops it and the lock goes with it. */
async function workThenUnlock<T>(tx: Queryable, kind: Subject, id: string, work: Work<T>): Promise<T> {
  try {
    return await work(tx);
  } finally {
    await tx.query({
      name: 'unlock-subject',
      text: 'select pg_advisory_unlock(hashtextextended($1, $2))',
      values: [id, SEEDS[kind]],
    });
  }
}
