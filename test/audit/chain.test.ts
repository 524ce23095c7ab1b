// Law 6: audit events refuse change, and a chain of hashes shows what was changed behind everybody's back.
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let org: MadeOrganization;

beforeAll(async () => {
  t = await setup();
});
beforeEach(async () => {
  org = await t.make.organization();
});
afterAll(() => t[Symbol.asyncDispose]());

async function as(url: string, ...statements: [string, unknown[]?][]): Promise<pg.QueryResult[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const results = [];
    for (const [text, values] of statements) results.push(await client.query(text, values));
    return results;
  } finally {
    await client.end();
  }
}

/** As the sealing job does it. */
async function sealOnce(): Promise<number> {
  const [result] = await as(t.database.url, ['select seal_audit($1) as count', [org.id]]);
  return result?.rows[0].count;
}

/** Until nothing waits: the horizon is the whole server's, so another test file's transaction holds it back for a moment. */
async function seal(): Promise<number> {
  let sealed = 0;
  await eventually(async () => {
    sealed += await sealOnce();
    const [waiting] = await as(t.database.url, ['select from organizations_to_seal() as o where o = $1', [org.id]]);
    return waiting?.rowCount === 0;
  });
  return sealed;
}

/** What somebody with the server's own rights could do. */
const tamper = (text: string) =>
  as(t.database.adminUrl, [`set session_replication_role = replica`], [text.replace('$org', `'${org.id}'`)]);

const verify = async () =>
  (await t.call('GET', `/v1/organizations/${org.id}/audit-events/verify`, { key: org.ownerKey })).body;

describe('law 6: append-only', () => {
  test.each([
    ['app', 'update audit_event set action = action', /permission denied/],
    ['app', 'delete from audit_event', /permission denied/],
    [
      'app',
      'insert into audit_seal (org_id, epoch, seq, event_id, event_txid, hash) select org_id, 1, 1, id, txid, sha256($$x$$::bytea) from audit_event',
      /permission denied/,
    ],
    ['owner', 'update audit_event set action = action', /append_only/],
    ['owner', 'delete from audit_event', /append_only/],
    ['owner', 'truncate audit_event', /append_only/],
    ['owner', 'update audit_seal set seq = seq', /append_only/],
    ['owner', 'truncate audit_seal', /append_only/],
  ])('%s: %s is refused', async (role, statement, message) => {
    await seal();
    const url = role === 'app' ? t.database.appUrl : t.database.url;
    await expect(as(url, [`select set_config('drawbridge.org_id', '${org.id}', false)`], [statement])).rejects.toThrow(
      message,
    );
  });

  test('app and worker cannot seal', async () => {
    for (const url of [t.database.appUrl, t.database.workerUrl]) {
      await expect(as(url, ['select seal_audit($1)', [org.id]])).rejects.toThrow(/permission denied/);
    }
  });
});

