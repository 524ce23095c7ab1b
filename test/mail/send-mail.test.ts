// Mail end to end: from the REST call through the queue over real SMTP, and what is written back to the invitation.

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { simpleParser } from 'mailparser';
import { pino } from 'pino';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from '../../src/db/database.ts';
import { type Mailbox, type StoredMail, startMailbox } from '../../src/dev/mailbox.ts';
import { type Jobs, startJobs } from '../../src/jobs/runner.ts';
import { mailHealth } from '../../src/mail/mail-health.ts';
import { createMailer } from '../../src/mail/mailer.ts';
import { mailTasks } from '../../src/mail/send-mail.ts';
import { type InviteSetup, setupInvitations } from '../invitations/invite-setup.ts';
import { eventually } from '../support/eventually.ts';
import { type Json, type MadeOrganization, TEST_SECRET_KEY } from '../support/server.ts';

const log = pino({ level: 'silent' });
let s: InviteSetup;
let acme: MadeOrganization;
let mailbox: Mailbox;

beforeAll(async () => {
  s = await setupInvitations();
  acme = await s.t.make.organization('acme');
  mailbox = await startMailbox({ smtpPort: 0, httpPort: 0 });
});
afterAll(async () => {
  await mailbox.stop();
  await s[Symbol.asyncDispose]();
});

function tasksFor(smtpUrl: string | undefined) {
  const config = {
    smtpUrl,
    mailFrom: 'Drawbridge <no-reply@bridge.test>',
    baseUrl: s.pagesUrl,
    secretKey: TEST_SECRET_KEY,
  };
  return mailTasks({ db: s.t.db, clock: s.t.clock, mailer: createMailer(config), config });
}

/** Runs the queue for as long as `work` takes. */
async function withQueue(smtpUrl: string | undefined, work: () => Promise<void>): Promise<void> {
  const jobs: Jobs = await startJobs({ ownerUrl: s.t.database.url, log, tasks: tasksFor(smtpUrl), crontab: '' });
  try {
    await work();
  } finally {
    await jobs.stop();
  }
}

const invite = async (email: string): Promise<Json> =>
  (await s.invite(acme, { email, role: 'manager', message: 'Hello <Ada>' })).body;
const read = async (id: string): Promise<Json> =>
  (await s.t.call('GET', `/v1/organizations/${acme.id}/invitations/${id}`, { key: acme.ownerKey })).body;

async function mailsTo(address: string): Promise<StoredMail[]> {
  const response = await fetch(`${mailbox.url}/messages`);
  return ((await response.json()) as StoredMail[]).filter(({ to }) => to.includes(address));
}

/** The arguments of the job that an invitation left, run by hand: as often as a test wants. */
async function runMailJob(smtpUrl: string | undefined, invitation: { id: string; sentCount: number }): Promise<void> {
  const payload = {
    template: 'invitation',
    orgId: acme.id,
    invitationId: invitation.id,
    sentCount: invitation.sentCount,
  };
  const query = () => Promise.reject(new Error('not used'));
  await tasksFor(smtpUrl).send_mail!(payload, { log, attempt: 1, lastAttempt: false, signal: undefined, query });
}

test('an invitation arrives in text and HTML, its link opens the page, and the row says sent', async () => {
  const invitation = await invite('ada@elsewhere.test');
  await withQueue(mailbox.smtpUrl, () =>
    eventually(async () => expect((await read(invitation.id)).delivery).toBe('sent')),
  );
  const [mail] = await mailsTo('ada@elsewhere.test');
  expect(mail?.from).toContain('no-reply@bridge.test');
  expect(mail?.subject).toBe('You are invited to acme');
  expect(mail?.html).toContain('Hello &lt;Ada&gt;');
  const link = new RegExp(`${s.pagesUrl}/invitations/[A-Za-z0-9_-]{43}`).exec(mail?.text ?? '')?.[0] ?? '';
  expect(mail?.html).toContain(`href="${link}"`);
  expect((await fetch(link)).status).toBe(200);
  const row = await read(invitation.id);
  expect(row).toMatchObject({ delivery: 'sent', deliveryError: null, lastSentAt: expect.any(String) });
  expect(await mailHealth(s.t.db)).toBeUndefined();
  expect(await s.sql('select from graphile_worker._private_jobs')).toEqual([]);
});

test('a job that runs twice sends once, and one that was overtaken or cancelled sends nothing', async () => {
  const invitation = await invite('twice@elsewhere.test');
  await runMailJob(mailbox.smtpUrl, invitation);
  const { lastSentAt } = await read(invitation.id);
  await runMailJob(mailbox.smtpUrl, invitation);
  expect(await mailsTo('twice@elsewhere.test')).toHaveLength(1);
  expect((await read(invitation.id)).lastSentAt).toBe(lastSentAt);

  const overtaken = await invite('overtaken@elsewhere.test');
  const path = `/v1/organizations/${acme.id}/invitations/${overtaken.id}`;
  await s.t.call('POST', `${path}/resend`, { key: acme.ownerKey });
  await runMailJob(mailbox.smtpUrl, overtaken);
  expect(await mailsTo('overtaken@elsewhere.test')).toEqual([]);
  await s.t.call('POST', `${path}/cancel`, { key: acme.ownerKey });
  await runMailJob(mailbox.smtpUrl, { ...overtaken, sentCount: 2 });
  expect(await mailsTo('overtaken@elsewhere.test')).toEqual([]);
});

