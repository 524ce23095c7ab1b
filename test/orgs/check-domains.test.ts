// What becomes of a proof as time goes by: looked for weekly, lost when it stays away for three days, regained by verifying.
// The timed work runs as the queue runs it; DNS is a real server on loopback.
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startJobs } from '../../src/jobs/runner.ts';
import { timedTasks } from '../../src/jobs/timed-tasks.ts';
import { domainTasks } from '../../src/orgs/check-domains.ts';
import { createTxtResolver, type ResolveTxt } from '../../src/orgs/resolve-txt.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { eventually } from '../support/eventually.ts';
import { type Json, type MadeOrganization, type Setup, setup } from '../support/server.ts';

const DAY = 86_400;
const log = pino({ level: 'silent' });
let t: Setup;
let org: MadeOrganization;
let dns: DnsServer;
let resolveTxt: ResolveTxt;
let owner: pg.Client;
let domain: string;
let count = 0;

beforeAll(async () => {
  dns = await startDnsServer();
  resolveTxt = createTxtResolver([dns.address]);
  t = await setup({ resolveTxt, clockStands: true });
  org = await t.make.organization('acme');
  owner = new pg.Client({ connectionString: t.database.url });
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await t[Symbol.asyncDispose]();
  await dns.stop();
});

const call = (method: string, path: string, body?: object) =>
  t.call(method, `/v1/organizations/acme${path}`, { key: org.ownerKey, body });

/** A domain of its own for each test, proved by DNS. */
beforeEach(async () => {
  count += 1;
  domain = `d${count}.test`;
  const { body } = await call('POST', '/domains', { domain });
  dns.records.set(`_drawbridge.${domain}`, [body.txtValue]);
  expect((await call('POST', `/domains/${domain}/verify`)).status).toBe(200);
});

const state = async (): Promise<Json> =>
  (await call('GET', '/domains')).body.items.find((one: Json) => one.domain === domain);

async function passDays(days: number): Promise<void> {
  t.clock.advance(days * DAY);
  const tasks = { ...timedTasks({ clock: t.clock }), ...domainTasks({ clock: t.clock, resolveTxt }) };
  const jobs = await startJobs({ ownerUrl: t.database.url, log, tasks, crontab: '' });
  try {
    for (const name of ['check_domains', 'end_lost_domains']) {
      await owner.query(`select graphile_worker.add_job($1, '{}')`, [name]);
      await eventually(async () => (await owner.query('select from graphile_worker.jobs')).rowCount === 0);
    }
  } finally {
    await jobs.stop();
  }
}

const eventsOf = async (): Promise<string[]> => {
  const text = `select action from audit_event where data ->> 'domain' = $1 order by id`;
  return (await owner.query<{ action: string }>(text, [domain])).rows.map(({ action }) => action);
};

test('a proof that stays is looked for weekly', async () => {
  await passDays(6);
  expect((await state()).lastCheck.at).toBe((await state()).verifiedAt);
  await passDays(1);
  const now = t.clock.now();
  expect(await state()).toMatchObject({
    status: 'verified',
    lastCheck: { at: now.toISOString(), found: 'found' },
    nextCheckAt: new Date(now.getTime() + 7 * DAY * 1000).toISOString(),
  });
});

test('a proof that is missing twice, three days apart, is lost: no new people first, no sign-ins two weeks later', async () => {
  const record = dns.records.get(`_drawbridge.${domain}`)!;
  dns.records.delete(`_drawbridge.${domain}`);
  await passDays(7);
  expect(await state()).toMatchObject({ status: 'verified', lastCheck: { found: 'missing' } });
  await passDays(2);
  expect(await state()).toMatchObject({ status: 'verified' });
  await passDays(1);
  const lostAt = t.clock.now();
  const signInsUntil = new Date(lostAt.getTime() + 14 * DAY * 1000).toISOString();
  expect(await state()).toMatchObject({
    status: 'lost',
    lostAt: lostAt.toISOString(),
    signInsUntil,
    nextCheckAt: null,
  });
  const add = async (name: string) => (await call('POST', '/members', { address: `${name}@${domain}` })).body;
  expect(await add('new')).toMatchObject({ status: 'pending', pending: { reason: 'address_not_verified' } });
  const projected = async (): Promise<string[]> =>
    (await owner.query('select organization_projection($1) as p', [org.id])).rows[0].p.domains;
  await passDays(13);
  expect(await projected()).toContain(domain);
  await passDays(1);
  expect(await projected()).not.toContain(domain);
  expect(await eventsOf()).toEqual([
    'domain.claimed',
    'domain.verified',
    'domain.proof_missing',
    'domain.lost',
    'domain.sign_ins_ended',
  ]);
  dns.records.set(`_drawbridge.${domain}`, record);
  expect((await call('POST', `/domains/${domain}/verify`)).body).toMatchObject({
    status: 'verified',
    admitted: 1,
    lostAt: null,
  });
});

test('a proof that is back in time is not lost, and the count starts anew', async () => {
  const name = `_drawbridge.${domain}`;
  const record = dns.records.get(name)!;
  dns.records.delete(name);
  await passDays(7);
  dns.records.set(name, record);
  await passDays(3);
  expect(await state()).toMatchObject({ status: 'verified', lastCheck: { found: 'found' } });
  dns.records.delete(name);
  await passDays(7);
  expect(await state()).toMatchObject({ status: 'verified', lastCheck: { found: 'missing' } });
});

test('DNS that does not answer proves nothing: asked again after six hours, and no loss', async () => {
  dns.fails = true;
  await passDays(7);
  await passDays(4);
  await passDays(4);
  dns.fails = false;
  expect(await state()).toMatchObject({ status: 'verified', lastCheck: { found: 'unanswered' } });
  await passDays(0.25);
  expect(await state()).toMatchObject({ status: 'verified', lastCheck: { found: 'found' } });
});

test('what an operator decided is not looked for', async () => {
  const body = { domain: `operator-${domain}`, verified: true };
  const decided = await t.call('POST', '/v1/organizations/acme/domains', { key: t.operatorKey, body });
  expect(decided.body).toMatchObject({ status: 'verified', method: 'operator', nextCheckAt: null, lastCheck: null });
});
