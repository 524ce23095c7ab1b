// Reading an address that an admin gave may take its whole ten seconds, and holds what the request holds: an
// organization has no more than a few such readings under way in one process.
import { DomainError } from '../../src/errors.ts';
import type { GuardedFetch } from '../outbound/guarded-fetch.ts';

const AT_ONCE = 3;

/** The same fetch for one organization; throws too_many_requests where a few of its readings run already. */
export function fewAtOnce(outbound: GuardedFetch): (orgId: string) => GuardedFetch {
  const running = new Map<string, number>();
  return (orgId) => async (url, request) => {
    const count = running.get(orgId) ?? 0;
    if (count >= AT_ONCE) {
      throw new DomainError(
        'too_many_requests',
        'Several addresses of this organization are being read. Try again when that is done.',
      );
    }
    running.set(orgId, count + 1);
    try {
      return await outbound(url, request);
    } finally {
      const left = (running.get(orgId) ?? 1) - 1;
      if (left === 0) running.delete(orgId);
      else running.set(orgId, left);
    }
  };
}
