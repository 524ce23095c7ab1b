// The way in by a mailed link alone: Keycloak has come to our OIDC provider, and this says who is at the browser. The
// invitation is spent here, and everything is committed and projected before Keycloak gets its answer.
import type { Request } from 'express';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import { DomainError } from '../errors.ts';
import { newId } from '../ids.ts';
import { acceptInvitation, projectInTime } from './accept-invitation.ts';
import { resumablePerson, wayIn } from './acceptance-queries.ts';
import { type BrowserBinding, isBound, readBinding } from './browser-binding.ts';
import type { AcceptanceKeycloak } from './deps.ts';
import type { Invitation } from './invitation.ts';
import { findInvitation, readerOf } from './invitation-queries.ts';

export type InvitationEntryDeps = CoreDeps & {
  readonly config: Pick<Config, 'baseUrl'>;
  readonly log: Logger;
  readonly keycloak: AcceptanceKeycloak;
};

export type InvitationEntryAnswer =
  | { readonly personId: string }
  | { readonly refusal: { readonly code: string; readonly detail: string } };

/** Implements the port of sso/provider/invitation-entry.ts. Asked again for the same browser, it answers the same person. */
export function createInvitationEntry(
  deps: InvitationEntryDeps,
): (input: { readonly uid: string; readonly req: Request }) => Promise<InvitationEntryAnswer> {
  return async ({ uid, req }) => {
    const ctx: RequestContext = {
      requestId: newId(),
      log: deps.log.child({ interaction: uid }),
      actor: { kind: 'system', id: 'invitation_entry' },
    };
    try {
      return await enter(deps, ctx, readBinding(req, deps.config.baseUrl));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      ctx.log.info({ code: error.code }, 'an invitation was refused at the entry');
      return refuse(error.code, error.message);
    }
  };
}

async function enter(
  deps: InvitationEntryDeps,
  ctx: RequestContext,
  binding: BrowserBinding | undefined,
): Promise<InvitationEntryAnswer> {
  if (!binding)
    return refuse('no_invitation', 'Open the link in your invitation mail, in this browser, and accept there.');
  const find = () =>
    findInvitation(readerOf(deps.db, binding.orgId), binding.orgId, binding.invitationId, deps.clock.now());
  const invitation = await find();
  if (!invitation || !(await isBound(deps.db, binding))) {
    return refuse('no_invitation', 'Open the link in your invitation mail again: it was opened in another browser.');
  }
  if (invitation.state === 'accepted') return resume(deps, ctx, invitation);
  try {
    return await comeIn(deps, ctx, invitation, binding);
  } catch (error) {
    // the same browser's other request (a reloaded page) may have been faster: its person is the answer to both
    const since = await find();
    if (error instanceof DomainError && since?.state === 'accepted') return resume(deps, ctx, since);
    throw error;
  }
}

async function comeIn(
  deps: InvitationEntryDeps,
  ctx: RequestContext,
  invitation: Invitation,
  { orgId, invitationId, hash }: BrowserBinding,
): Promise<InvitationEntryAnswer> {
  if (invitation.state === 'pending' && (await wayIn(deps, invitation.address)) === 'sign_in') {
    throw new DomainError(
      'sign_in_refused',
      'You have an account already. Open the link in your mail again and sign in.',
    );
  }
  return answer(deps, ctx, await acceptInvitation(deps, ctx, { orgId, invitationId, browserHash: hash, by: 'link' }));
}

/** Accepted before, and the password page was left: in again, until there is something to sign in with. */
async function resume(
  deps: InvitationEntryDeps,
  ctx: RequestContext,
  invitation: Invitation,
): Promise<InvitationEntryAnswer> {
  const personId = await resumablePerson(deps, invitation);
  if (personId === undefined) throw new DomainError('invitation_used', 'This invitation was used. Sign in as usual.');
  return answer(deps, ctx, personId);
}

/** Keycloak lets in only whom it knows already, so an account that is not there yet is not announced to it. */
async function answer(
  deps: InvitationEntryDeps,
  ctx: RequestContext,
  personId: string,
): Promise<InvitationEntryAnswer> {
  if (await projectInTime(ctx, deps.keycloak.projectPerson, personId)) return { personId };
  return refuse('account_not_ready', 'Your account is being made. Open the link in your mail again in a minute.');
}

function refuse(code: string, detail: string): InvitationEntryAnswer {
  return { refusal: { code, detail } };
}
