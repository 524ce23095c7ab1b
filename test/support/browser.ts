// A real browser: the Chromium that the npm package @sparticuz/chromium ships, driven by playwright-core. Nothing has to
// be installed; where the system lacks libnss3 the package's own archive has it.
import chromium from '@sparticuz/chromium';
import { type Browser, type BrowserContext, chromium as engine } from 'playwright-core';

// Not the package's own list of arguments: it asks for a single process, which dies with the first profile that is closed.
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
];

/** Starts Chromium; close it when done. */
export async function launchBrowser(): Promise<Browser> {
  return engine.launch({ executablePath: await chromium.executablePath(), args: ARGUMENTS, headless: true });
}

/** A browser profile of its own: no cookies. */
export function newProfile(browser: Browser): Promise<BrowserContext> {
  return browser.newContext({ viewport: { width: 1100, height: 800 } });
}
