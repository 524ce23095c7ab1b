// Tokens that end: refused from then on, and warned of before, once at each step, to whoever manages directories.
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Mailbox, type StoredMail, startMailbox } from '../../src/dev/mailbox.ts';
import { startJobs } from '../../src/jobs/runner.ts';
import { timedTasks } from '../../src/jobs/timed-tasks.ts';
import { createMailer } from '../../src/mail/mailer.ts';
import { mailTasks } from '../../src/mail/send-mail.ts';
import { type ScimSetup, setupScim } from '../scim/scim-setup.ts';
import { eventually } from '../support/eventually.ts';
import { type MadeOrganization, TEST_SECRET_KEY } from '../support/server.ts';

const DAY = 86_400;
const log = pino({ level: 'silent' });
let s: ScimSetup;
let org: MadeOrganization;
let mailbox: Mailbox;
beforeAll(async () => {
  s = await setupScim();
  org = await s.t.make.organization();
  mailbox = await startMailbox({ smtpPort: 0, httpPort: 0 });
});
afterAll(async () => {
  await mailbox.stop();
  await s[Symbol.asyncDispose]();
});

const call = (method: string, at: string, body?: unknown) =>
  s.t.call(method, `/v1/organizations/${org.id}${at}`, { key: org.ownerKey, body });

async function directoryWithToken(days: number) {
  const directory = (await call('POST', '/directories', { displayName: 'Acme Entra' })).body.id as string;
  const expiresAt = new Date(s.t.clock.now().getTime() + days * DAY * 1_000).toISOString();
  const token = await call('POST', `/directories/${directory}/tokens`, { displayName: 'spring', expiresAt });
  expect(token).toMatchObject({ status: 201, body: { expiresAt } });
  return { directory, token: token.body as { id: string; token: string } };
}

/** The timed work as the queue runs it, and the mails that it asks for. */
async function warn(): Promise<void> {
  const config = {
    smtpUrl: mailbox.smtpUrl,
    mailFrom: 'x@bridge.test',
    baseUrl: s.t.baseUrl,
    secretKey: TEST_SECRET_KEY,
  };
  const deps = { db: s.t.db, clock: s.t.clock, mailer: createMailer(config), config };
  const tasks = { ...timedTasks({ clock: s.t.clock }), ...mailTasks(deps) };
  const jobs = await startJobs({ ownerUrl: s.t.database.url, log, tasks, crontab: '' });
  try {
    await s.sql(`select graphile_worker.add_job('warn_expiring_tokens', '{}')`);
    await eventually(async () => (await s.sql('select from graphile_worker.jobs')).length === 0);
  } finally {
    await jobs.stop();
  }
}

async function mailsTo(address: string): Promise<StoredMail[]> {
  const response = await fetch(`${mailbox.url}/messages`);
  return ((await response.json()) as StoredMail[]).filter(({ to }) => to.includes(address));
}

const warningsOf = async (directory: string): Promise<number[]> => {
  const text = `select data from audit_event where subject_id = $1 and action = 'directory.token_expiring' order by id`;
  return (await s.sql(text, [directory])).map(({ data }) => data.days);
};

test('a token is refused from its end on, and one that ended cannot be asked for', async () => {
  const { directory, token } = await directoryWithToken(1);
  expect((await s.client(token.token)('GET', '/Users')).status).toBe(200);
  s.t.clock.advance(DAY + 1);
  const refused = await s.client(token.token)('GET', '/Users');
  expect(refused.status).toBe(401);
  expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/);
  const past = new Date(s.t.clock.now().getTime() - 1_000).toISOString();
  const answer = await call('POST', `/directories/${directory}/tokens`, { displayName: 'past', expiresAt: past });
  expect(answer.status).toBe(400);
  // the one that ended counts no more
  for (const displayName of ['a', 'b']) {
    expect((await call('POST', `/directories/${directory}/tokens`, { displayName })).status).toBe(201);
  }
});

test('warnings go out 60, 30, 14, 7 and 1 days before the end, once each, to those who manage directories', async () => {
  const admin = (await s.t.make.member(org, { role: 'owner', name: 'admin' })).address as string;
  const reader = (await s.t.make.member(org, { role: 'member', name: 'reader' })).address as string;
  const { directory, token } = await directoryWithToken(90);
  await warn();
  expect(await warningsOf(directory)).toEqual([]);
  for (const [advance, expected] of [
    [31, [60]],
    [1, [60]],
    [29, [60, 30]],
    [22, [60, 30, 7]],
    [6.5, [60, 30, 7, 1]],
  ] as const) {
    s.t.clock.advance(advance * DAY);
    await warn();
    await warn();
    expect(await warningsOf(directory)).toEqual(expected);
  }
  const mails = await mailsTo(admin);
  expect(mails).toHaveLength(4);
  expect(mails.map(({ subject }) => /within (?:\d+ days|a day)/.exec(subject)?.[0]).sort()).toEqual([
    'within 30 days',
    'within 60 days',
    'within 7 days',
    'within a day',
  ]);
  expect(JSON.stringify(mails)).toContain('Acme Entra');
  expect(JSON.stringify(mails)).not.toContain(token.token);
  expect(await mailsTo(reader)).toEqual([]);
  const listed = (await call('GET', `/directories/${directory}/tokens`)).body.items;
  expect(listed).toMatchObject([{ displayName: 'spring', warnedDays: 1 }]);
});

test('nobody is warned of a token that is revoked, that does not end, or whose directory is off', async () => {
  const revoked = await directoryWithToken(20);
  await call('DELETE', `/directories/${revoked.directory}/tokens/${revoked.token.id}`);
  const off = await directoryWithToken(20);
  await call('POST', `/directories/${off.directory}/deactivate`, { grants: 'keep' });
  const endless = (await call('POST', '/directories', { displayName: 'Endless' })).body.id;
  await call('POST', `/directories/${endless}/tokens`, { displayName: 'endless' });
  s.t.clock.advance(13 * DAY);
  await warn();
  for (const directory of [revoked.directory, off.directory, endless]) expect(await warningsOf(directory)).toEqual([]);
});

test('a step that lay before the token was made is no step of it', async () => {
  const { directory } = await directoryWithToken(10);
  await warn();
  expect(await warningsOf(directory)).toEqual([]);
  s.t.clock.advance(4 * DAY);
  await warn();
  expect(await warningsOf(directory)).toEqual([7]);
});
