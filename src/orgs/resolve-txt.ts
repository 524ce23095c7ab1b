// DNS as a resolver sees it.
import { Resolver } from 'node:dns/promises';

/** All TXT records of a name; `[]` when it has none. Throws when DNS could not say. */
export type ResolveTxt = (name: string) => Promise<string[]>;

const NO_RECORD = new Set(['ENOTFOUND', 'ENODATA']);

/**
 * TXT records, each joined from its parts (RFC 7208 section 3.3 says how: without a gap). `servers` are asked as
 * `address:port`; the system's own when there are none.
 */
export function createTxtResolver(servers: readonly string[]): ResolveTxt {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (servers.length > 0) resolver.setServers(servers);
  return async (name) => {
    try {
      return (await resolver.resolveTxt(name)).map((parts) => parts.join(''));
    } catch (error) {
      if (NO_RECORD.has((error as NodeJS.ErrnoException).code ?? '')) return [];
      throw error;
    }
  };
}
