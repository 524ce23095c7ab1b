// What the service refuses, and how: credentials, content, names, methods, other tenants, trouble of our own.
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createScim } from '../../scim/router.ts';
import { Database } from '../../src/db/database.ts';
import { newId } from '../../src/ids.ts';
import { CredentialCache } from '../../src/keys/credential-cache.ts';
import { createLogger } from '../../src/log.ts';
import { eventually } from '../support/eventually.ts';
import { type Answer, TEST_SECRET_KEY } from '../support/server.ts';
import { ERROR, GROUP, PATCH, type ScimSetup, setupScim, type TestDirectory, USER } from './scim-setup.ts';

let s: ScimSetup;
let d: TestDirectory;
beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
});
afterAll(() => s[Symbol.asyncDispose]());

function expectError(answer: Answer, status: number, scimType?: string): void {
  expect(answer.status).toBe(status);
  expect(answer.body).toEqual({
    schemas: [ERROR],
    status: String(status),
    ...(scimType ? { scimType } : {}),
    detail: expect.any(String),
  });
}

describe('credentials', () => {
  test.each([undefined, 'unknown', `dbs_${'A'.repeat(43)}`])('%s is 401 with a SCIM error', async (token) => {
    const answer = await s.client(token)('GET', '/Users');
    expectError(answer, 401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="scim"');
  });

  test('another scheme is 401, also for discovery', async () => {
    const headers = { authorization: `Basic ${Buffer.from(`x:${d.token}`).toString('base64')}` };
    expectError(await s.client(undefined)('GET', '/Users', undefined, { headers }), 401);
    expectError(await s.client(undefined)('GET', '/Schemas'), 401);
  });

  test('an API key of the organization opens no directory', async () => {
    expectError(await s.client(d.org.ownerKey)('GET', '/Users'), 401);
  });

  test('a revoked token is refused at once', async () => {
    const other = await s.directory();
    expect((await other.call('GET', '/Users')).status).toBe(200);
    const path = `/v1/organizations/${other.org.id}/directories/${other.id}/tokens`;
    const { body } = await s.t.call('GET', path, { key: other.org.ownerKey });
    expect((await s.t.call('DELETE', `${path}/${body.items[0].id}`, { key: other.org.ownerKey })).status).toBe(204);
    await eventually(async () => (await other.call('GET', '/Users')).status === 401);
  });

  test('an expired token is refused', async () => {
    const other = await s.directory();
    const path = `/v1/organizations/${other.org.id}/directories/${other.id}/tokens`;
    const expiresAt = new Date(s.t.clock.now().getTime() + 60_000).toISOString();
    const { body } = await s.t.call('POST', path, {
      key: other.org.ownerKey,
      body: { displayName: 'short', expiresAt },
    });
    const short = s.client(body.token);
    expect((await short('GET', '/Users')).status).toBe(200);
    s.t.clock.advance(61);
    expectError(await short('GET', '/Users'), 401);
  });
});

describe('content', () => {
  test.each([
    ['{"userName": "x"', 'invalidSyntax'],
    ['', 'invalidSyntax'],
    ['[]', 'invalidSyntax'],
    ['"text"', 'invalidSyntax'],
    ['null', 'invalidSyntax'],
    ['7', 'invalidSyntax'],
    [`${'['.repeat(100_000)}`, 'invalidSyntax'],
    [`{"name":${'{"a":'.repeat(100)}1${'}'.repeat(100)}}`, 'invalidSyntax'],
    ['{}', 'invalidValue'],
    ['{"userName": ""}', 'invalidValue'],
    ['{"userName": 7}', 'invalidValue'],
    ['{"userName": ["a", "b"]}', 'invalidValue'],
    ['{"userName": {"a": "b"}}', 'invalidValue'],
    ['{"userName": "a\\u0000b"}', 'invalidValue'],
    ['{"userName": "a\\ud800b"}', 'invalidValue'],
    ['{"userName": "x", "active": "perhaps"}', 'invalidValue'],
    ['{"userName": "x", "emails": "a@b.test", "name": []}', undefined],
    ['{"userName": "x2", "emails": [7]}', 'invalidValue'],
    ['{"userName": "x3", "emails": [{"value": 1e400}]}', 'invalidValue'],
    ['{"userName": "x4", "schemas": "User"}', 'invalidValue'],
    ['{"userName": "x5", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": []}', 'invalidValue'],
  ])('%.60s', async (raw, scimType) => {
    const answer = await d.call('POST', '/Users', undefined, { raw });
    if (scimType === undefined) expect(answer.status).toBe(201);
    else expectError(answer, 400, scimType);
  });

  test('takes application/json too, and nothing else', async () => {
    const raw = JSON.stringify({ userName: 'json' });
    const send = (contentType: string) =>
      d.call('POST', '/Users', undefined, { raw, headers: { 'content-type': contentType } });
    expectError(await send('text/plain'), 415);
    expectError(await send('application/x-www-form-urlencoded'), 415);
    expect((await send('application/json; charset=utf-8')).status).toBe(201);
  });

  test('bytes that are no UTF-8 are refused', async () => {
    const response = await fetch(`${s.scimUrl}/Users`, {
      method: 'POST',
      headers: { authorization: `Bearer ${d.token}`, 'content-type': 'application/scim+json' },
      body: new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]),
    });
    expect(response.status).toBe(400);
  });

  test('more than 16 MB is 413, announced or not', async () => {
    const raw = JSON.stringify({ userName: 'x', title: 'x'.repeat(17 * 1024 * 1024) });
    expectError(await d.call('POST', '/Users', undefined, { raw }), 413, 'tooMany');
    const chunked = await fetch(`${s.scimUrl}/Users`, {
      method: 'POST',
      headers: { authorization: `Bearer ${d.token}`, 'content-type': 'application/scim+json' },
      body: new Blob([raw]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(chunked.status).toBe(413);
  });

  test('a body that ends too early harms nobody', async () => {
    const { port, hostname } = new URL(s.scimUrl);
    const socket = connect(Number(port), hostname);
    await new Promise<void>((resolve) => socket.on('connect', () => resolve()));
    const head = `POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${d.token}\r\nContent-Type: application/scim+json\r\nContent-Length: 100\r\n\r\n{"user`;
    await new Promise<void>((resolve) => socket.write(head, () => resolve()));
    socket.destroy();
    expect((await d.call('GET', '/Users?count=0')).status).toBe(200);
  });

  test('unknown attributes and URNs are dropped and journalled, readOnly ones ignored', async () => {
    const raw = `{"schemas":["${USER}","urn:x"],"userName":"dropping","shoeSize":9,"id":"mine","meta":{"created":"x"},
      "groups":[{"value":"x"}],"urn:x":{"a":1},"name":{"givenName":"A","shoe":1},"__proto__":{"a":1},"password":"secret-word"}`;
    const answer = await d.call('POST', '/Users', undefined, { raw, headers: { 'x-request-id': 'dropping-1' } });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('x-request-id')).toBe('dropping-1');
    const { id, meta, ...rest } = answer.body;
    expect(id).not.toBe('mine');
    expect(rest).toEqual({ schemas: [USER], userName: 'dropping', name: { givenName: 'A' }, active: true });
    const entry = await journalled('dropping-1');
    expect(new Set(entry.detail.dropped)).toEqual(new Set(['urn:x', 'shoeSize', 'name.shoe', '__proto__', 'password']));
    expect(JSON.stringify(entry)).not.toContain('secret-word');
  });
});

describe('names and addresses', () => {
  test.each([
    ['GET', '/Users?filter=shoeSize%20eq%20%221%22', 400, 'invalidFilter'],
    ['GET', '/Users?filter=userName', 400, 'invalidFilter'],
    ['GET', '/Users?filter=%00', 400, 'invalidFilter'],
    ['GET', '/Groups?filter=userName%20eq%20%22x%22', 400, 'invalidFilter'],
    ['GET', '/Users?startIndex=x', 400, 'invalidValue'],
    ['GET', '/Users?count=1.5', 400, 'invalidValue'],
    ['GET', '/Users?sortBy=shoeSize', 400, 'invalidValue'],
    ['GET', '/Users?sortBy=userName&sortOrder=up', 400, 'invalidValue'],
    ['GET', '/Users/not-an-id', 404, undefined],
    ['GET', `/Users/${newId()}`, 404, undefined],
    ['GET', '/Users/%', 404, undefined],
    ['GET', '/Users/%00', 404, undefined],
    ['GET', '/Users/a/b', 404, undefined],
    ['PUT', '/', 405, undefined],
    ['GET', '/constructor', 404, undefined],
    ['GET', '/__proto__/x', 404, undefined],
    ['GET', '/Schemas/urn:none', 404, undefined],
    ['GET', '/Schemas?filter=id%20pr', 403, undefined],
    ['DELETE', '/Users', 405, undefined],
    ['PATCH', '/Users', 405, undefined],
    ['POST', `/Users/${newId()}`, 405, undefined],
    ['POST', '/Schemas', 405, undefined],
    ['PUT', '/ServiceProviderConfig', 405, undefined],
    ['GET', '/Bulk', 405, undefined],
    ['GET', '/Me', 404, undefined],
    ['PATCH', '/Me', 404, undefined],
    ['POST', '/Bulk', 400, 'invalidSyntax'],
  ])('%s %s is %i %s', async (method, path, status, scimType) => {
    const body = method === 'GET' || method === 'DELETE' ? undefined : {};
    const answer = await d.call(method, path, body);
    expectError(answer, status, scimType);
    expect(answer.headers.has('allow')).toBe(status === 405);
  });

  test('values that only look dangerous are values', async () => {
    for (const name of ["'; drop table member; --", '%', '_', '\\', '$1', '"']) {
      const user = await d.user(name);
      const found = await d.call('GET', `/Users?filter=${encodeURIComponent(`userName eq ${JSON.stringify(name)}`)}`);
      expect(found.body.Resources.map((each: { id: string }) => each.id)).toEqual([user.id]);
    }
  });

  test('an unknown member is refused by name', async () => {
    const unknown = newId();
    const answer = await d.call('POST', '/Groups', {
      schemas: [GROUP],
      displayName: 'x',
      members: [{ value: unknown }],
    });
    expectError(answer, 400, 'invalidValue');
    expect(answer.body.detail).toContain(unknown);
  });
});

describe('another tenant', () => {
  test("another organization's ids, and another directory's, are as if they did not exist", async () => {
    const neighbour = await s.directory({ org: d.org });
    const stranger = await s.directory();
    const mine = await d.group('Mine');
    for (const other of [neighbour, stranger]) {
      const user = await other.user(`foreign-${newId()}`);
      const group = await other.group('Foreign', [user.id]);
      const put = { schemas: [USER], userName: 'taken over' };
      expectError(await d.call('GET', `/Users/${user.id}`), 404);
      expectError(await d.call('PUT', `/Users/${user.id}`, put), 404);
      expectError(await d.patch(`/Users/${user.id}`, { op: 'replace', path: 'title', value: 'x' }), 404);
      expectError(await d.call('DELETE', `/Users/${user.id}`), 404);
      expectError(await d.call('GET', `/Groups/${group.id}`), 404);
      expectError(await d.call('PUT', `/Groups/${group.id}`, { schemas: [GROUP], displayName: 'x' }), 404);
      expectError(await d.patch(`/Groups/${group.id}`, { op: 'replace', path: 'displayName', value: 'x' }), 404);
      expectError(await d.patch(`/Groups/${group.id}`, { op: 'remove', path: 'members' }), 404);
      expectError(await d.call('DELETE', `/Groups/${group.id}`), 404);
      const member = { op: 'add', path: 'members', value: [{ value: user.id }] };
      expectError(await d.patch(`/Groups/${mine.id}`, member), 400, 'invalidValue');
      for (const filter of [`id eq "${user.id}"`, `groups.value eq "${group.id}"`]) {
        expect((await d.call('GET', `/Users?filter=${encodeURIComponent(filter)}`)).body.totalResults).toBe(0);
      }
      const groups = await d.call('GET', `/Groups?filter=${encodeURIComponent(`members eq "${user.id}"`)}`);
      expect(groups.body.totalResults).toBe(0);
      expect((await other.call('GET', `/Groups/${group.id}`)).body).toEqual(group);
      expect((await other.call('GET', `/Users/${user.id}`)).body.userName).toBe(user.userName);
    }
  });

  test('totals count one directory', async () => {
    const one = await s.directory();
    await one.user('only');
    expect((await one.call('GET', '/Users?count=0')).body).toMatchObject({ totalResults: 1, Resources: [] });
    expect((await one.call('GET', '/Groups')).body.totalResults).toBe(0);
  });
});

describe('trouble', () => {
  test('a directory that asks too fast is told how long to wait', async () => {
    await using slow = await setupScim({ ratePerSecond: 3 });
    const busy = await slow.directory();
    const calm = await slow.directory();
    const answers = await Promise.all(Array.from({ length: 20 }, () => busy.call('GET', '/Users?count=0')));
    const refused = answers.filter((answer) => answer.status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(Number(refused[0]!.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect((await calm.call('GET', '/Users?count=0')).status).toBe(200);
  });

  test('a database that is down is 503, never 404', async () => {
    const db = new Database('postgres://drawbridge_app:x@127.0.0.1:1/none', { size: 1 });
    const log = createLogger({ logLevel: 'silent' });
    const credentials = new CredentialCache({ db, clock: s.t.clock, log, listenUrl: 'postgres://127.0.0.1:1/none' });
    const limits = { baseUrl: 'http://x', secretKey: TEST_SECRET_KEY, ratePerSecond: 1 };
    const scim = createScim({
      db,
      clock: s.t.clock,
      log,
      credentials,
      ...limits,
      changed: () => {},
      observe: () => {},
    });
    const { createServer } = await import('node:http');
    const server = createServer((request, response) => void scim.handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const response = await fetch(`http://127.0.0.1:${port}/Users`, { headers: { authorization: 'Bearer dbs_x' } });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await response.json()).toMatchObject({ schemas: [ERROR], status: '503' });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await scim.close();
    await credentials.close();
    await db.close();
  });

  test('each request is measured under the template of its path, without ids', async () => {
    const other = await s.directory();
    const { id } = await other.user('measured');
    await other.call('GET', `/Users/${id}`);
    await other.call('GET', '/Nothing/here');
    expect(s.observed.slice(-2)).toMatchObject([
      { method: 'GET', route: '/scim/v2/Users/{id}', status: 200 },
      { method: 'GET', route: '/scim/v2', status: 404 },
    ]);
  });

  test('connections that break are 503 or succeed, and then all is as before', async () => {
    const other = await s.directory();
    const { id } = await other.user('steady');
    const calls = Array.from({ length: 60 }, async (_, n) => {
      if (n % 20 === 10) {
        await s.sql(
          `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'drawbridge_app' and datname = current_database()`,
        );
      }
      return other.patch(`/Users/${id}`, { op: 'replace', path: 'title', value: `t${n}` });
    });
    const statuses = new Set((await Promise.all(calls)).map((answer) => answer.status));
    expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    await eventually(async () => (await other.call('GET', `/Users/${id}`)).status === 200);
  });

  test('a fault of ours is 500 with the request to ask about', async () => {
    const other = await s.directory();
    await s.sql('alter function scim_create_group rename to scim_create_group_away');
    try {
      const body = { schemas: [GROUP], displayName: 'x' };
      const answer = await other.call('POST', '/Groups', body, { headers: { 'x-request-id': 'fault-1' } });
      expectError(answer, 500);
      expect(answer.body.detail).toContain('fault-1');
      expect(answer.body.detail).not.toContain('scim_create_group');
    } finally {
      await s.sql('alter function scim_create_group_away rename to scim_create_group');
    }
  });
});

test('a PATCH message must be one', async () => {
  const { id } = await d.user('patched-badly');
  expectError(await d.call('PATCH', `/Users/${id}`, { schemas: [PATCH] }), 400, 'invalidSyntax');
  expectError(await d.patch(`/Users/${id}`, { op: 'replace', path: 'shoeSize', value: 1 }), 400, 'invalidPath');
  expectError(await d.patch(`/Users/${id}`, { op: 'replace', path: 'id', value: 'x' }), 400, 'mutability');
  expectError(await d.patch(`/Users/${id}`, { op: 'remove' }), 400, 'noTarget');
  expect((await d.call('GET', `/Users/${id}`)).body.meta.version).toBe('W/"1"');
});

async function journalled(requestId: string) {
  return eventually(async () => {
    const [entry] = await s.sql('select * from scim_journal where request_id = $1', [requestId]);
    return entry;
  });
}
