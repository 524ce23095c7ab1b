import { createServer } from 'node:net';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Mailbox, type StoredMail, startMailbox } from '../../src/dev/mailbox.ts';
import { findFreePort } from '../../src/dev/ports.ts';

let mailbox: Mailbox;
beforeAll(async () => {
  mailbox = await startMailbox({ smtpPort: 0, httpPort: 0 });
});
beforeEach(async () => {
  await fetch(`${mailbox.url}/messages`, { method: 'DELETE' });
});
afterAll(() => mailbox.stop());

async function send(mail: { to: string; subject: string; text?: string; html?: string }): Promise<void> {
  const transport = createTransport(mailbox.smtpUrl);
  await transport.sendMail({ from: 'Drawbridge <no-reply@drawbridge.test>', text: 'Hello', ...mail });
  transport.close();
}

async function list(query = ''): Promise<StoredMail[]> {
  return (await (await fetch(`${mailbox.url}/messages${query}`)).json()) as StoredMail[];
}

test('keeps what arrives over SMTP, newest first, and filters by recipient', async () => {
  await send({ to: 'ada@acme.test', subject: 'First' });
  await send({ to: 'Bob@globex.test, eve@globex.test', subject: 'Zweite – mit Umlaut ü', html: '<p>Hallo</p>' });
  expect(await list()).toMatchObject([
    {
      from: '"Drawbridge" <no-reply@drawbridge.test>',
      to: ['Bob@globex.test', 'eve@globex.test'],
      subject: 'Zweite – mit Umlaut ü',
      html: '<p>Hallo</p>',
    },
    { to: ['ada@acme.test'], subject: 'First', text: expect.stringContaining('Hello'), html: '' },
  ]);
  expect((await list('?to=bob@GLOBEX.test')).map((mail) => mail.subject)).toEqual(['Zweite – mit Umlaut ü']);
  expect(await list('?to=nobody@acme.test')).toEqual([]);
});

test('shows a mail as a page: links in the text work, its HTML sits in a sandboxed frame that loads nothing', async () => {
  await send({
    to: 'ada@acme.test',
    subject: 'Join us',
    text: 'Open http://127.0.0.1:3000/invitations/x?token=1&y=2 now',
    html: '<script>alert(1)</script><a href="http://127.0.0.1:3000/">Join</a>',
  });
  const [mail] = await list();
  const view = await (await fetch(`${mailbox.url}/messages/${mail?.id}/view`)).text();
  expect(view).toContain('<a href="http://127.0.0.1:3000/invitations/x?token=1&amp;y=2"');
  expect(view).toMatch(/<iframe sandbox="allow-popups allow-popups-to-escape-sandbox"/);
  expect(view).not.toContain('<script');
  const framed = await fetch(`${mailbox.url}/messages/${mail?.id}/html`);
  expect(framed.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/);
});

test('escapes whatever a sender puts into subject, addresses and text', async () => {
  await send({ to: 'ada@acme.test', subject: '<img src=x onerror=alert(1)>', text: '</pre><script>alert(2)</script>' });
  const [mail] = await list();
  const pages = [mailbox.url, `${mailbox.url}/messages/${mail?.id}/view`];
  for (const address of pages) {
    const text = await (await fetch(address)).text();
    expect(text).toContain('&lt;img src=x');
    expect(text).not.toMatch(/<img|<script/);
  }
});

test('keeps the last 500 mails', async () => {
  const transport = createTransport({ url: mailbox.smtpUrl, pool: true, maxConnections: 4, maxMessages: 1_000 });
  const mails = Array.from({ length: 503 }, (_, index) => ({
    from: 'a@b.test',
    to: 'c@d.test',
    subject: `number ${index}`,
    text: '.',
  }));
  await Promise.all(mails.map((mail) => transport.sendMail(mail)));
  transport.close();
  expect(await list()).toHaveLength(500);
});

test('answers 404 for a mail it does not have', async () => {
  const paths = ['/messages/unknown', '/messages/unknown/view', '/elsewhere'];
  const answers = await Promise.all(paths.map((path) => fetch(mailbox.url + path)));
  expect(answers.map((answer) => answer.status)).toEqual([404, 404, 404]);
});

test('refuses to start when NODE_ENV is production', async () => {
  vi.stubEnv('NODE_ENV', 'production');
  const start = startMailbox({ smtpPort: 0, httpPort: 0 });
  await expect(start).rejects.toMatchObject({ kind: 'not_in_production' });
  vi.unstubAllEnvs();
});

test('a port that is taken is one clear line, and nothing is left listening', async () => {
  const taken = await findFreePort();
  const smtpPort = await findFreePort();
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(taken, '127.0.0.1', resolve));
  await expect(startMailbox({ smtpPort, httpPort: taken })).rejects.toMatchObject({
    kind: 'port_taken',
    message: expect.stringContaining(`Port ${taken}`),
  });
  await expect(startMailbox({ smtpPort: taken, httpPort: 0 })).rejects.toMatchObject({ kind: 'port_taken' });
  holder.close();
  const again = await startMailbox({ smtpPort, httpPort: 0 });
  await again.stop();
});
