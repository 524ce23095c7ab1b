// A second web process on the same database: its own service, its own pool, its own memory.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createScim } from '../../scim/router.ts';
import { Database } from '../../src/db/database.ts';
import { createLogger } from '../../src/log.ts';
import { type Answer, type Json, TEST_SECRET_KEY } from '../support/server.ts';
import { PATCH, type ScimSetup, setupScim, type TestDirectory } from './scim-setup.ts';

type Call = (token: string, method: string, path: string, body?: unknown) => Promise<Answer>;

export type SecondProcess = AsyncDisposable & {
  readonly call: Call;
  /** The body of what must be there. */
  readonly get: (token: string, path: string) => Promise<Json>;
  /** What becomes of a user or group that is there. */
  readonly patch: (token: string, path: string, ...operations: readonly object[]) => Promise<Json>;
};

/** The set-up of a file, with two processes from the start. */
export async function setupTwoProcesses(): Promise<{ s: ScimSetup; other: SecondProcess } & AsyncDisposable> {
  const s = await setupScim();
  const other = await secondProcess(s);
  const dispose = async () => {
    await other[Symbol.asyncDispose]();
    await s[Symbol.asyncDispose]();
  };
  return { s, other, [Symbol.asyncDispose]: dispose };
}

/** The pages of a walk by index, from the first and the second process in turn, as clients walk that trust the total. */
export async function* pagesInTurn(
  d: TestDirectory,
  other: SecondProcess,
  query: string,
  count: number,
): AsyncGenerator<{ readonly startIndex: number; readonly body: Json }> {
  for (let startIndex = 1, turn = 0; ; turn += 1) {
    const path = `/Users?startIndex=${startIndex}&count=${count}&${query}`;
    const body: Json = turn % 2 === 0 ? (await d.call('GET', path)).body : await other.get(d.token, path);
    yield { startIndex, body };
    startIndex += body.itemsPerPage;
    if (body.itemsPerPage === 0 || startIndex > body.totalResults) return;
  }
}

export async function secondProcess(s: ScimSetup): Promise<SecondProcess> {
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
  const call: Call = async (token, method, path, body) => {
    const response = await fetch(`${origin}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  };
  const succeed = async (token: string, method: string, path: string, body?: unknown): Promise<Json> => {
    const answer = await call(token, method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return {
    call,
    get: (token, path) => succeed(token, 'GET', path),
    patch: (token, path, ...Operations) => succeed(token, 'PATCH', path, { schemas: [PATCH], Operations }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await scim.close();
      await db.close();
    },
  };
}
