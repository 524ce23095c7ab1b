// Binds an invitation to the browser that pressed Accept: a random cookie, of which the invitation keeps the hash. Lax, so
// that it comes along when Keycloak sends the browser back by a link, and not with a foreign site's form. Over https only
// this very host can have set it (__Host-), so that nobody else's invitation is planted by a page of a sibling host.
import { timingSafeEqual } from 'node:crypto';
import type { CookieOptions, Request, Response } from 'express';
import type { Database } from '../db/database.ts';
import { hashSecret, isUuid, newSecret } from '../ids.ts';

const LIFETIME_MS = 60 * 60 * 1000;
const SECRET = /^[A-Za-z0-9_-]{43}$/;

export type BrowserBinding = { readonly orgId: string; readonly invitationId: string; readonly hash: Buffer };

/** Binds this browser, and no other from now on; answers false when the invitation is not open any more. */
export async function bindBrowser(
  deps: { readonly db: Database; readonly baseUrl: string },
  response: Response,
  invitation: { readonly orgId: string; readonly id: string },
): Promise<boolean> {
  const secret = newSecret();
  const bound = await deps.db.query(invitation.orgId, {
    text: `update invitation set browser_hash = $3 where org_id = $1 and id = $2 and status in ('pending', 'accepted')
      returning id`,
    values: [invitation.orgId, invitation.id, hashSecret(secret)],
  });
  if (bound.length === 0) return false;
  const value = `${invitation.orgId}.${invitation.id}.${secret}`;
  response.cookie(nameAt(deps.baseUrl), value, { ...cookieOptions(deps.baseUrl), maxAge: LIFETIME_MS });
  return true;
}

/** What the browser's cookie says it is bound to; undefined without a well-formed one. */
export function readBinding(request: Pick<Request, 'headers'>, baseUrl: string): BrowserBinding | undefined {
  const [orgId = '', invitationId = '', secret = ''] = (cookieOf(request, nameAt(baseUrl)) ?? '').split('.');
  if (!isUuid(orgId) || !isUuid(invitationId) || !SECRET.test(secret)) return undefined;
  return { orgId, invitationId, hash: hashSecret(secret) };
}

/** Whether the invitation is bound to the browser of this binding. */
export async function isBound(db: Database, binding: BrowserBinding): Promise<boolean> {
  const [row] = await db.query<{ browser_hash: Buffer | null }>(binding.orgId, {
    text: 'select browser_hash from invitation where org_id = $1 and id = $2',
    values: [binding.orgId, binding.invitationId],
  });
  return row?.browser_hash != null && timingSafeEqual(row.browser_hash, binding.hash);
}

/** The journey is over: the cookie goes. */
export function forgetBinding(response: Response, baseUrl: string): void {
  response.clearCookie(nameAt(baseUrl), cookieOptions(baseUrl));
}

function cookieOptions(baseUrl: string): CookieOptions {
  return { httpOnly: true, sameSite: 'lax', path: '/', secure: baseUrl.startsWith('https:') };
}

function nameAt(baseUrl: string): string {
  return baseUrl.startsWith('https:') ? '__Host-db_invite' : 'db_invite';
}

function cookieOf(request: Pick<Request, 'headers'>, cookie: string): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = pair.split('=', 2);
    if (name?.trim() === cookie) return value?.trim();
  }
  return undefined;
}