test('an unreachable mail server: the row says failed, health says since when, the job stays, and all mends itself', async () => {
  const invitation = await invite('later@elsewhere.test');
  const dead = await closedPort();
  await withQueue(`smtp://127.0.0.1:${dead}`, () =>
    eventually(async () => expect((await read(invitation.id)).delivery).toBe('failed')),
  );
  expect((await read(invitation.id)).deliveryError).toContain('ECONNREFUSED');
  expect(await mailHealth(s.t.db)).toMatch(/^no mail goes out since .*ECONNREFUSED/);
  const waiting = await s.sql('select attempts, locked_by from graphile_worker._private_jobs');
  expect(waiting).toEqual([expect.objectContaining({ attempts: 1, locked_by: null })]);

  await s.sql('update graphile_worker._private_jobs set run_at = now()');
  await withQueue(mailbox.smtpUrl, () =>
    eventually(async () => expect((await read(invitation.id)).delivery).toBe('sent')),
  );
  expect(await mailHealth(s.t.db)).toBeUndefined();
  expect(await mailsTo('later@elsewhere.test')).toHaveLength(1);
});

test('without SMTP_URL mail waits, and health says why', async () => {
  const invitation = await invite('nowhere@elsewhere.test');
  await expect(runMailJob(undefined, invitation)).rejects.toThrow('SMTP_URL is not set');
  expect(await mailHealth(s.t.db)).toContain('SMTP_URL is not set');
  await runMailJob(mailbox.smtpUrl, invitation);
  expect(await mailHealth(s.t.db)).toBeUndefined();
});

test('a recipient that the server refuses for good is not tried again, and is no fault of the server', async () => {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no such mailbox'), { responseCode: 550 })),
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const invitation = await invite('refused@elsewhere.test');
    const { port } = server.server.address() as AddressInfo;
    await runMailJob(`smtp://127.0.0.1:${port}`, invitation);
    const row = await read(invitation.id);
    expect(row).toMatchObject({ delivery: 'failed', deliveryError: expect.stringContaining('no such mailbox') });
    expect(await mailHealth(s.t.db)).toBeUndefined();
  } finally {
    await new Promise<void>((resolve) => server.close(resolve));
  }
});

test('the mail itself: one recipient, a Message-ID that repeats with the mail, no key and nothing that loads', async () => {
  const raw: Buffer[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        raw.push(Buffer.concat(chunks));
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.server.address() as AddressInfo;
    const invitation = await invite('raw@elsewhere.test');
    await runMailJob(`smtp://127.0.0.1:${port}`, invitation);
    const mail = await simpleParser(raw[0]!);
    expect(mail.messageId).toBe(`<invitation-${invitation.id}-1@127.0.0.1>`);
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail.to).toMatchObject({ text: 'raw@elsewhere.test' });
    expect(mail.text).toContain('Your role: Manager');
    expect(mail.html).not.toMatch(/<(img|script|link|iframe)|url\(/);
    expect(raw[0]!.toString()).not.toMatch(/db_[0-9a-f]{32}_/);
  } finally {
    await new Promise<void>((resolve) => server.close(resolve));
  }
});

async function closedPort(): Promise<number> {
  const holder = createServer((socket: Socket) => socket.destroy());
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address() as AddressInfo;
  await new Promise((resolve) => holder.close(resolve));
  return port;
}

test('the other owners, and nobody else, are told that a break-glass owner has signed in', async () => {
  const { t } = s;
  const org = await t.make.organization('glassworks');
  const [ada, grace] = [
    await t.make.member(org, { role: 'owner', name: 'ada' }),
    await t.make.member(org, { role: 'owner', name: 'grace' }),
  ];
  await t.make.member(org, { role: 'admin', name: 'alan' });
  const path = `/v1/organizations/${org.id}/sign-in-policy/break-glass`;
  expect((await t.call('POST', path, { key: org.ownerKey, body: { memberId: ada.id } })).status).toBe(201);
  const text = `update break_glass set ready_at = now() - interval '2 minutes' where org_id = $1`;
  await t.db.query(org.id, { text, values: [org.id] });
  await using worker = new AsyncDisposableStack();
  const db = worker.adopt(new Database(t.database.workerUrl, { size: 1 }), (it) => it.close());
  const signsIn = (session: string) =>
    db.realm({ text: 'select note_password_sign_in($1, $2, now())', values: [ada.personId, session] });
  await signsIn('the one that proves');
  await signsIn('the one that tells');
  await signsIn('the one that tells');
  await withQueue(mailbox.smtpUrl, async () => {
    const mail = await eventually(async () => (await mailsTo(grace.address))[0]);
    expect(mail.subject).toBe('A break-glass owner of glassworks has signed in: ada');
    expect(mail.text).toContain('suspend the member');
  });
  const all = (await (await fetch(`${mailbox.url}/messages`)).json()) as StoredMail[];
  expect(all.filter(({ subject }) => subject.includes('break-glass')).flatMap(({ to }) => to)).toEqual([grace.address]);
});
