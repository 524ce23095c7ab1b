// Reading an address that an admin gave may take its whole ten seconds, and holds what the request holds: an
// organization has no more than a few such readings under way in one process.
import { DomainError } from '../../src/errors.ts';

const AT_ONCE = 3;

/** Runs work by organization; throws too_many_requests where a few run already. */
export function fewAtOnce(): <T>(orgId: string, work: () => Promise<T>) => Promise<T> {
  const running = new Map<string, number>();
  return async (orgId, work) => {
    const count = running.get(orgId) ?? 0;
    if (count >= AT_ONCE) {
      throw new DomainError(
        'too_many_requests',
        'Several addresses of this organization are being read. Try again when that is done.',
      );
    }
    running.set(orgId, count + 1);
    try {
      return await work();
    } finally {
      const left = (running.get(orgId) ?? 1) - 1;
      if (left === 0) running.delete(orgId);
      else running.set(orgId, left);
    }
  };
}
