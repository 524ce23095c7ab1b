// Idempotency-Key: key, request and effect are one transaction.
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;

beforeAll(async () => {
  t = await setup({ poolSize: 4 });
  acme = await t.make.organization('acme');
});
afterAll(() => t[Symbol.asyncDispose]());

const path = '/v1/organizations/acme/teams';

function post(key: string, displayName: string, address = path) {
  return t.call('POST', address, { key: acme.ownerKey, body: { displayName }, headers: { 'idempotency-key': key } });
}

async function teamCount(): Promise<number> {
  return (await t.call('GET', `${path}?limit=200`, { key: acme.ownerKey })).body.items.length;
}

test('a repeat gets the first answer and changes nothing', async () => {
  const before = await teamCount();
  const first = await post('one', 'Once');
  const second = await post('one', 'Once');
  expect(first).toMatchObject({ status: 201 });
  expect(second).toMatchObject({ status: 201, body: first.body });
  expect(second.headers.get('location')).toBe(first.headers.get('location'));
  expect(second.headers.get('idempotent-replayed')).toBe('true');
  expect(await teamCount()).toBe(before + 1);
});

test('the same key with another body, or another address, is a conflict', async () => {
  await post('two', 'First');
  expect(await post('two', 'Second')).toMatchObject({ status: 409, body: { code: 'conflict' } });
  const elsewhere = `${path}/first`;
  const headers = { 'idempotency-key': 'two' };
  const answer = await t.call('PATCH', elsewhere, { key: acme.ownerKey, body: { displayName: 'First' }, headers });
  expect(answer.status).toBe(409);
});

test('ten at once, more than there are connections, make one', async () => {
  const before = await teamCount();
  const answers = await Promise.all(Array.from({ length: 10 }, () => post('ten', 'Together')));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1);
  expect(await teamCount()).toBe(before + 1);
});

test('a request that was refused leaves its key free', async () => {
  await post('taken', 'Taken');
  expect((await post('again', 'Taken')).status).toBe(409);
  await t.call('PATCH', `${path}/taken`, { key: acme.ownerKey, body: { displayName: 'Other' } });
  expect((await post('again', 'Taken')).status).toBe(409);
  expect((await post('again', 'Free')).status).toBe(201);
});

test('a new API key is never stored in the clear: the replay does not know it', async () => {
  const request = {
    key: acme.ownerKey,
    body: { displayName: 'k', permissions: ['member.view'] },
    headers: { 'idempotency-key': 'key' },
  };
  const first = await t.call('POST', '/v1/organizations/acme/api-keys', request);
  const second = await t.call('POST', '/v1/organizations/acme/api-keys', request);
  expect(first.body.key).toMatch(/^db_/);
  expect(second.body).toEqual({ ...first.body, key: null });
  const stored = await t.db.query(acme.id, {
    text: 'select body::text from idempotency_key where org_id = $1',
    values: [acme.id],
  });
  expect(JSON.stringify(stored)).not.toContain(first.body.key);
});

test('two organizations may use the same key', async () => {
  const globex = await t.make.organization('globex');
  const request = { body: { displayName: 'Once' }, headers: { 'idempotency-key': 'one' } };
  const answer = await t.call('POST', '/v1/organizations/globex/teams', { ...request, key: globex.ownerKey });
  expect(answer.status).toBe(201);
  expect(answer.headers.get('idempotent-replayed')).toBeNull();
});

test('a key of the wrong form is refused', async () => {
  expect((await post('x'.repeat(201), 'Long')).status).toBe(400);
});

test('key and effect are one transaction: when the key cannot be kept, nothing has happened', async () => {
  const admin = new pg.Client({ connectionString: t.database.adminUrl });
  await admin.connect();
  await admin.query(
    `create function doom() returns trigger language plpgsql as $$ begin raise exception 'doomed'; end $$`,
  );
  await admin.query(
    `create trigger doom before update on idempotency_key for each row when (new.key = 'doomed') execute function doom()`,
  );
  const before = await teamCount();
  expect((await post('doomed', 'Half done')).status).toBe(500);
  expect(await teamCount()).toBe(before);
  await admin.query('drop trigger doom on idempotency_key');
  await admin.end();
  expect((await post('doomed', 'Half done')).status).toBe(201);
});

test('keys are kept for a day, then swept', async () => {
  await post('old', 'Yesterday');
  const owner = new pg.Client({ connectionString: t.database.url });
  await owner.connect();
  await owner.query(`select sweep_expired(now() + interval '23 hours')`);
  expect((await post('old', 'Yesterday')).headers.get('idempotent-replayed')).toBe('true');
  await owner.query(`select sweep_expired(now() + interval '25 hours')`);
  await owner.end();
  expect((await post('old', 'Today')).status).toBe(201);
});
