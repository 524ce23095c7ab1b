// Law 7: secrets are stored as hashes, shown once, and are never in logs, answers or replays.
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashSecret, newSecret, secretsEqual } from '../../src/ids.ts';
import { createLogger } from '../../src/log.ts';
import { type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;
const secrets: string[] = [];

beforeAll(async () => {
  t = await setup();
  acme = await t.make.organization('acme');
  const { key } = await t.make.key(acme, ['member.view']);
  const directories = '/v1/organizations/acme/directories';
  const { body: directory } = await t.call('POST', directories, {
    key: acme.ownerKey,
    body: { displayName: 'Entra' },
  });
  const { body: issued } = await t.call('POST', `${directories}/${directory.id}/tokens`, {
    key: acme.ownerKey,
    body: { displayName: 'Entra' },
  });
  await t.make.member(acme);
  secrets.push(t.operatorKey, acme.ownerKey, key);
  for (const bearer of [...secrets, `${key.slice(0, -1)}0`]) {
    await t.call('GET', '/v1/organizations/acme/members', { key: bearer });
    await t.call('POST', '/v1/organizations/acme/teams', { key: bearer, raw: '{"broken' });
    await t.call('POST', '/v1/access/check', {
      key: bearer,
      body: { organization: 'acme', subjectToken: 'ey.secret-token.x' },
    });
  }
  secrets.push('secret-token', issued.token);
});
afterAll(() => t[Symbol.asyncDispose]());

/** Each secret whole, and of a key also the random part alone, which may hold an underscore itself. */
const secretParts = () => secrets.flatMap((secret) => [secret, secret.split('_').slice(2, -1).join('_') || secret]);

test('law 7: no table holds a secret, in any column', async () => {
  const client = new pg.Client({ connectionString: t.database.adminUrl });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`,
    );
    const filled = new Set<string>();
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`select to_jsonb(x)::text as row from ${name} x`);
      if (rows.length > 0) filled.add(name);
      const text = rows.map(({ row }) => row).join('\n');
      for (const part of secretParts()) expect([name, text.includes(part)]).toEqual([name, false]);
    }
    for (const name of ['public.credential', 'public.member', 'public.audit_event']) expect(filled).toContain(name);
    const { rows } = await client.query('select encode(hash, $1) as hash from credential', ['hex']);
    expect(rows.map((row) => row.hash)).toContain(hashSecret(acme.ownerKey).toString('hex'));
  } finally {
    await client.end();
  }
});

test('law 7: no log line holds a secret', () => {
  const text = t.logLines.join('\n');
  expect(t.logLines.length).toBeGreaterThan(10);
  for (const part of secretParts()) expect(text.includes(part)).toBe(false);
});

test('law 7: the root logger cuts secrets at every depth that our lines have', () => {
  const lines: string[] = [];
  const log = createLogger({ logLevel: 'info' }, { write: (line) => void lines.push(line) });
  log.info(
    { token: 'hidden', headers: { authorization: 'hidden', cookie: 'hidden' }, a: { b: { password: 'hidden' } } },
    'x',
  );
  log.warn({ list: [{ secret: 'hidden' }] }, 'y');
  log.error({ err: Object.assign(new Error('why'), { authorization: 'hidden' }) }, 'z');
  expect(lines.join()).not.toContain('hidden');
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['x', 'y', 'z']);
  expect(JSON.parse(lines[2]!).err).toMatchObject({ type: 'Error', message: 'why' });
});

test('law 7: a secret has 256 random bits, and comparing takes any two lengths', () => {
  expect(Buffer.from(newSecret(), 'base64url')).toHaveLength(32);
  expect(new Set(Array.from({ length: 1000 }, newSecret)).size).toBe(1000);
  expect(secretsEqual('a', 'a')).toBe(true);
  expect(secretsEqual('a', 'ab')).toBe(false);
});

test('law 7: a GET changes nothing', async () => {
  const count = async () => {
    const [row] = await t.db.query<{ events: string }>(acme.id, {
      text: 'select count(*) as events from audit_event where org_id = $1',
      values: [acme.id],
    });
    return row?.events;
  };
  const before = await count();
  for (const { method, path, access } of t.api.endpoints) {
    if (method !== 'get' || /\{(?!org)/.test(path)) continue;
    await t.call('GET', path.replace('{org}', 'acme'), { key: access === 'operator' ? t.operatorKey : acme.ownerKey });
  }
  expect(await count()).toBe(before);
});
