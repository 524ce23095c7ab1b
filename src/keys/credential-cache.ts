// What a presented secret opens, remembered for a short while (law 7: found by hash only). A revocation anywhere is told
// to every process by NOTIFY; while this process cannot hear, it remembers nothing and asks the database each time.
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import { Listener } from '../db/listener.ts';

const TTL_MS = 60_000;
const ENTRIES_MAX = 10_000;
const TOUCH_AFTER_MS = 1_000;

type CredentialKind = 'api_key' | 'scim_token' | 'invitation' | 'operator_key';

export type Credential = {
  readonly kind: CredentialKind;
  /** Undefined for an operator's key only. */
  readonly orgId: string | undefined;
  /** What the secret stands for: an api_key row, a directory_token row, an invitation, an operator. */
  readonly subjectId: string;
  readonly expiresAt: Date | undefined;
  readonly revokedAt: Date | undefined;
};

type Entry = { readonly credential: Credential; readonly readAtMs: number; touchedAtMs: number };
type Row = {
  kind: CredentialKind;
  org_id: string | null;
  subject_id: string;
  expires_at: Date | null;
  revoked_at: Date | null;
};

/** Whether a credential opens anything at `now`. */
export function isUsable(credential: Credential, now: Date): boolean {
  if (credential.revokedAt !== undefined) return false;
  return credential.expiresAt === undefined || credential.expiresAt > now;
}

/** One for each process, shared by REST and SCIM. `start()` and `close()` belong to the process' own. */
export class CredentialCache {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #listener: Listener;
  /** In the order of last use, so that the first is the one to drop. */
  readonly #entries = new Map<string, Entry>();
  #touched = new Set<string>();
  #touchTimer: NodeJS.Timeout | undefined;
  #listening = false;
  /** Counts whatever makes an answer that is still under way unsafe to remember. */
  #generation = 0;

  /** `listenUrl` is the database address of the application's role; the listener holds one connection of its own. */
  constructor(deps: { db: Database; clock: Clock; log: Logger; listenUrl: string }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#listener = new Listener(deps.listenUrl, 'credential_revoked', {
      onMessage: (hash) => this.#forget(hash),
      onUp: () => this.#startOver(true),
      onDown: () => this.#startOver(false),
    });
  }

  start(): Promise<void> {
    return this.#listener.start();
  }

  async close(): Promise<void> {
    await this.#listener.close();
    await this.flush();
  }

  /** Whether revocations are heard, so that answers are remembered. */
  get isListening(): boolean {
    return this.#listening;
  }

  /**
   * What the secret of this SHA-256 opens, or undefined; the caller asks `isUsable`. A usable one is noted as used, to
   * the minute. Throws `unavailable` when the database is needed and down.
   */
  async lookup(hash: Buffer): Promise<Credential | undefined> {
    const key = hash.toString('hex');
    const nowMs = this.#clock.now().getTime();
    const known = this.#recall(key, nowMs);
    if (known) {
      this.#noteUse(key, known, nowMs);
      return known.credential;
    }
    const generation = this.#generation;
    const credential = await this.#read(hash);
    if (!credential) return undefined;
    const entry: Entry = { credential, readAtMs: nowMs, touchedAtMs: Number.NEGATIVE_INFINITY };
    if (this.#listening && generation === this.#generation) this.#remember(key, entry);
    this.#noteUse(key, entry, nowMs);
    return credential;
  }

  /** Writes the uses noted so far; runs by itself a second after the first. A crash may lose that second. */
  async flush(): Promise<void> {
    clearTimeout(this.#touchTimer);
    this.#touchTimer = undefined;
    if (this.#touched.size === 0) return;
    const hashes = [...this.#touched].map((hex) => Buffer.from(hex, 'hex'));
    this.#touched = new Set();
    try {
      await this.#db.realm({
        name: 'touch_credentials',
        text: 'select touch_credentials($1, $2)',
        values: [hashes, this.#clock.now()],
      });
    } catch (error) {
      this.#log.warn({ err: error, count: hashes.length }, 'uses of credentials were not noted');
    }
  }

  #recall(key: string, nowMs: number): Entry | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    if (nowMs - entry.readAtMs >= TTL_MS || nowMs < entry.readAtMs) return undefined;
    this.#entries.set(key, entry);
    return entry;
  }

  #remember(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    if (this.#entries.size <= ENTRIES_MAX) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }

  async #read(hash: Buffer): Promise<Credential | undefined> {
    const [row] = await this.#db.realm<Row>({
      name: 'find_credential',
      text: 'select kind, org_id, subject_id, expires_at, revoked_at from find_credential($1)',
      values: [hash],
    });
    if (!row) return undefined;
    return {
      kind: row.kind,
      orgId: row.org_id ?? undefined,
      subjectId: row.subject_id,
      expiresAt: row.expires_at ?? undefined,
      revokedAt: row.revoked_at ?? undefined,
    };
  }

  #noteUse(key: string, entry: Entry, nowMs: number): void {
    if (nowMs - entry.touchedAtMs < TTL_MS || !isUsable(entry.credential, new Date(nowMs))) return;
    entry.touchedAtMs = nowMs;
    this.#touched.add(key);
    this.#touchTimer ??= setTimeout(() => void this.flush(), TOUCH_AFTER_MS).unref();
  }

  #forget(key: string): void {
    this.#generation += 1;
    this.#entries.delete(key);
  }

  #startOver(listening: boolean): void {
    this.#generation += 1;
    this.#listening = listening;
    this.#entries.clear();
  }
}
