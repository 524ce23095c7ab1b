// Binds a sign-in to the browser in which it began: a random value in a cookie, its hash on the request row. It comes with
// the GET to which the ACS redirects, never with the company's own cross-site POST.
import type { Request, Response } from 'express';
import { hashSecret, newSecret } from '../../src/ids.ts';
import { cookiesOf, ownCookie } from '../../src/own-cookie.ts';

const PREFIX = 'db_browser_';
const FORM = /^[A-Za-z0-9_-]{43}$/;

/**
 * The browser's value, made at its first sign-in; the hash of it is what is stored. Each value has a cookie of its own:
 * two tabs that begin at the same time must not overwrite each other's.
 */
export function ensureBrowser(req: Request, res: Response, baseUrl: string): Buffer {
  const [present] = browserValues(req, baseUrl);
  const value = present ?? newSecret();
  if (present === undefined) {
    const { name, options } = ownCookie(baseUrl, `${PREFIX}${value.slice(0, 8)}`);
    res.cookie(name, value, options);
  }
  return hashSecret(value);
}

/** The hashes of the values that the browser brings. */
export function browserHashes(req: Request, baseUrl: string): Buffer[] {
  return browserValues(req, baseUrl).map(hashSecret);
}

function browserValues(req: Request, baseUrl: string): string[] {
  const { name: prefix } = ownCookie(baseUrl, PREFIX);
  return cookiesOf(req).flatMap(([name, value]) => (name.startsWith(prefix) && FORM.test(value) ? [value] : []));
}
