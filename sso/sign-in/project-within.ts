// Law 1: after its commit a sign-in has Keycloak made equal at once, so that the first token is right; but it does not
// wait for ever, and a failure leaves the projection's mark, which the worker drains.
import type { Logger } from 'pino';
import type { SsoDeps } from '../deps.ts';

const LIMIT_MS = 5_000;

/** Answers whether the projection is done; never throws. */
export async function projectWithin(
  deps: Pick<SsoDeps, 'projectPerson' | 'projectionLimitMs'>,
  log: Logger,
  personId: string,
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), deps.projectionLimitMs ?? LIMIT_MS);
  });
  const projected = (async () => {
    try {
      await deps.projectPerson(personId);
      return true;
    } catch (error) {
      log.warn({ err: error, personId }, 'the projection of a sign-in failed; its mark stays');
      return undefined;
    }
  })();
  try {
    const done = await Promise.race([projected, limit]);
    if (done === false) log.warn({ personId }, 'the projection of a sign-in takes too long; its mark stays');
    return done === true;
  } finally {
    clearTimeout(timer);
  }
}