describe('law 6: the chain', () => {
  test('covers every event once, goes on where it was, and holds', async () => {
    await t.make.team(org, 'One');
    const first = await seal();
    expect(first).toBeGreaterThan(3);
    expect(await verify()).toEqual({ intact: true, sealed: first, unsealed: 0, brokenAt: null });
    await t.make.team(org, 'Two');
    expect(await verify()).toMatchObject({ intact: true, unsealed: 1 });
    expect(await seal()).toBe(1);
    expect(await seal()).toBe(0);
    expect(await verify()).toEqual({ intact: true, sealed: first + 1, unsealed: 0, brokenAt: null });
  });

  test.each([
    [
      'a changed word',
      `update audit_event set action = 'team.renamed' where org_id = $org and action = 'team.created'`,
    ],
    [
      'a changed actor',
      `update audit_event set actor = '{"kind":"system"}' where org_id = $org and action = 'team.created'`,
    ],
    ['changed data', `update audit_event set data = '{}' where org_id = $org and action = 'team.created'`],
    [
      'a moved time',
      `update audit_event set at = at - interval '1 second' where org_id = $org and action = 'team.created'`,
    ],
    ['a removed event', `delete from audit_event where org_id = $org and action = 'team.created'`],
    ['a changed seal', `update audit_seal set hash = sha256('x') where org_id = $org and seq = 2`],
  ])('finds %s', async (_, statement) => {
    await t.make.team(org, 'Witness');
    await seal();
    expect((await verify()).intact).toBe(true);
    await tamper(statement);
    const proof = await verify();
    expect(proof).toMatchObject({ intact: false, brokenAt: expect.any(String) });
  });

  test('takes no event whose transaction could still be overtaken by an older one', async () => {
    await seal();
    const slow = new pg.Client({ connectionString: t.database.appUrl });
    await slow.connect();
    await slow.query(`select set_config('drawbridge.org_id', $1, false)`, [org.id]);
    await slow.query('begin');
    await slow.query(`select record_audit($1, '{}', 'slow', 'test', $1)`, [org.id]);
    await t.make.team(org, 'Fast');
    expect(await sealOnce()).toBe(0);
    await slow.query('commit');
    await slow.end();
    expect(await seal()).toBe(2);
    expect((await verify()).intact).toBe(true);
  });

  test('survives the erasure of names and addresses, which it holds as salted hashes', async () => {
    const member = await t.make.member(org, { name: 'forgotten' });
    await seal();
    const events = `/v1/organizations/${org.id}/audit-events?subjectId=${member.id}&action=member.created`;
    const read = async () => (await t.call('GET', events, { key: org.ownerKey })).body.items[0].personal;
    expect(await read()).toMatchObject({ displayName: 'forgotten' });
    await t.db.query(org.id, { text: 'delete from audit_personal where org_id = $1', values: [org.id] });
    expect(await read()).toBeNull();
    expect((await verify()).intact).toBe(true);
    const [{ rows }] = (await as(t.database.adminUrl, [
      'select data::text from audit_event where org_id = $1',
      [org.id],
    ])) as [pg.QueryResult];
    expect(JSON.stringify(rows)).not.toContain('forgotten');
  });
});

test('events are listed newest first, by action, subject, actor and time, in pages without gaps', async () => {
  for (const name of ['A', 'B', 'C', 'D', 'E']) await t.make.team(org, name);
  const path = `/v1/organizations/${org.id}/audit-events`;
  const list = async (query: string) => (await t.call('GET', `${path}?${query}`, { key: org.ownerKey })).body;
  const all = (await list('limit=200')).items;
  const paged: unknown[] = [];
  let cursor = '';
  do {
    const page = await list(`limit=2${cursor}`);
    paged.push(...page.items);
    cursor = page.nextCursor ? `&cursor=${page.nextCursor}` : '';
  } while (cursor);
  expect(paged).toEqual(all);
  expect((await list('action=team.created')).items).toHaveLength(5);
  expect((await list(`subjectId=${all[0].subject.id}`)).items).toHaveLength(1);
  expect((await list(`actorId=${all[0].actor.id}&action=team.created`)).items).toHaveLength(5);
  expect((await list(`from=${encodeURIComponent(new Date(Date.now() + 3_600_000).toISOString())}`)).items).toEqual([]);
  expect(all[0]).toMatchObject({ actor: { kind: 'api_key', requestId: expect.any(String) } });
});

test('a change that is rolled back leaves no event (law 1)', async () => {
  await t.make.team(org, 'Taken');
  const before = await t.call('GET', `/v1/organizations/${org.id}/audit-events?limit=200`, { key: org.ownerKey });
  const again = await t.call('POST', `/v1/organizations/${org.id}/teams`, {
    key: org.ownerKey,
    body: { displayName: 'Taken' },
  });
  expect(again.status).toBe(409);
  const after = await t.call('GET', `/v1/organizations/${org.id}/audit-events?limit=200`, { key: org.ownerKey });
  expect(after.body.items).toEqual(before.body.items);
});
