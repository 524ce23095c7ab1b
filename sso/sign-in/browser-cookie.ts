// Binds a sign-in to the browser in which it began: a random value in a cookie, its hash on the request row. Lax, so it
// comes with the GET to which the ACS redirects, never with the company's own cross-site POST.
import type { Request, Response } from 'express';
import { hashSecret, newSecret } from '../../src/ids.ts';

const NAME = 'db_browser_';
const FORM = /^[A-Za-z0-9_-]{43}$/;

/**
 * The browser's value, made at its first sign-in; the hash of it is what is stored. Each value has a cookie of its own:
 * two tabs that begin at the same time must not overwrite each other's.
 */
export function ensureBrowser(req: Request, res: Response, secure: boolean): Buffer {
  const [present] = browserValues(req);
  const value = present ?? newSecret();
  if (present === undefined) {
    res.cookie(`${NAME}${value.slice(0, 8)}`, value, { httpOnly: true, sameSite: 'lax', secure, path: '/sso' });
  }
  return hashSecret(value);
}

/** The hashes of the values that the browser brings. */
export function browserHashes(req: Request): Buffer[] {
  return browserValues(req).map(hashSecret);
}

function browserValues(req: Request): string[] {
  return (req.headers.cookie ?? '').split(';').flatMap((pair) => {
    const [name, value] = pair.trim().split('=', 2);
    return name?.startsWith(NAME) && value !== undefined && FORM.test(value) ? [value] : [];
  });
}
