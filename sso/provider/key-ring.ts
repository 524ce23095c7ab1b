// The provider's keys as a running process knows them: read again every minute, which is soon enough for a set whose new
// members wait a day. While the database does not answer, the last set serves.
import type { Logger } from 'pino';
import type { CoreDeps } from '../../src/db/core-deps.ts';
import { loadSigningKeys, type SigningKeys } from './signing-keys.ts';

const FRESH_MS = 60_000;

export type KeyRing = { keys(): Promise<SigningKeys> };

/** Reads the first set; throws when it cannot. */
export async function createKeyRing(
  deps: CoreDeps & { readonly log: Logger; readonly config: { readonly secretKey: string } },
): Promise<KeyRing> {
  const { secretKey } = deps.config;
  let known = await loadSigningKeys(deps, secretKey);
  let readAt = deps.clock.now().getTime();
  return {
    async keys() {
      const now = deps.clock.now().getTime();
      if (now - readAt < FRESH_MS) return known;
      // one reads, the others of the same moment go on with what is known
      readAt = now;
      try {
        known = await loadSigningKeys(deps, secretKey);
      } catch (error) {
        deps.log.warn({ err: error }, 'the signing keys could not be read again; the last ones serve');
      }
      return known;
    },
  };
}
