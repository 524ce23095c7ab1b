// What a person does in a real browser: types an address, logs in at the company, opens a mail, sets a password.
import type { BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import { eventually } from './eventually.ts';
import type { TestSystem } from './system.ts';

export type Claims = {
  readonly sub: string;
  readonly email: string;
  readonly person_id: string;
  readonly db_connection?: string;
  readonly organization: Readonly<Record<string, { readonly id?: string; readonly groups?: readonly string[] }>>;
};

export type Employee = { readonly email: string; readonly password: string };

/** A new tab at the application's front page, then its sign-in. */
export async function startSignIn(context: BrowserContext, system: TestSystem, query = ''): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${system.facts.demoApp.url}/login${query}`);
  return page;
}

/** Types an address into Keycloak's own page. */
export async function typeAddress(page: Page, email: string): Promise<void> {
  await page.fill('input[name="username"]', email);
  await page.click('[name="login"]');
}

/** The company's own log-in page, under its other site. */
export async function logInAtCompany(page: Page, employee: Employee): Promise<void> {
  await page.waitForURL(/^http:\/\/localhost:/);
  await page.fill('input[name="username"]', employee.email);
  await page.fill('input[name="password"]', employee.password);
  await page.click('[name="login"]');
}

/** The way of an employee from the application through the company, wherever it ends. */
async function goByCompany(context: BrowserContext, system: TestSystem, employee: Employee): Promise<Page> {
  const page = await startSignIn(context, system);
  await typeAddress(page, employee.email);
  await logInAtCompany(page, employee);
  return page;
}

/** The whole way, from the application and back. */
export async function signInByCompany(
  context: BrowserContext,
  system: TestSystem,
  employee: Employee,
): Promise<Claims> {
  return claimsAtApp(await goByCompany(context, system, employee), system);
}

/** The way of an employee who is not let in: our own page at which it ends, its words, and the attempt that it names. */
export async function refusedByUs(context: BrowserContext, system: TestSystem, employee: Employee) {
  const page = await goByCompany(context, system, employee);
  await page.waitForURL(`${system.facts.baseUrl}/**`);
  const attempt = (await page.getAttribute('a[href^="/sso/attempts/"]', 'href')) ?? '';
  const words = (await page.textContent('body')) ?? '';
  expect(words).toContain(attempt.split('/').at(-1)); // the trace's id, for whoever is asked
  return { page, words, attempt };
}

/** The page of an attempt, as whoever this browser has signed in gets it. */
export async function openAttempt(context: BrowserContext, system: TestSystem, attempt: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${system.facts.baseUrl}${attempt}`);
  await page.waitForURL(`${system.facts.baseUrl}/sso/attempts/callback**`);
  return page;
}

/** Logs out at the application, in a tab of its own. */
export async function logOutAtApp(context: BrowserContext, system: TestSystem): Promise<void> {
  const page = await context.newPage();
  await page.goto(`${system.facts.demoApp.url}/logout`);
  await page.waitForURL(`${system.facts.demoApp.url}/**`);
  await page.close();
}

/** The claims of the access token, once the browser is back at the application. */
export async function claimsAtApp(page: Page, system: TestSystem): Promise<Claims> {
  await page.waitForURL(`${system.facts.demoApp.url}/**`);
  const response = await page.context().request.get(`${system.facts.demoApp.url}/me.json`);
  expect(response.status(), `the application signed nobody in: ${await page.textContent('body')}`).toBe(200);
  return (await response.json()) as Claims;
}

export type Mail = {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly to: readonly string[];
};

/** The newest mail to an address, once `count` have come. */
export function mailTo(system: TestSystem, address: string, count = 1): Promise<Mail> {
  return eventually(async () => {
    const response = await fetch(`${system.facts.mailbox.url}/messages?to=${encodeURIComponent(address)}`);
    const mails = (await response.json()) as Mail[];
    expect(mails.length).toBeGreaterThanOrEqual(count);
    return mails[0] as Mail;
  });
}

/** The link of an invitation's mail. */
export function linkOf(mail: Mail): string {
  const link = /https?:\/\/\S+\/invitations\/[\w-]+/.exec(mail.text)?.[0];
  expect(link, mail.text).toBeDefined();
  return link as string;
}

export const GOOD_PASSWORD = 'a-Long-enough-passphrase-7';

/** Keycloak's page for a new password. */
export async function choosePassword(page: Page, password = GOOD_PASSWORD): Promise<void> {
  await page.fill('input[name="password-new"]', password);
  await page.fill('input[name="password-confirm"]', password);
  await page.click('[type="submit"]');
}
