// Holds the forms of the set-up pages to the browser that got them: a random cookie, set on the first GET, and in every
// form what only we can make of it for this one link. Another site can send neither.
import { createHmac } from 'node:crypto';
import type { Request, Response } from 'express';
import { newSecret, secretsEqual } from '../../src/ids.ts';
import { deriveKey } from '../../src/seal.ts';
import { isForeignForm } from '../sign-in/same-site.ts';

const COOKIE = 'db_setup';
const FORM = /^[A-Za-z0-9_-]{43}$/;

/** The value for the forms of this page; sets the cookie where the browser has none. */
export function bindForms(
  req: Request,
  res: Response,
  config: { readonly secretKey: string; readonly baseUrl: string },
  linkId: string,
): string {
  const present = readCookie(req);
  const value = present ?? newSecret();
  if (present === undefined) {
    const secure = config.baseUrl.startsWith('https:');
    res.cookie(COOKIE, value, { httpOnly: true, sameSite: 'lax', secure, path: '/sso/setup' });
  }
  return bindingOf(config.secretKey, value, linkId);
}

/** Whether a posted form was made for this browser and this link. */
export function isBoundForm(req: Request, secretKey: string, linkId: string, sent: string): boolean {
  const value = readCookie(req);
  return value !== undefined && !isForeignForm(req) && secretsEqual(bindingOf(secretKey, value, linkId), sent);
}

function bindingOf(secretKey: string, cookie: string, linkId: string): string {
  return createHmac('sha256', deriveKey(secretKey, 'set-up forms')).update(`${cookie}:${linkId}`).digest('base64url');
}

function readCookie(req: Request): string | undefined {
  const pairs = (req.headers.cookie ?? '').split(';').map((pair) => pair.trim().split('=', 2));
  const value = pairs.find(([name]) => name === COOKIE)?.[1];
  return value !== undefined && FORM.test(value) ? value : undefined;
}
