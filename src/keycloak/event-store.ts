// How far the events of Keycloak were read, and which were taken lately. Realm tables only.
import type { Queryable } from '../db/database.ts';
import type { EventStream } from './read-events.ts';

export type Cursor = { readonly seenUntil: Date; readonly polledAt: Date };

export async function findCursor(db: Queryable, stream: EventStream): Promise<Cursor | undefined> {
  const [row] = await db.query<{ seen_until: Date; polled_at: Date }>({
    name: 'event-cursor',
    text: 'select seen_until, polled_at from keycloak_cursor where stream = $1',
    values: [stream],
  });
  return row && { seenUntil: row.seen_until, polledAt: row.polled_at };
}

/** A finished poll: everything up to `seenUntil` was taken. What no later poll can bring again is forgotten. */
export async function saveCursor(db: Queryable, stream: EventStream, cursor: Cursor, overlapMs: number): Promise<void> {
  await db.query({
    name: 'save-event-cursor',
    text: `with swept as (
        delete from keycloak_event_seen where at < (
          select min(case when stream = $1 then $2 else seen_until end) from keycloak_cursor) - make_interval(secs => 2 * $4::float8))
      insert into keycloak_cursor (stream, seen_until, polled_at) values ($1, $2, $3)
      on conflict (stream) do update set seen_until = excluded.seen_until, polled_at = excluded.polled_at`,
    values: [stream, cursor.seenUntil, cursor.polledAt, overlapMs / 1000],
  });
}

/** Notes events as taken and gives those that were not before. In one transaction with what they ask for. */
export async function takeEvents(
  tx: Queryable,
  events: readonly { readonly id: string; readonly time: number }[],
): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ event_id: string }>({
    name: 'take-events',
    text: `insert into keycloak_event_seen (event_id, at) select * from unnest($1::text[], $2::timestamptz[])
      on conflict do nothing returning event_id`,
    values: [events.map(({ id }) => id), events.map(({ time }) => new Date(time))],
  });
  return new Set(rows.map(({ event_id }) => event_id));
}

/** Seconds since the stream that lags most was read to its end; undefined before the first poll. */
export async function readEventLag(db: Queryable): Promise<number | undefined> {
  const [row] = await db.query<{ seconds: number | null }>({
    name: 'event-lag',
    text: 'select extract(epoch from now() - min(polled_at))::float8 as seconds from keycloak_cursor',
  });
  return row?.seconds === null || row?.seconds === undefined ? undefined : Math.max(row.seconds, 0);
}
