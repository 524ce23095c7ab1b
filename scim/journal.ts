// The request journal: what a directory sent and what came of it, gathered here and written in batches after the answers.
// A crash may lose the last second of it, never a change. No token and no body value ever enters it in clear.
import { appendJournal } from '../src/directory/append-journal.ts';
import { redactUrl } from '../src/directory/journal-body.ts';
import type { JournalEntry } from '../src/directory/journal-entry.ts';
import type { ScimServices } from './exchange.ts';

const EVERY_MS = 1_000;
const AT_ONCE = 200;
const MOST_WAITING = 20_000;
const LONGEST_PATH = 2_000;
const MOST_WAITING_BYTES = 32 * 1024 * 1024;

export class Journal {
  readonly #services: ScimServices;
  #waiting: JournalEntry[] = [];
  /** Of kept requests. */
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(services: ScimServices) {
    this.#services = services;
  }

  add(entry: JournalEntry): void {
    // while the database is down, the newest requests are not worth the process's memory
    if (this.#waiting.length >= MOST_WAITING) return;
    const size = entry.sealedBody?.length ?? 0;
    const isKept = this.#waitingBytes + size <= MOST_WAITING_BYTES;
    if (isKept) this.#waitingBytes += size;
    const sealedBody = isKept ? entry.sealedBody : undefined;
    this.#waiting.push({ ...entry, sealedBody, path: redactUrl(entry.path).slice(0, LONGEST_PATH) });
    if (this.#waiting.length >= AT_ONCE) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), EVERY_MS).unref();
  }

  /** Writes what waits. Never throws: a journal that cannot be written is logged and given up. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const entries = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      if (entries.length > 0) await appendJournal(this.#services, entries);
    } catch (error) {
      this.#services.log.warn({ err: error, entries: entries.length }, 'journal entries lost');
    }
  }
}
