// DNS as the system's resolver sees it.
import { Resolver } from 'node:dns/promises';
import type { ResolveTxt } from './claim-domain.ts';

const NO_RECORD = new Set(['ENOTFOUND', 'ENODATA']);

/** TXT records by the system's resolver, each joined from its parts (RFC 7208 section 3.3 says how: without a gap). */
export function createTxtResolver(): ResolveTxt {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  return async (name) => {
    try {
      return (await resolver.resolveTxt(name)).map((parts) => parts.join(''));
    } catch (error) {
      if (NO_RECORD.has((error as NodeJS.ErrnoException).code ?? '')) return [];
      throw error;
    }
  };
}
