// What a directory pushes, as Keycloak sees it: who is cut off goes before everybody who is pushed, and a re-sync with
// nothing changed makes no call at all. A counting proxy stands before Keycloak; the order of its calls is what is judged.
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Database } from '../../src/db/database.ts';
import { createKeycloakAdmin } from '../../src/keycloak/admin.ts';
import type { Keycloak } from '../../src/keycloak/keycloak.ts';
import { markSubject } from '../../src/keycloak/projection-store.ts';
import { ProjectionWorker } from '../../src/keycloak/projection-worker.ts';
import { ENTERPRISE, type ScimSetup, setupScim, type TestDirectory, USER } from '../scim/scim-setup.ts';
import { eventually } from '../support/eventually.ts';
import type { Json } from '../support/server.ts';
import { makeRealm, REALM_CONFIG } from './keycloak-setup.ts';

const PUSHED = 24;

let s: ScimSetup;
let d: TestDirectory;
let realm: Awaited<ReturnType<typeof makeRealm>>;
let proxy: Awaited<ReturnType<typeof startProxy>>;
let db: Database;
let keycloak: Keycloak;
let worker: ProjectionWorker | undefined;

beforeAll(async () => {
  [s, realm] = await Promise.all([setupScim(), makeRealm()]);
  d = await s.directory();
  proxy = await startProxy(realm.adminUrl);
  db = new Database(s.t.database.workerUrl, { size: 8 });
  const account = (clientId: string) =>
    createKeycloakAdmin({
      url: proxy.url,
      realm: realm.realm,
      credentials: { clientId, clientSecret: REALM_CONFIG.providerSecret },
    });
  const accounts = { runtime: account('drawbridge-runtime'), connections: account('drawbridge-connections') };
  keycloak = { db, ...accounts, provider: REALM_CONFIG, appUrl: 'http://127.0.0.1:9/app' };
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
});
afterAll(async () => {
  await db?.close();
  await proxy?.close();
  await realm?.[Symbol.asyncDispose]();
  await s?.[Symbol.asyncDispose]();
});

/** One at a time, so that the calls stand in the order in which people were taken. */
function startWorker(): ProjectionWorker {
  worker = new ProjectionWorker(keycloak, pino({ level: 'silent' }), 1);
  worker.start();
  return worker;
}

const drained = () =>
  eventually(async () => (await s.sql('select 1 from projection_due')).length === 0, { withinMs: 60_000 });

/** Accounts only: what is made in an organization belongs to the same person as the call before it. */
const accountCalls = () => proxy.calls.filter((call) => /^(POST \/users$|PUT \/users\/)/.test(call));

const userOf = (name: string) => ({
  schemas: [USER, ENTERPRISE],
  userName: `${name}@${d.org.key}.test`,
  externalId: name,
  name: { givenName: 'Given', familyName: name },
  emails: [{ value: `${name}@${d.org.key}.test`, type: 'work', primary: true }],
  [ENTERPRISE]: { department: 'D' },
});

async function pushAll(prefix: string): Promise<Json[]> {
  return Promise.all(
    Array.from({ length: PUSHED }, (_, number) =>
      d.user(userOf(`${prefix}${number}`).userName, userOf(`${prefix}${number}`)),
    ),
  );
}

async function projectedLeaver(name: string): Promise<{ id: string; account: string }> {
  const { id } = await d.user(userOf(name).userName, userOf(name));
  const running = startWorker();
  await drained();
  await running.stop();
  const [row] = await s.sql(
    `select k.keycloak_id as account from member m join keycloak_id k on k.kind = 'person' and k.id = m.person_id where m.id = $1`,
    [id],
  );
  proxy.calls.length = 0;
  return { id, account: row.account };
}

const deactivate = async (id: string) =>
  expect((await d.patch(`/Users/${id}`, { op: 'replace', value: { active: false } })).status).toBeLessThan(300);

