// Binds a sign-in to the browser in which it began: a random value in a cookie, its hash on the request row. Lax, so it
// comes with the GET to which the ACS redirects, never with the company's own cross-site POST. Over https it has the
// prefix __Host- (RFC 6265bis, 4.1.3.2): whoever serves a sibling name, such as a customer's page under the same domain,
// could otherwise plant the value of their own sign-in and have somebody else finish it.
import type { Request, Response } from 'express';
import { hashSecret, newSecret } from '../../src/ids.ts';

const FORM = /^[A-Za-z0-9_-]{43}$/;

/**
 * The browser's value, made at its first sign-in; the hash of it is what is stored. Each value has a cookie of its own:
 * two tabs that begin at the same time must not overwrite each other's.
 */
export function ensureBrowser(req: Request, res: Response, baseUrl: string): Buffer {
  const [present] = browserValues(req, baseUrl);
  const value = present ?? newSecret();
  if (present === undefined) {
    const secure = isHttps(baseUrl);
    // the prefix demands the whole site as path
    res.cookie(`${nameAt(baseUrl)}${value.slice(0, 8)}`, value, { httpOnly: true, sameSite: 'lax', secure, path: '/' });
  }
  return hashSecret(value);
}

/** The hashes of the values that the browser brings. */
export function browserHashes(req: Request, baseUrl: string): Buffer[] {
  return browserValues(req, baseUrl).map(hashSecret);
}

function browserValues(req: Request, baseUrl: string): string[] {
  const prefix = nameAt(baseUrl);
  return (req.headers.cookie ?? '').split(';').flatMap((pair) => {
    const [name, value] = pair.trim().split('=', 2);
    return name?.startsWith(prefix) && value !== undefined && FORM.test(value) ? [value] : [];
  });
}

function nameAt(baseUrl: string): string {
  return isHttps(baseUrl) ? '__Host-db_browser_' : 'db_browser_';
}

function isHttps(baseUrl: string): boolean {
  return baseUrl.startsWith('https:');
}
