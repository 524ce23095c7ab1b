// REST: directories, their tokens and their journal.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScimSetup, setupScim } from '../scim/scim-setup.ts';
import { eventually } from '../support/eventually.ts';
import type { MadeOrganization } from '../support/server.ts';

let s: ScimSetup;
let org: MadeOrganization;
beforeAll(async () => {
  s = await setupScim();
  org = await s.t.make.organization();
});
afterAll(() => s[Symbol.asyncDispose]());

const path = (...parts: string[]) => [`/v1/organizations/${org.id}/directories`, ...parts].join('/');
const call = (method: string, at: string, body?: unknown, key = org.ownerKey) => s.t.call(method, at, { key, body });

async function newDirectory(displayName: string): Promise<string> {
  const { status, body } = await call('POST', path(), { displayName, profile: 'okta' });
  expect(status).toBe(201);
  return body.id;
}

describe('directories', () => {
  test('are made, listed with their totals, and audited', async () => {
    const id = await newDirectory('Okta');
    const token = (await call('POST', path(id, 'tokens'), { displayName: 'one' })).body.token;
    await s.client(token)('POST', '/Users', { userName: 'counted' });
    await s.client(token)('POST', '/Groups', { displayName: 'counted' });
    const { body } = await call('GET', path());
    const shown = body.items.find((item: { id: string }) => item.id === id);
    expect(shown).toEqual({
      id,
      displayName: 'Okta',
      status: 'active',
      grants: null,
      profile: 'okta',
      chosenProfile: 'okta',
      detectedProfile: null,
      journalDays: 30,
      keepBodiesUntil: null,
      users: 1,
      groups: 1,
      createdAt: expect.any(String),
    });
    const events = await s.sql('select action from audit_event where subject_id = $1 order by id', [id]);
    expect(events.map((event) => event.action)).toEqual(['directory.created', 'directory.token_issued']);
  });

  test('are renamed, given a profile or left to detection, and change only what is said', async () => {
    const id = await newDirectory('Before');
    const renamed = await call('PATCH', path(id), { displayName: 'After', journalDays: 90 });
    expect(renamed).toMatchObject({ status: 200, body: { displayName: 'After', profile: 'okta', journalDays: 90 } });
    const left = await call('PATCH', path(id), { profile: null });
    expect(left.body).toMatchObject({ displayName: 'After', profile: 'generic', chosenProfile: null, journalDays: 90 });
    expect((await call('GET', path(id))).body).toEqual(left.body);
    const week = new Date(s.t.clock.now().getTime() + 8 * 86_400_000).toISOString();
    expect((await call('PATCH', path(id), { keepBodiesUntil: week })).status).toBe(400);
    const events = await s.sql(
      `select data from audit_event where subject_id = $1 and action = 'directory.changed' order by id`,
      [id],
    );
    expect(events.map(({ data }) => data.changed)).toEqual([
      { displayName: 'After', journalDays: 90 },
      { profile: null },
    ]);
  });

  test('need a name, a known profile and the permission', async () => {
    expect((await call('POST', path(), { displayName: '', profile: 'okta' })).status).toBe(400);
    expect((await call('POST', path(), { displayName: 'x', profile: 'ping' })).status).toBe(400);
    const { key } = await s.t.make.key(org, ['member.view']);
    expect((await call('GET', path(), undefined, key)).status).toBe(403);
  });
});