test('one who is deactivated goes before all who were pushed earlier', async () => {
  const leaver = await projectedLeaver('leaver');
  await pushAll('before');
  await deactivate(leaver.id);
  startWorker();
  await drained();
  const calls = accountCalls();
  expect(calls[0]).toBe(`PUT /users/${leaver.account}`);
  expect(calls.filter((call) => call === 'POST /users')).toHaveLength(PUSHED);
  const cut = proxy.calls.indexOf(`POST /users/${leaver.account}/logout`);
  expect(cut).toBeGreaterThan(-1);
  expect(cut).toBeLessThan(proxy.calls.indexOf('POST /users'));
}, 120_000);

test('one who is deactivated while a push is being worked off is next', async () => {
  const leaver = await projectedLeaver('late-leaver');
  await pushAll('during');
  const made = proxy.holdAt('POST /users', 5);
  startWorker();
  await made.reached;
  await deactivate(leaver.id);
  made.release();
  await drained();
  const calls = accountCalls();
  expect(calls.slice(0, 6)).toEqual([...Array(5).fill('POST /users'), `PUT /users/${leaver.account}`]);
}, 120_000);

test('three calls make a person, and a re-sync that changes nothing makes none', async () => {
  proxy.calls.length = 0;
  const users = await pushAll('same');
  const group = await d.group(
    'Same',
    users.map(({ id }) => id),
  );
  startWorker();
  await drained();
  // account with its link and attributes, membership, role
  expect(proxy.calls).toHaveLength(3 * PUSHED);

  proxy.calls.length = 0;
  for (const [number, { id, userName }] of users.entries()) {
    const found = await d.call('GET', `/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`);
    expect(found.body.totalResults).toBe(1);
    expect((await d.call('PUT', `/Users/${id}`, { ...userOf(`same${number}`), active: true })).status).toBe(200);
    const { status } = await d.patch(`/Users/${id}`, { op: 'Replace', path: 'name.givenName', value: 'Given' });
    expect(status).toBeLessThan(300);
  }
  const members = users.map(({ id }) => ({ value: id }));
  expect((await d.patch(`/Groups/${group.id}`, { op: 'add', path: 'members', value: members })).status).toBeLessThan(
    300,
  );
  expect(
    (await d.patch(`/Groups/${group.id}`, { op: 'replace', path: 'members', value: members })).status,
  ).toBeLessThan(300);
  // and everybody marked besides, as after a change that concerns nobody's account
  const persons = await s.sql<{ id: string }>(`select id from keycloak_id where kind = 'person'`);
  for (const { id } of persons) await markSubject({ query: db.realm.bind(db) }, 'person', id, 1);
  worker?.kick();
  await drained();
  expect(persons.length).toBeGreaterThan(PUSHED);
  expect(proxy.calls).toEqual([]);
}, 120_000);

/** Notes every call to the realm's admin API as `METHOD /path`, in the order of arrival, and can hold one. */
async function startProxy(target: string) {
  const calls: string[] = [];
  let hold: { call: string; left: number; reached: () => void; released: Promise<void> } | undefined;
  const { hostname, port } = new URL(target);
  const server = createServer((message, response) => {
    // the official client ends some paths with a slash
    const path = /^\/admin\/realms\/[^/]+(\/[^?]*?)\/?(?:\?|$)/.exec(message.url ?? '')?.[1];
    const call = `${message.method} ${path}`;
    if (path) calls.push(call);
    const pass = () => {
      const upstream = forward(
        { hostname, port, path: message.url, method: message.method, headers: message.headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        },
      );
      upstream.on('error', () => response.destroy());
      message.pipe(upstream);
    };
    if (hold?.call === call && --hold.left === 0) {
      hold.reached();
      void hold.released.then(pass);
    } else pass();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    /** Holds the call of that name that comes as number `nth`, until it is released. */
    holdAt: (call: string, nth: number) => {
      const reached = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      hold = { call, left: nth, reached: reached.resolve, released: released.promise };
      return { reached: reached.promise, release: released.resolve };
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
