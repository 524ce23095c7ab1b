// The local mailbox: takes every mail over SMTP, sends none on, and shows them at /mailbox. Development only.
// Nothing in a mail runs: its HTML is shown in a frame that is sandboxed and may load nothing.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AddressObject, type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { type Html, html } from '../html.ts';
import { newId } from '../ids.ts';
import { type LocalServer, portTrouble, sendJson, sendPage, startLocalServer } from './local-http.ts';
import { page } from './local-page.ts';
import { refuseInProduction } from './trouble.ts';

const KEPT = 500;
const MESSAGES = '/mailbox/messages';
const LARGEST_MAIL_BYTES = 10 * 1024 * 1024;

export type StoredMail = {
  readonly id: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** ISO 8601, when the mailbox took it. */
  readonly date: string;
};

export type Mailbox = {
  /** The page with the list. */
  readonly url: string;
  readonly smtpUrl: string;
  stop(): Promise<void>;
};

/** Starts both servers on 127.0.0.1 (port 0: any free one). Throws StartTrouble `not_in_production`, `port_taken`. */
export async function startMailbox(ports: { readonly smtpPort: number; readonly httpPort: number }): Promise<Mailbox> {
  refuseInProduction('The local mailbox');
  const mails: StoredMail[] = [];
  const smtp = await startSmtp(ports.smtpPort, (mail) => {
    mails.unshift(mail);
    mails.length = Math.min(mails.length, KEPT);
  });
  let web: LocalServer;
  try {
    web = await startLocalServer(ports.httpPort, (request, response) => answer(mails, request, response));
  } catch (error) {
    await closeSmtp(smtp);
    throw error;
  }
  return {
    url: `${web.url}/mailbox`,
    smtpUrl: `smtp://127.0.0.1:${(smtp.server.address() as AddressInfo).port}`,
    stop: async () => {
      await Promise.all([web.stop(), closeSmtp(smtp)]);
    },
  };
}

async function startSmtp(port: number, keep: (mail: StoredMail) => void): Promise<SMTPServer> {
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    size: LARGEST_MAIL_BYTES,
    closeTimeout: 1_000,
    onData(stream, session, done) {
      simpleParser(stream).then(
        (parsed) => {
          const recipients = session.envelope.rcptTo.map((recipient) => recipient.address);
          keep(describe(parsed, recipients));
          done();
        },
        (error: Error) => done(error),
      );
    },
  });
  await new Promise<void>((resolve, reject) => {
    smtp.once('error', (error) => reject(portTrouble(error, port)));
    smtp.listen(port, '127.0.0.1', resolve);
  });
  // A client that hangs up in mid-mail must not end the process.
  smtp.on('error', () => {});
  return smtp;
}

function closeSmtp(smtp: SMTPServer): Promise<void> {
  return new Promise((resolve) => smtp.close(() => resolve()));
}

function describe(parsed: ParsedMail, recipients: readonly string[]): StoredMail {
  return {
    id: newId(),
    from: (parsed.from as AddressObject | undefined)?.text ?? '',
    to: recipients,
    subject: parsed.subject ?? '',
    text: parsed.text ?? '',
    html: parsed.html || '',
    date: new Date().toISOString(),
  };
}

function answer(mails: StoredMail[], request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://mailbox');
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (url.pathname === MESSAGES && request.method === 'DELETE') {
    mails.length = 0;
    response.writeHead(204).end();
  } else if (url.pathname === MESSAGES && isRead) {
    sendJson(response, 200, filterTo(mails, url.searchParams.get('to')));
  } else if (url.pathname === '/' && isRead) {
    response.writeHead(302, { location: '/mailbox' }).end();
  } else if (url.pathname === '/mailbox' && isRead) {
    sendPage(response, 200, listPage(filterTo(mails, url.searchParams.get('to'))));
  } else {
    answerOne(mails, url.pathname, response);
  }
}

function answerOne(mails: readonly StoredMail[], path: string, response: ServerResponse): void {
  const [, id, what] = /^\/mailbox\/messages\/([^/]+)(?:\/(view|html))?$/.exec(path) ?? [];
  const mail = mails.find((candidate) => candidate.id === id);
  if (mail === undefined) {
    sendPage(response, 404, page('Not here', html`<h1>Not here</h1><p><a href="/mailbox">To the mailbox</a></p>`));
  } else if (what === 'view') {
    sendPage(response, 200, mailPage(mail));
  } else if (what === 'html') {
    sendMailHtml(response, mail);
  } else {
    sendJson(response, 200, mail);
  }
}

function filterTo(mails: readonly StoredMail[], to: string | null): readonly StoredMail[] {
  if (to === null) return mails;
  const wanted = to.toLowerCase();
  return mails.filter((mail) => mail.to.some((address) => address.toLowerCase() === wanted));
}

function listPage(mails: readonly StoredMail[]): string {
  const rows = mails.map(
    (mail) => html`<tr><td><a href="${MESSAGES}/${mail.id}/view">${mail.subject || '(no subject)'}</a></td>
<td>${mail.to.join(', ')}</td><td class="muted">${mail.date.slice(0, 19).replace('T', ' ')}</td></tr>`,
  );
  const list =
    rows.length === 0
      ? html`<p class="muted">No mail yet. Everything Drawbridge and Keycloak send on this machine arrives here.</p>`
      : html`<table><tr><th>Subject</th><th>To</th><th>Received (UTC)</th></tr>${rows}</table>`;
  return page('Mailbox', html`<h1>Mailbox</h1>${list}`);
}

function mailPage(mail: StoredMail): string {
  // The sandbox lets a link open in a new tab, which is what one does with an invitation; scripts stay off.
  const frame: Html | undefined = mail.html
    ? html`<h2>As HTML</h2><iframe sandbox="allow-popups allow-popups-to-escape-sandbox" title="The mail as HTML"
src="${MESSAGES}/${mail.id}/html"></iframe>`
    : undefined;
  return page(
    mail.subject || 'Mail',
    html`<p><a href="/mailbox">Mailbox</a></p><h1>${mail.subject || '(no subject)'}</h1>
<p class="muted">From ${mail.from}<br>To ${mail.to.join(', ')}<br>${mail.date}</p>
${frame}<h2>As text</h2><pre>${linkUp(mail.text)}</pre>`,
  );
}

/** Addresses in a mail's text become links. */
function linkUp(text: string): readonly Html[] {
  return text
    .split(/(https?:\/\/[^\s<>"']+)/)
    .map((part, index) =>
      index % 2 === 1 ? html`<a href="${part}" target="_blank" rel="noopener">${part}</a>` : html`${part}`,
    );
}

function sendMailHtml(response: ServerResponse, mail: StoredMail): void {
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups allow-popups-to-escape-sandbox",
    'cache-control': 'no-store',
  });
  response.end(`<base target="_blank">${mail.html}`);
}
