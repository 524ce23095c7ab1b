// /healthz, /readyz, /metrics, /openapi.json, /docs, and a database that goes away.
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from '../../src/db/database.ts';
import { eventually } from '../support/eventually.ts';
import { type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;
let keycloakTrouble: string | undefined;

beforeAll(async () => {
  t = await setup({
    probes: [
      { part: 'keycloak', check: async () => keycloakTrouble },
      { part: 'mail', check: () => Promise.reject(new Error('smtp://user:password@host')) },
    ],
  });
  acme = await t.make.organization('acme');
});
afterAll(() => t[Symbol.asyncDispose]());

async function asAdmin(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: t.database.adminUrl });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

test('readiness stays 200 and names what is degraded, without telling secrets', async () => {
  keycloakTrouble = undefined;
  expect((await t.call('GET', '/readyz')).body).toEqual({
    status: 'ready',
    degraded: [{ part: 'mail', reason: 'cannot be looked at' }],
  });
  keycloakTrouble = '12 changes wait, the oldest since 40 s';
  const { status, body } = await t.call('GET', '/readyz');
  expect(status).toBe(200);
  expect(body.degraded).toContainEqual({ part: 'keycloak', reason: keycloakTrouble });
});

test('a pending migration makes the process not ready, and names it', async () => {
  await asAdmin(`update migration set name = name || '.gone' where name like '0025%'`);
  const answer = await t.call('GET', '/readyz');
  await asAdmin(`update migration set name = replace(name, '.gone', '')`);
  expect(answer).toMatchObject({ status: 503, body: { failing: [{ part: 'migrations' }] } });
  expect(answer.body.failing[0].reason).toContain('0025_api.sql');
});

test('a database that is down is 503 with Retry-After, never 404 or 401; and the process recovers by itself', async () => {
  const teams = '/v1/organizations/acme/teams';
  await asAdmin(`alter database ${t.database.name} connection limit 0`);
  await asAdmin(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${t.database.name}' and pid <> pg_backend_pid()`,
  );
  try {
    for (const path of [teams, '/v1/organizations/unknown', '/readyz']) {
      const answer = await eventually(async () => {
        const got = await t.call('GET', path, { key: acme.ownerKey });
        expect(got.status).toBe(503);
        return got;
      });
      expect(answer.headers.get('retry-after')).toBe('5');
    }
    expect((await t.call('GET', '/healthz')).status).toBe(200);
  } finally {
    await asAdmin(`alter database ${t.database.name} connection limit -1`);
  }
  await eventually(async () => (await t.call('GET', teams, { key: acme.ownerKey })).status === 200);
  await eventually(() => t.credentials.isListening);
});

test('a database that nobody listens at is 503 as well', async () => {
  const nowhere = new Database('postgres://nobody:none@127.0.0.1:1/none', { size: 1 });
  await expect(nowhere.realm({ text: 'select 1' })).rejects.toMatchObject({ code: 'unavailable' });
  await nowhere.close();
});

test('metrics count requests by template, and know the pool and the lag', async () => {
  await t.call('GET', '/v1/organizations/acme/teams', { key: acme.ownerKey });
  const { body } = await t.call('GET', '/metrics');
  expect(body).toMatch(
    /http_request_duration_seconds_count\{method="GET",route="\/v1\/organizations\/\{org\}\/teams",status="200"\} \d/,
  );
  expect(body).toContain('drawbridge_database_connections{state="open"}');
  expect(body).toContain('drawbridge_projection_due 0');
  expect(body).not.toContain(acme.id);
});
