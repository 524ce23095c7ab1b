// Binds a sign-in to the browser in which it began: a random value in a cookie, its hash on the request row. Lax, so it
// comes with the GET to which the ACS redirects, never with the company's own cross-site POST.
import type { Request, Response } from 'express';
import { hashSecret, newSecret } from '../../src/ids.ts';

const NAME = 'db_browser';
const FORM = /^[A-Za-z0-9_-]{43}$/;

/** The browser's value, made at its first sign-in; the hash of it is what is stored. */
export function ensureBrowser(req: Request, res: Response, secure: boolean): Buffer {
  const present = browserValue(req);
  const value = present ?? newSecret();
  if (present === undefined) {
    res.cookie(NAME, value, { httpOnly: true, sameSite: 'lax', secure, path: '/sso' });
  }
  return hashSecret(value);
}

/** The hash of the browser's value, or undefined if it brings none. */
export function browserHash(req: Request): Buffer | undefined {
  const value = browserValue(req);
  return value === undefined ? undefined : hashSecret(value);
}

function browserValue(req: Request): string | undefined {
  for (const pair of (req.headers.cookie ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === NAME && value !== undefined && FORM.test(value)) return value;
  }
  return undefined;
}
