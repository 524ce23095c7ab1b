// What a browser test of the whole system starts from: a system and a browser, up before the file's tests and gone after
// them.
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { launchBrowser, newProfile } from './browser.ts';
import type { Employee } from './person.ts';
import { startSystem, type TestSystem } from './system.ts';

export type SystemInBrowser = {
  readonly system: TestSystem;
  /** A browser without cookies. */
  newProfile(): Promise<BrowserContext>;
  /** Somebody of Acme (0, SAML) or Globex (1, OpenID Connect). */
  employee(company: 0 | 1, index: number): Employee;
};

/** Call it at the top of a test file; what it gives is there once the tests run. */
export function useSystemInBrowser(): SystemInBrowser {
  let system: TestSystem | undefined;
  let browser: Browser | undefined;
  beforeAll(async () => {
    [system, browser] = await Promise.all([startSystem(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await system?.[Symbol.asyncDispose]();
  });
  return {
    get system() {
      return system!;
    },
    newProfile: () => newProfile(browser!),
    employee: (company, index) => system!.facts.company[company]!.users[index]!,
  };
}
