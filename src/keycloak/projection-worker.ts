// Drains the marks of the projection (design section 9): several at once, organizations first, then what takes access
// away. A mark that Keycloak refuses waits its own, growing time and holds up nobody; while Keycloak does not answer,
// nothing is tried and nothing counted, and after the outage everything is due at once. It never gives up.
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isReachable, type Keycloak } from './keycloak.ts';
import { KeycloakUnreachable } from './keycloak-error.ts';
import { projectNewcomers } from './project-newcomers.ts';
import { projectOrganization } from './project-organization.ts';
import { projectPerson } from './project-person.ts';
import { type ProjectionBacklog, readBacklog } from './projection-queries.ts';
import { claimMarks, hastenMarks, type Mark, postponeMark, releaseMark } from './projection-store.ts';

const POLL_MS = 250;
const PROBE_MS = 1_000;
// A claim outlives its owner by this much; a second worker that takes it over too early waits at the subject's lock.
const LEASE_SECONDS = 15;
const BACKOFF_MAX_SECONDS = 300;
/** How many subjects are worked on at a time. */
export const PROJECTION_SLOTS = 8;

export type ProjectionLag = ProjectionBacklog & { readonly reachable: boolean };

export class ProjectionWorker {
  readonly #keycloak: Keycloak;
  readonly #log: Logger;
  /** So many newcomers go together: while one lot is read or written down, another one is being made. */
  readonly #lot: number;
  readonly #running = new Set<Promise<void>>();
  #free: number;
  #claimedAt = Number.NEGATIVE_INFINITY;
  /** Worked off and not dropped yet: the next claim does it. */
  #done: Mark[] = [];
  #stopping = new AbortController();
  #loop: Promise<void> | undefined;
  #interrupt: () => void = () => {};
  #woken = false;
  #reachable = true;

  /** `slots` subjects are worked on at a time; each holds one connection of the keycloak's database. */
  constructor(keycloak: Keycloak, log: Logger, slots = PROJECTION_SLOTS) {
    this.#keycloak = keycloak;
    this.#log = log;
    this.#free = slots;
    this.#lot = Math.ceil(slots / 2);
  }

  start(): void {
    this.#stopping = new AbortController();
    this.#loop ??= this.#drain();
  }

  /** Ends after what is being worked on. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.kick();
    await this.#loop;
    await Promise.all(this.#running);
    // Without a database the claims run out by themselves.
    if (this.#done.length > 0) await this.#exchange(0).catch(() => {});
    this.#loop = undefined;
  }

  /** Looks for marks now; called after a commit that set one. */
  kick(): void {
    this.#woken = true;
    this.#interrupt();
  }

  /** How far Keycloak is behind, for readiness and metrics. */
  async lag(): Promise<ProjectionLag> {
    return { ...(await readBacklog(asQueryable(this.#keycloak))), reachable: this.#reachable };
  }

  async #drain(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        if (this.#reachable) {
          await this.#claim();
          await this.#pause(POLL_MS);
        } else await this.#awaitKeycloak();
      } catch (error) {
        this.#log.error({ err: error }, 'the projection cannot read its marks');
        await this.#pause(PROBE_MS);
      }
    }
  }

  /**
   * Fills the free slots: once there are enough for a lot, or after a moment, since whoever is cut off must not wait for
   * a slow call.
   */
  async #claim(): Promise<void> {
    const now = performance.now();
    const isSoon = now - this.#claimedAt < POLL_MS;
    if (this.#free === 0 || (isSoon && this.#free < this.#lot)) return;
    this.#claimedAt = now;
    const marks = await this.#exchange(this.#free);
    const newcomers = marks.filter(({ isNewcomer }) => isNewcomer);
    for (let from = 0; from < newcomers.length; from += this.#lot) {
      const lot = newcomers.slice(from, from + this.#lot);
      this.#run(lot.length, this.#workTogether(lot));
    }
    for (const mark of marks) if (!mark.isNewcomer) this.#run(1, this.#work(mark));
  }

  /** A slot that comes free looks again at once. */
  #run(slots: number, work: Promise<void>): void {
    this.#free -= slots;
    const running = work.finally(() => {
      this.#running.delete(running);
      this.#free += slots;
      this.kick();
    });
    this.#running.add(running);
  }

  /** Hands back what is done and takes up to `limit` new marks. */
  async #exchange(limit: number): Promise<Mark[]> {
    const done = this.#done;
    this.#done = [];
    try {
      return await claimMarks(asQueryable(this.#keycloak), done, limit, LEASE_SECONDS);
    } catch (error) {
      this.#done.push(...done);
      throw error;
    }
  }

  async #workTogether(newcomers: readonly Mark[]): Promise<void> {
    let equal: ReadonlySet<string> = new Set();
    try {
      equal = await projectNewcomers(
        this.#keycloak,
        newcomers.map(({ subjectId }) => subjectId),
      );
    } catch (error) {
      this.#log.error({ err: error }, 'newcomers could not be projected together');
    }
    this.#done.push(...newcomers.filter(({ subjectId }) => equal.has(subjectId)));
    await Promise.all(newcomers.filter(({ subjectId }) => !equal.has(subjectId)).map((mark) => this.#work(mark)));
  }

  async #work(mark: Mark): Promise<void> {
    try {
      try {
        if (mark.kind === 'organization') await projectOrganization(this.#keycloak, mark.subjectId);
        else await projectPerson(this.#keycloak, mark.subjectId, { endSessions: true });
        this.#done.push(mark);
      } catch (error) {
        await this.#keep(mark, error);
      }
    } catch (error) {
      // The database: the claim runs out by itself, and the mark is there as before.
      this.#log.error({ err: error, ...subjectOf(mark) }, 'a projection mark could not be written');
    }
  }

  async #keep(mark: Mark, error: unknown): Promise<void> {
    const db = asQueryable(this.#keycloak);
    // A subject of its own trouble (a 500, a time-out) must not stop the others.
    if (error instanceof KeycloakUnreachable && !(await isReachable(this.#keycloak))) {
      if (this.#reachable) this.#log.warn({ err: error }, 'Keycloak does not answer; the projection waits');
      this.#reachable = false;
      await releaseMark(db, mark);
      return;
    }
    const seconds = Math.min(2 ** mark.attempts, BACKOFF_MAX_SECONDS);
    this.#log.warn({ err: error, seconds, ...subjectOf(mark) }, 'a projection failed and will be tried again');
    await postponeMark(db, mark, seconds, error instanceof Error ? error.message : String(error));
  }

  async #awaitKeycloak(): Promise<void> {
    if (await isReachable(this.#keycloak)) {
      await hastenMarks(asQueryable(this.#keycloak));
      this.#reachable = true;
      this.#log.info('Keycloak answers again; the projection goes on');
    } else await this.#pause(PROBE_MS);
  }

  async #pause(ms: number): Promise<void> {
    const interrupt = new AbortController();
    this.#interrupt = () => interrupt.abort();
    if (!this.#woken) await delay(ms, undefined, { signal: interrupt.signal }).catch(() => {});
    this.#woken = false;
    this.#interrupt = () => {};
  }
}

function asQueryable({ db }: Keycloak) {
  return { query: db.realm.bind(db) };
}

function subjectOf(mark: Mark) {
  return { kind: mark.kind, subjectId: mark.subjectId };
}
