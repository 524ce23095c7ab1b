// Holds the forms of the set-up pages to the browser that got them: a random cookie, set on the first GET, and in every
// form what only we can make of it for this one link. Another site can send neither.
import { createHmac } from 'node:crypto';
import type { Request, Response } from 'express';
import { newSecret, secretsEqual } from '../../src/ids.ts';
import { cookiesOf, ownCookie } from '../../src/own-cookie.ts';
import { deriveKey } from '../../src/seal.ts';
import { isForeignForm } from '../sign-in/same-site.ts';

const COOKIE = 'db_setup';
const FORM = /^[A-Za-z0-9_-]{43}$/;

type Config = { readonly secretKey: string; readonly baseUrl: string };

/** The value for the forms of this page; sets the cookie where the browser has none. */
export function bindForms(req: Request, res: Response, config: Config, linkId: string): string {
  const { name, options } = ownCookie(config.baseUrl, COOKIE);
  const present = readCookie(req, name);
  const value = present ?? newSecret();
  if (present === undefined) res.cookie(name, value, options);
  return bindingOf(config.secretKey, value, linkId);
}

/** Whether a posted form was made for this browser and this link. */
export function isBoundForm(req: Request, config: Config, linkId: string, sent: string): boolean {
  const value = readCookie(req, ownCookie(config.baseUrl, COOKIE).name);
  return value !== undefined && !isForeignForm(req) && secretsEqual(bindingOf(config.secretKey, value, linkId), sent);
}

function bindingOf(secretKey: string, cookie: string, linkId: string): string {
  return createHmac('sha256', deriveKey(secretKey, 'set-up forms')).update(`${cookie}:${linkId}`).digest('base64url');
}

function readCookie(req: Request, name: string): string | undefined {
  const value = cookiesOf(req).find(([known]) => known === name)?.[1];
  return value !== undefined && FORM.test(value) ? value : undefined;
}
