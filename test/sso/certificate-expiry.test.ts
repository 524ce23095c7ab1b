// Certificates of identity providers that end: those who manage connections are told in time, once at each step, and no
// sign-in is refused for it.
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Mailbox, type StoredMail, startMailbox } from '../../src/dev/mailbox.ts';
import { startJobs } from '../../src/jobs/runner.ts';
import { timedTasks } from '../../src/jobs/timed-tasks.ts';
import { createMailer } from '../../src/mail/mailer.ts';
import { mailTasks } from '../../src/mail/send-mail.ts';
import { selfSignedCertificate } from '../../sso/saml/key-pair.ts';
import { eventually } from '../support/eventually.ts';
import { makeKey } from '../support/saml-idp.ts';
import { type Json, type MadeOrganization, type Setup, setup, TEST_SECRET_KEY } from '../support/server.ts';
import { KEYS, signed, verify } from './saml/company.ts';

const DAY = 86_400;
let t: Setup;
let org: MadeOrganization;
let mailbox: Mailbox;
let admin: pg.Client;

beforeAll(async () => {
  t = await setup({ clockStands: true });
  org = await t.make.organization('acme');
  mailbox = await startMailbox({ smtpPort: 0, httpPort: 0 });
  admin = new pg.Client({ connectionString: t.database.adminUrl });
  await admin.connect();
});
afterAll(async () => {
  await admin?.end();
  await mailbox?.stop();
  await t?.[Symbol.asyncDispose]();
});

const call = (method: string, path: string, body?: unknown) =>
  t.call(method, `/v1/organizations/${org.id}/connections${path}`, { key: org.ownerKey, body });
const sql = async (text: string, values: unknown[] = []): Promise<Json[]> => (await admin.query(text, values)).rows;

/** A certificate that ends so many days from now; ours are valid for ten years. */
function endingIn(days: number): string {
  const begin = new Date(t.clock.now().getTime() + days * DAY * 1000);
  begin.setUTCFullYear(begin.getUTCFullYear() - 10);
  return selfSignedCertificate(makeKey('ec').privateKey, `in ${days} days`, begin);
}

async function activeConnection(certificates: string[]): Promise<string> {
  const idp = { idpEntityId: 'https://idp.test', ssoUrl: 'https://idp.test/sso', certificates };
  const body = { protocol: 'saml', displayName: 'Acme AD FS', idp, domains: ['acme.test'] };
  const { id } = (await call('POST', '', body)).body;
  const { status } = (await call('POST', `/${id}/activate`, { untested: true })).body;
  expect(status).toBe('active');
  return id;
}

async function warn(): Promise<void> {
  const config = {
    smtpUrl: mailbox.smtpUrl,
    mailFrom: 'x@bridge.test',
    baseUrl: t.baseUrl,
    secretKey: TEST_SECRET_KEY,
  };
  const { db, clock } = t;
  const tasks = { ...timedTasks({ clock }), ...mailTasks({ db, clock, mailer: createMailer(config), config }) };
  const jobs = await startJobs({ ownerUrl: t.database.url, log: pino({ level: 'silent' }), tasks, crontab: '' });
  try {
    await sql(`select graphile_worker.add_job('warn_expiring_certificates', '{}')`);
    await eventually(async () => (await sql('select from graphile_worker.jobs')).length === 0);
  } finally {
    await jobs.stop();
  }
}

const warningsOf = async (id: string): Promise<number[]> => {
  const text = `select data from audit_event where subject_id = $1 and action = 'connection.certificate_expiring' order by id`;
  return (await sql(text, [id])).map(({ data }) => data.days);
};

async function mailsTo(address: string): Promise<StoredMail[]> {
  const response = await fetch(`${mailbox.url}/messages`);
  return ((await response.json()) as StoredMail[]).filter(({ to }) => to.includes(address));
}

test('warnings go out 60, 30, 14, 7 and 1 days before the end, once each, to those who manage connections', async () => {
  const owner = (await t.make.member(org, { role: 'owner', name: 'owner' })).address as string;
  const reader = (await t.make.member(org, { role: 'member', name: 'reader' })).address as string;
  const id = await activeConnection([endingIn(61)]);
  await warn();
  expect(await warningsOf(id)).toEqual([]);
  const seen: number[] = [];
  for (const [advance, step] of [
    [2, 60],
    [30, 30],
    [16, 14],
    [7, 7],
    [5.5, 1],
  ] as const) {
    t.clock.advance(advance * DAY);
    await warn();
    await warn();
    seen.push(step);
    expect(await warningsOf(id)).toEqual(seen);
  }
  t.clock.advance(2 * DAY);
  await warn();
  expect(await warningsOf(id)).toEqual(seen);
  const mails = await mailsTo(owner);
  expect(mails.map(({ subject }) => /ends (within .*):/.exec(subject)?.[1]).sort()).toEqual([
    'within 14 days',
    'within 30 days',
    'within 60 days',
    'within 7 days',
    'within a day',
  ]);
  const [{ fingerprint, expired }] = (await call('GET', `/${id}`)).body.certificates;
  expect(expired).toBe(true);
  expect(JSON.stringify(mails)).toContain('Acme AD FS');
  expect(JSON.stringify(mails)).toContain(fingerprint);
  expect(await mailsTo(reader)).toEqual([]);
  await call('POST', `/${id}/disable`);
});

test('one that ends soon is warned of at once, by the step that it is in', async () => {
  const id = await activeConnection([endingIn(10)]);
  await warn();
  expect(await warningsOf(id)).toEqual([14]);
  await call('POST', `/${id}/disable`);
});

test('nobody is warned where a later certificate is there already, nor for a connection that is off', async () => {
  const id = await activeConnection([endingIn(5), endingIn(700)]);
  await warn();
  expect(await warningsOf(id)).toEqual([]);
  await call('PATCH', `/${id}`, {
    idp: { idpEntityId: 'https://idp.test', ssoUrl: 'https://idp.test/sso', certificates: [endingIn(5)] },
  });
  await call('POST', `/${id}/disable`);
  await warn();
  expect(await warningsOf(id)).toEqual([]);
});

test('a response signed under a certificate that has ended is accepted', () => {
  const ended = selfSignedCertificate(KEYS.idp.privateKey, 'ended', new Date('2010-01-01T00:00:00Z'));
  expect(verify(signed(), { connection: { certificates: [ended] } })).toMatchObject({ ok: true });
});
