// Which directory a bearer token speaks for. Whether the token is live is asked of the credential cache each time; which
// directory it belongs to never changes, and is remembered for a minute (its profile may change).
import type { Clock } from '../src/clock.ts';
import type { DirectoryCaller, DirectoryDeps } from '../src/directory/directory.ts';
import { findDirectoryOfToken } from '../src/directory/directory-queries.ts';
import { hashSecret } from '../src/ids.ts';
import { type CredentialCache, isUsable } from '../src/keys/credential-cache.ts';

const MOST_REMEMBERED = 10_000;
const REMEMBER_MS = 60_000;

type Remembered = { readonly caller: DirectoryCaller; readonly until: number };

export class Callers {
  readonly #deps: DirectoryDeps;
  readonly #credentials: CredentialCache;
  readonly #clock: Clock;
  readonly #remembered = new Map<string, Remembered>();

  constructor(deps: DirectoryDeps, credentials: CredentialCache) {
    this.#deps = deps;
    this.#credentials = credentials;
    this.#clock = deps.clock;
  }

  /** The directory of a token that is live now; undefined for one that is unknown, revoked or expired. */
  async find(token: string): Promise<DirectoryCaller | undefined> {
    const credential = await this.#credentials.lookup(hashSecret(token));
    const now = this.#clock.now();
    if (credential?.kind !== 'scim_token' || credential.orgId === undefined || !isUsable(credential, now))
      return undefined;
    const known = this.#remembered.get(credential.subjectId);
    if (known && known.until > now.getTime()) return known.caller;
    const caller = await findDirectoryOfToken(this.#deps, credential.orgId, credential.subjectId);
    if (caller) this.#remember(credential.subjectId, { caller, until: now.getTime() + REMEMBER_MS });
    return caller;
  }

  #remember(tokenId: string, entry: Remembered): void {
    this.#remembered.delete(tokenId);
    const [oldest] = this.#remembered.keys();
    if (oldest !== undefined && this.#remembered.size >= MOST_REMEMBERED) this.#remembered.delete(oldest);
    this.#remembered.set(tokenId, entry);
  }
}