describe('tokens', () => {
  test('are shown once, kept as a hash, two at most, and revoked at once', async () => {
    const id = await newDirectory('Tokens');
    const first = await call('POST', path(id, 'tokens'), { displayName: 'first' });
    expect(first).toMatchObject({
      status: 201,
      body: { token: expect.stringMatching(/^dbs_[\w-]{43}$/), expiresAt: null },
    });
    const second = await call('POST', path(id, 'tokens'), { displayName: 'second' });
    const third = await call('POST', path(id, 'tokens'), { displayName: 'third' });
    expect(third).toMatchObject({ status: 409, body: { detail: expect.stringContaining('Revoke one first') } });
    for (const { body } of [first, second]) expect((await s.client(body.token)('GET', '/Users')).status).toBe(200);
    expect((await call('DELETE', path(id, 'tokens', first.body.id))).status).toBe(204);
    expect((await call('DELETE', path(id, 'tokens', first.body.id))).status).toBe(404);
    await eventually(async () => (await s.client(first.body.token)('GET', '/Users')).status === 401);
    expect((await s.client(second.body.token)('GET', '/Users')).status).toBe(200);
    expect((await call('POST', path(id, 'tokens'), { displayName: 'third' })).status).toBe(201);
    await s.t.credentials.flush();
    const { body } = await call('GET', path(id, 'tokens'));
    expect(body.items.map((item: { displayName: string }) => item.displayName)).toEqual(['second', 'third']);
    expect(body.items[0].lastUsedAt).toEqual(expect.any(String));
    expect(JSON.stringify(body)).not.toContain('dbs_');
    const [stored] = await s.sql(
      `select count(*)::int as n from credential where encode(hash, 'escape') like '%dbs_%'`,
    );
    expect(stored.n).toBe(0);
  });

  test('two at most, also when they are asked for at once', async () => {
    const id = await newDirectory('Race');
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map((n) => call('POST', path(id, 'tokens'), { displayName: `t${n}` })),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 201, 409, 409, 409]);
  });

  test("of another organization's directory are as if it did not exist", async () => {
    const stranger = await s.directory();
    const foreign = stranger.id;
    expect((await call('POST', path(foreign, 'tokens'), { displayName: 'x' })).status).toBe(404);
    expect((await call('GET', path(foreign, 'tokens'))).status).toBe(404);
    expect((await call('GET', path(foreign, 'journal'))).status).toBe(404);
    const listed = await s.t.call('GET', `/v1/organizations/${stranger.org.id}/directories/${foreign}/tokens`, {
      key: stranger.org.ownerKey,
    });
    expect((await call('DELETE', path(foreign, 'tokens', listed.body.items[0].id))).status).toBe(404);
    expect((await call('GET', path('not-an-id', 'tokens'))).status).toBe(404);
    expect((await stranger.call('GET', '/Users')).status).toBe(200);
  });
});

describe('the journal', () => {
  test('says what a directory sent and what came of it, newest first, without a secret', async () => {
    const id = await newDirectory('Journal');
    const { token } = (await call('POST', path(id, 'tokens'), { displayName: 'j' })).body;
    const scim = s.client(token);
    await scim('POST', '/Users', { userName: 'journal', password: 'secret-word', shoeSize: 9 });
    await scim('GET', '/Users?filter=shoeSize%20eq%201', undefined, { headers: { 'x-request-id': 'asked-1' } });
    const items = await eventually(async () => {
      const { body } = await call('GET', path(id, 'journal'));
      return body.items.length === 2 ? body.items : undefined;
    });
    expect(items).toMatchObject([
      {
        method: 'GET',
        path: '/Users?filter=shoeSize%20eq%201',
        status: 400,
        requestId: 'asked-1',
        detail: { error: 'invalid_filter', detail: 'shoeSize is no attribute of a User.' },
      },
      {
        method: 'POST',
        path: '/Users',
        status: 201,
        detail: { dropped: expect.arrayContaining(['password', 'shoeSize']) },
      },
    ]);
    expect(JSON.stringify(items)).not.toMatch(/secret-word|dbs_/);
  });

  test('is written when the service stops', async () => {
    await using own = await setupScim();
    const d = await own.directory();
    await d.call('GET', '/Users');
    await own.scim.close();
    expect(await own.sql('select status from scim_journal where directory_id = $1', [d.id])).toEqual([{ status: 200 }]);
  });
});
