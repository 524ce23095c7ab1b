// A second web process on the same database: its own service, its own pool, its own memory.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createScim } from '../../scim/router.ts';
import { Database } from '../../src/db/database.ts';
import { createLogger } from '../../src/log.ts';
import { type Json, TEST_SECRET_KEY } from '../support/server.ts';
import type { ScimSetup } from './scim-setup.ts';

type Get = (token: string, path: string) => Promise<Json>;

/** Answers the bodies of lists; throws where one is refused. */
export async function secondProcess(s: ScimSetup): Promise<AsyncDisposable & { readonly get: Get }> {
  const db = new Database(s.t.database.appUrl, { size: 4, applicationName: 'second process' });
  const scim = createScim({
    db,
    clock: s.t.clock,
    log: createLogger({ logLevel: 'silent' }),
    credentials: s.t.credentials,
    baseUrl: s.scimUrl.slice(0, -'/scim/v2'.length),
    secretKey: TEST_SECRET_KEY,
    ratePerSecond: 100_000,
    changed: () => {},
    observe: () => {},
  });
  const server = createServer((request, response) => void scim.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    get: async (token, path) => {
      const response = await fetch(`${origin}${path}`, { headers: { authorization: `Bearer ${token}` } });
      const body = await response.json();
      if (response.status !== 200) throw new Error(`GET ${path}: ${response.status} ${JSON.stringify(body)}`);
      return body;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await scim.close();
      await db.close();
    },
  };
}
