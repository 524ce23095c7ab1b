// Law 7 and the promise that a revoked key is dead at once, in every process, whatever is remembered.
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashSecret, newId, newSecret } from '../../src/ids.ts';
import { CredentialCache, isUsable } from '../../src/keys/credential-cache.ts';
import { eventually } from '../support/eventually.ts';
import { type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;
let selects = 0;

beforeAll(async () => {
  t = await setup();
  acme = await t.make.organization('acme');
});
afterAll(() => t[Symbol.asyncDispose]());

async function issue(): Promise<{ hash: Buffer; subject: string }> {
  const hash = hashSecret(newSecret());
  const subject = newId();
  await t.db.realm({
    text: `select issue_credential($1, 'scim_token', $2, $3, null)`,
    values: [hash, acme.id, subject],
  });
  return { hash, subject };
}

/** A cache of another process, which counts what it asks the database. */
function otherProcess(): CredentialCache {
  const db = Object.create(t.db, {
    realm: {
      value: (statement: { name?: string; text: string }) => {
        if (statement.name === 'find_credential') selects += 1;
        return t.db.realm(statement);
      },
    },
  });
  const log = { warn: () => {} } as never;
  return new CredentialCache({ db, clock: t.clock, log, listenUrl: t.database.appUrl });
}

test('a credential is asked for once a minute, and again after it', async () => {
  const { hash, subject } = await issue();
  const cache = otherProcess();
  await cache.start();
  selects = 0;
  expect(await cache.lookup(hash)).toMatchObject({ kind: 'scim_token', orgId: acme.id, subjectId: subject });
  await cache.lookup(hash);
  expect(selects).toBe(1);
  t.clock.advance(61);
  await cache.lookup(hash);
  expect(selects).toBe(2);
  await cache.close();
});

test('a revocation is heard by every process at once', async () => {
  const { hash, subject } = await issue();
  const cache = otherProcess();
  await cache.start();
  const before = await cache.lookup(hash);
  expect(before && isUsable(before, t.clock.now())).toBe(true);
  await t.db.realm({ text: `select revoke_credentials('scim_token', $1, $2)`, values: [acme.id, subject] });
  await eventually(async () => {
    const now = await cache.lookup(hash);
    return now !== undefined && !isUsable(now, t.clock.now());
  });
  await cache.close();
});

test('while revocations cannot be heard nothing is remembered', async () => {
  const { hash } = await issue();
  const deaf = otherProcess();
  selects = 0;
  await deaf.lookup(hash);
  await deaf.lookup(hash);
  expect(selects).toBe(2);
});

test('a revocation that was missed while the connection was lost still counts, and listening comes back', async () => {
  const { hash, subject } = await issue();
  const cache = otherProcess();
  await cache.start();
  await cache.lookup(hash);
  const admin = new pg.Client({ connectionString: t.database.adminUrl });
  await admin.connect();
  await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'drawbridge listener' and datname = current_database()`);
  await admin.query(`select revoke_credentials('scim_token', $1, $2)`, [acme.id, subject]);
  await admin.end();
  await eventually(async () => {
    const now = await cache.lookup(hash);
    return now !== undefined && !isUsable(now, t.clock.now());
  });
  await eventually(() => cache.isListening && t.credentials.isListening);
  await cache.close();
});

test('when a credential was last used is written in batches', async () => {
  const { key, id } = await t.make.key(acme, ['member.view']);
  await t.call('GET', '/v1/organizations/acme/members', { key });
  await t.credentials.flush();
  const { body } = await t.call('GET', '/v1/organizations/acme/api-keys', { key: acme.ownerKey });
  const used = body.items.find((item: { id: string }) => item.id === id);
  expect(Date.parse(used.lastUsedAt)).toBeGreaterThan(Date.parse(used.createdAt) - 1000);
});

test('an expired credential opens nothing', async () => {
  const body = {
    displayName: 'short',
    permissions: ['member.view'],
    expiresAt: new Date(t.clock.now().getTime() + 60_000).toISOString(),
  };
  const { body: made } = await t.call('POST', '/v1/organizations/acme/api-keys', { key: acme.ownerKey, body });
  expect((await t.call('GET', '/v1/organizations/acme/members', { key: made.key })).status).toBe(200);
  t.clock.advance(120);
  expect((await t.call('GET', '/v1/organizations/acme/members', { key: made.key })).status).toBe(401);
});
