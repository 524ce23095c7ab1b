// Which directory a bearer token speaks for. Whether the token is live is asked of the credential cache each time; what
// the directory is like is remembered for as long as that credential is, so that a change told to the cache is a change
// told here.
import type { Clock } from '../src/clock.ts';
import type { DetectedProfile, DirectoryCaller, DirectoryDeps } from '../src/directory/directory.ts';
import { findDirectoryOfToken } from '../src/directory/directory-queries.ts';
import { hashSecret } from '../src/ids.ts';
import { type Credential, type CredentialCache, isUsable } from '../src/keys/credential-cache.ts';

export class Callers {
  readonly #deps: DirectoryDeps;
  readonly #credentials: CredentialCache;
  readonly #clock: Clock;
  readonly #remembered = new WeakMap<Credential, DirectoryCaller>();

  constructor(deps: DirectoryDeps, credentials: CredentialCache) {
    this.#deps = deps;
    this.#credentials = credentials;
    this.#clock = deps.clock;
  }

  /** The directory of a token that is live now; undefined for one that is unknown, revoked or expired. */
  async find(token: string): Promise<DirectoryCaller | undefined> {
    const credential = await this.#credentials.lookup(hashSecret(token));
    if (credential?.kind !== 'scim_token' || credential.orgId === undefined) return undefined;
    if (!isUsable(credential, this.#clock.now())) return undefined;
    const known = this.#remembered.get(credential);
    if (known) return known;
    const caller = await findDirectoryOfToken(this.#deps, credential.orgId, credential.subjectId);
    if (caller) this.#remembered.set(credential, caller);
    return caller;
  }
}

/** The caller as it is from now on: where no administrator chose, the vendor that it turned out to be. */
export function withDetected(caller: DirectoryCaller, detected: DetectedProfile): DirectoryCaller {
  const profile = caller.isProfileChosen ? caller.profile : detected;
  return { ...caller, profile, detectedProfile: detected };
}
