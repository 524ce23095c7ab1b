// Binds an invitation to the browser that pressed Accept: a random cookie, of which the invitation keeps the hash. It comes
// along when Keycloak sends the browser back by a link, and not with a foreign site's form.
import { timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Database } from '../db/database.ts';
import { hashSecret, isUuid, newSecret } from '../ids.ts';
import { cookiesOf, ownCookie } from '../own-cookie.ts';

const COOKIE = 'db_invite';
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
  const { name, options } = ownCookie(deps.baseUrl, COOKIE);
  response.cookie(name, value, { ...options, maxAge: LIFETIME_MS });
  return true;
}

/** What the browser's cookie says it is bound to; undefined without a well-formed one. */
export function readBinding(request: Pick<Request, 'headers'>, baseUrl: string): BrowserBinding | undefined {
  const { name } = ownCookie(baseUrl, COOKIE);
  const present = cookiesOf(request).find(([known]) => known === name)?.[1];
  const [orgId = '', invitationId = '', secret = ''] = (present ?? '').split('.');
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
  const { name, options } = ownCookie(baseUrl, COOKIE);
  response.clearCookie(name, options);
}
