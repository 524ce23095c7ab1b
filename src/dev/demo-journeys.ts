// How a person goes through the pages: typed address, company's log-in, invitation and password. Used by the demo.
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Page, type ScriptedBrowser, textOf } from './scripted-browser.ts';

const WITHIN_MS = 20_000;

export type AppClaims = {
  readonly email?: string;
  readonly person_id?: string;
  readonly organization?: Readonly<Record<string, { readonly groups?: readonly string[] }>>;
};

/** A new address for each run. */
export function addressOf(name: string, domain: string): string {
  return `${name}.${randomBytes(3).toString('hex')}@${domain}`;
}

/** Application -> Keycloak -> (domain) -> Drawbridge -> the company's realm, and back. */
export async function signInByCompany(
  browser: ScriptedBrowser,
  appUrl: string,
  person: { readonly email: string; readonly password: string },
): Promise<AppClaims> {
  const asked = expectForm(await browser.open(`${appUrl}/login`), 'username', 'Keycloak asks for the address');
  const company = expectForm(
    await browser.submit(asked, { username: person.email }),
    'password',
    'the company asks for the password',
  );
  const home = await browser.submit(company, { username: person.email, password: person.password });
  return readClaims(browser, appUrl, home);
}

/** Mail -> page -> Accept -> Keycloak asks for a password -> application. */
export async function acceptAsNewPerson(
  browser: ScriptedBrowser,
  mailboxUrl: string,
  appUrl: string,
  address: string,
  say: (line: string) => void,
): Promise<AppClaims> {
  const link = await mailedLink(mailboxUrl, address);
  say('mail received; its link leads to the page with the Accept button');
  const page = await browser.open(link);
  const password = expectForm(
    await browser.submit(page, {}, '/accept'),
    'password-new',
    'Keycloak asks for a new password',
  );
  const chosen = `${randomBytes(9).toString('base64url')}-Aa1`;
  await browser.submit(password, { 'password-new': chosen, 'password-confirm': chosen });
  return readClaims(browser, appUrl, await browser.open(`${appUrl}/login`));
}

/** What the application learnt, from its own page. */
async function readClaims(browser: ScriptedBrowser, appUrl: string, arrived: Page): Promise<AppClaims> {
  const me = await browser.open(`${appUrl}/me.json`);
  if (me.status !== 200)
    throw new Error(
      `The application signed nobody in; the browser is at ${arrived.url}: ${textOf(arrived).slice(0, 300)}`,
    );
  return JSON.parse(me.html) as AppClaims;
}

function expectForm(page: Page, field: string, step: string): Page {
  if (page.html.includes(`name="${field}"`)) return page;
  throw new Error(
    `Expected that ${step}, but the browser is at ${page.url} (${page.status}): ${textOf(page).slice(0, 300)}`,
  );
}

async function mailedLink(mailboxUrl: string, address: string): Promise<string> {
  const deadline = Date.now() + WITHIN_MS;
  while (Date.now() < deadline) {
    const response = await fetch(`${mailboxUrl}/messages?to=${encodeURIComponent(address)}`);
    const [mail] = (await response.json()) as { text: string }[];
    const link = /https?:\/\/\S+\/invitations\/[\w-]+/.exec(mail?.text ?? '')?.[0];
    if (link) return link;
    await delay(200);
  }
  throw new Error(`No mail for ${address} came within ${WITHIN_MS / 1000} s`);
}

/** Who was signed in, where, in which teams and role. */
export function describeClaims(claims: AppClaims): string[] {
  const places = Object.entries(claims.organization ?? {}).map(([alias, { groups = [] }]) => {
    const roles = groups.filter((group) => group.startsWith('/roles/')).map((group) => group.slice('/roles/'.length));
    const teams = groups.filter((group) => !group.startsWith('/roles/')).map((group) => group.slice(1));
    return `token: organization ${alias}, teams ${teams.join(', ') || 'none'}, role ${roles.join(', ') || 'none'}`;
  });
  return [`signed in: ${claims.email} (person ${claims.person_id})`, ...places];
}
