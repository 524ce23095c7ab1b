// The page at /docs in a real browser: it renders, searches and sends under its own strict policy.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, newProfile } from '../support/browser.ts';
import { type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;
let browser: Browser;
let page: Page;
const complaints: string[] = [];
const requested: string[] = [];

beforeAll(async () => {
  t = await setup();
  acme = await t.make.organization('acme');
  browser = await launchBrowser();
  page = await (await newProfile(browser)).newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => requested.push(request.url()));
  await page.goto(`${t.baseUrl}/docs`);
  await page.locator('article').first().waitFor();
});
afterAll(async () => {
  await browser.close();
  await t[Symbol.asyncDispose]();
});

test('shows every operation by tag, with its schemas', async () => {
  expect(await page.locator('article').count()).toBe(t.api.endpoints.length);
  const article = page.locator('#postOrganizationsOrgTeams');
  await expect(article.locator('h3').textContent()).resolves.toContain('/v1/organizations/{org}/teams');
  await expect(article.textContent()).resolves.toContain('displayName');
  await expect(page.locator('nav h2').allTextContents()).resolves.toContain('Members');
});

test('a search hides what does not fit', async () => {
  await page.locator('#search').fill('post teams');
  const shown = await page.locator('article:visible').count();
  expect(shown).toBeGreaterThan(0);
  expect(shown).toBeLessThan(6);
  await page.locator('#search').fill('');
});

test('"Try it" sends a real request with the bearer and shows the answer', async () => {
  await page.locator('#bearer').fill(acme.ownerKey);
  const article = page.locator('#postOrganizationsOrgTeams');
  await article.locator('.try > summary').click();
  await article.locator('input[name=org]').fill('acme');
  await article.locator('textarea').fill('{"displayName": "From the docs"}');
  await article.locator('button').click();
  await article.locator('.result', { hasText: '201' }).waitFor();
  await expect(article.locator('.result').textContent()).resolves.toContain('from-the-docs');
});

test('nothing was loaded from elsewhere, stored, or refused by the policy', async () => {
  expect(requested.filter((url) => !url.startsWith(`${t.baseUrl}/`))).toEqual([]);
  expect(complaints).toEqual([]);
  const kept = await page.evaluate(() => localStorage.length + sessionStorage.length + document.cookie.length);
  expect(kept).toBe(0);
});
