// Which directory a bearer token speaks for. Found by hash, remembered for a minute, forgotten at once when a credential
// is revoked anywhere (LISTEN credential_revoked). While nothing can be heard, nothing is remembered.
import type { Listener } from '../db/listener.ts';
import { hashSecret } from '../ids.ts';
import type { DirectoryCaller, DirectoryDeps } from './directory.ts';
import { findTokenOwner, touchCredentials } from './directory-queries.ts';

const MOST_REMEMBERED = 10_000;
const REMEMBER_MS = 60_000;
const TOUCH_EVERY_MS = 5_000;

type Remembered = { readonly caller: DirectoryCaller; readonly expiresAt: number; readonly until: number };

/** Lives as long as the process; `close()` ends its connection. */
export class DirectoryTokens {
  readonly #deps: DirectoryDeps;
  readonly #listener: Listener;
  readonly #remembered = new Map<string, Remembered>();
  readonly #used = new Map<string, Buffer>();
  #started = false;
  #isListening = false;
  #revocations = 0;
  #touchedAt = 0;

  constructor(deps: DirectoryDeps) {
    this.#deps = deps;
    this.#listener = deps.db.listener('credential_revoked', {
      onMessage: (hash) => {
        this.#revocations += 1;
        this.#remembered.delete(hash);
      },
      onUp: () => {
        this.#isListening = true;
      },
      onDown: () => {
        this.#isListening = false;
        this.#remembered.clear();
      },
    });
  }

  /** The directory of a token that is live now; undefined for one that is unknown, revoked or expired. */
  async find(token: string): Promise<DirectoryCaller | undefined> {
    if (!this.#started) {
      this.#started = true;
      void this.#listener.start();
    }
    const hash = hashSecret(token);
    const key = hash.toString('hex');
    const now = this.#deps.clock.now().getTime();
    const known = this.#remembered.get(key);
    if (known && known.until > now && known.expiresAt > now) {
      this.#used.set(key, hash);
      return known.caller;
    }
    const heard = this.#isListening ? this.#revocations : undefined;
    const owner = await findTokenOwner(this.#deps, hash);
    if (!owner || owner.expiresAt <= now) return undefined;
    // a revocation heard while we asked may have been this token's
    if (this.#isListening && heard === this.#revocations) this.#remember(key, owner, now);
    this.#used.set(key, hash);
    return owner.caller;
  }

  /** Writes when tokens were last used, at most every few seconds; a crash may lose the last of them. */
  async flush(options: { readonly force?: boolean } = {}): Promise<void> {
    const now = this.#deps.clock.now();
    if (this.#used.size === 0 || (!options.force && now.getTime() - this.#touchedAt < TOUCH_EVERY_MS)) return;
    const hashes = [...this.#used.values()];
    this.#used.clear();
    this.#touchedAt = now.getTime();
    await touchCredentials(this.#deps, hashes, now);
  }

  async close(): Promise<void> {
    await this.#listener.close();
  }

  #remember(key: string, owner: { caller: DirectoryCaller; expiresAt: number }, now: number): void {
    this.#remembered.delete(key);
    const [oldest] = this.#remembered.keys();
    if (oldest !== undefined && this.#remembered.size >= MOST_REMEMBERED) this.#remembered.delete(oldest);
    this.#remembered.set(key, { ...owner, until: now + REMEMBER_MS });
  }
}
