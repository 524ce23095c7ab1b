// Follows Keycloak's events (design, section 9): one poll at a time, by whichever worker comes first. Keycloak stamps an
// event before it commits it, so each poll begins a little before where the last one ended, and what came before is taken
// only once. An outage loses nothing: the cursor stands, and Keycloak keeps its events for weeks.
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { reactionTo } from './event.ts';
import { findCursor, saveCursor, takeEvents } from './event-store.ts';
import type { Keycloak } from './keycloak.ts';
import { react } from './react-to-events.ts';
import { type EventStream, readEvents } from './read-events.ts';
import { tryAlone } from './subject-lock.ts';

const POLL_MS = 1_000;
/** How late an event may appear behind a newer one; also what our clocks may differ by. */
const OVERLAP_MS = 10_000;
/** While nothing happens, the window still moves on: or the last busy seconds would be read again for ever. */
const QUIET_MS = 60_000;
/** Polling takes at most this part of the time while there is much to read, and still does not wait longer than this. */
const SHARE = 5;
const PAUSE_MAX_MS = 3_000;
const STREAMS: readonly EventStream[] = ['user', 'admin'];

export class EventWorker {
  readonly #keycloak: Keycloak;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #pollMs: number;
  #stopping = new AbortController();
  #loop: Promise<void> | undefined;
  #failing = false;

  constructor(keycloak: Keycloak, { clock, log }: { readonly clock: Clock; readonly log: Logger }, pollMs = POLL_MS) {
    this.#keycloak = keycloak;
    this.#clock = clock;
    this.#log = log;
    this.#pollMs = pollMs;
  }

  start(): void {
    this.#stopping = new AbortController();
    this.#loop ??= this.#follow();
  }

  /** Ends after the poll under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    this.#loop = undefined;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const startedAt = performance.now();
      await this.#poll();
      const pauseMs = Math.max(this.#pollMs, Math.min((performance.now() - startedAt) * SHARE, PAUSE_MAX_MS));
      await delay(pauseMs, undefined, { signal }).catch(() => {});
    }
  }

  async #poll(): Promise<void> {
    try {
      const polled = await tryAlone(this.#keycloak.db, 'events', async () => {
        for (const stream of STREAMS) await this.#pollStream(stream);
        return true;
      });
      if (polled && this.#failing) this.#log.info('the events of Keycloak are read again');
      if (polled) this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#log.warn({ err: error }, 'the events of Keycloak cannot be read; trying on');
      this.#failing = true;
    }
  }

  async #pollStream(stream: EventStream): Promise<void> {
    const { db, runtime } = this.#keycloak;
    const polledAt = this.#clock.now();
    const realm = { query: db.realm.bind(db) };
    const cursor = await findCursor(realm, stream);
    let newest = (cursor?.seenUntil ?? polledAt).getTime();
    const own = await this.#ownAccounts();
    for await (const events of readEvents(runtime, stream, new Date(newest - OVERLAP_MS))) {
      const asked = events.flatMap((event) => {
        const reaction = reactionTo(event, own);
        return reaction ? [{ event, reaction }] : [];
      });
      newest = Math.max(newest, ...events.map(({ time }) => time));
      if (asked.length === 0) continue;
      await db.inRealm(async (tx) => {
        const fresh = await takeEvents(
          tx,
          asked.map(({ event }) => event),
        );
        await react(
          tx,
          asked.filter(({ event }) => fresh.has(event.id)).map(({ reaction }) => reaction),
        );
      });
    }
    const seenUntil = new Date(Math.max(newest, polledAt.getTime() - QUIET_MS));
    await saveCursor(realm, stream, { seenUntil, polledAt }, OVERLAP_MS);
  }

  /** What these do is our own projection: no news, and a loop if it were taken for some. */
  async #ownAccounts(): Promise<ReadonlySet<string>> {
    const { runtime, connections } = this.#keycloak;
    return new Set([await runtime.accountId(), await connections.accountId()]);
  }
}
