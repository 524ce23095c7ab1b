// What happens between our pages and Keycloak: a browser goes there with a question and comes back once with the answer;
// whoever owns the invited address is taken in (design, section 4, "Invitations").
import type { Request, Response } from 'express';
import type { Config } from '../../config.ts';
import type { RequestContext } from '../../context.ts';
import type { CoreDeps } from '../../db/core-deps.ts';
import { DomainError } from '../../errors.ts';
import { scopeOf } from '../../http/request-scope.ts';
import { acceptInvitation, projectInTime } from '../accept-invitation.ts';
import { ownsAddress, personOfAccount, resumablePerson, wayIn } from '../acceptance-queries.ts';
import { forgetBinding, isBound, readBinding } from '../browser-binding.ts';
import type { AcceptanceKeycloak } from '../deps.ts';
import { beginHop, type Hop, takeHop } from '../hop-store.ts';
import type { Invitation } from '../invitation.ts';
import { findInvitation, readerOf } from '../invitation-queries.ts';
import { noteCredential } from '../invitation-store.ts';
import type { KeycloakSignIn, SignedIn, SignInRequest } from '../keycloak-sign-in.ts';
import { sendPage } from './page.ts';
import { otherAccountPage } from './pages.ts';

export type Journey = CoreDeps & {
  readonly config: Pick<Config, 'baseUrl' | 'appUrl'>;
  readonly keycloak: AcceptanceKeycloak;
  /** Undefined when no Keycloak is configured. */
  readonly signIn: KeycloakSignIn | undefined;
};

/** The alias of our provider for people who come in by a link (src/keycloak/identity-provider.ts). */
const INVITATION_PROVIDER = 'invitation';

/** Keycloak's answer: consumed once, and only by the browser that the invitation is bound to. */
export async function callback(journey: Journey, request: Request, response: Response): Promise<void> {
  const { state, code, error } = request.query;
  const { hop, invitation, browserHash } = await resume(journey, request, state);
  if (typeof code === 'string') {
    const { signIn } = requireKeycloak(journey);
    const who = await signIn.finish(code, String(state));
    return takeIn(journey, response, { hop, invitation, browserHash, who });
  }
  if (hop.step === 'who' && (error === 'login_required' || error === 'interaction_required')) {
    return goOn(journey, response, invitation);
  }
  ctxOf(response).log.info({ step: hop.step, answer: String(error) }, 'an acceptance came back without a sign-in');
  throw new DomainError(
    'sign_in_refused',
    'The sign-in was not completed. Open the link from your mail again to go on.',
  );
}

/** After "sign out and go on": Keycloak is asked again, so that a session that did not end is noticed. */
export async function signedOut(journey: Journey, request: Request, response: Response): Promise<void> {
  const { invitation } = await resume(journey, request, request.query.state);
  await goToKeycloak(journey, response, invitation, 'who');
}

type Returned = {
  readonly hop: Hop;
  readonly invitation: Invitation;
  readonly browserHash: Buffer;
  readonly who: SignedIn;
};

/** Somebody is signed in: they own the address and the acceptance is theirs, or they are told who they are. */
async function takeIn(journey: Journey, response: Response, { hop, invitation, browserHash, who }: Returned) {
  const { db, config } = journey;
  const personId = who.personId ?? (await personOfAccount(db, who.subject));
  if (personId === undefined || !(await ownsAddress(db, personId, invitation.address))) {
    const { signIn } = requireKeycloak(journey);
    const state = await beginHop(journey, { ...hop, step: 'signed_out' });
    return sendPage(response, otherAccountPage(invitation, who.name, signIn.logoutForm(who.idToken, state)));
  }
  if (invitation.state !== 'accepted') {
    const ctx = ctxOf(response);
    const { orgId, invitationId } = hop;
    await acceptInvitation(journey, ctx, { orgId, invitationId, browserHash, by: { personId } });
    // The application asks Keycloak for a token next, which should know the new membership; later is no harm.
    await projectInTime(ctx, journey.keycloak.projectPerson, personId);
  }
  await noteWhetherCredential(journey, response, personId);
  forgetBinding(response, config.baseUrl);
  response.redirect(303, config.appUrl);
}

/** Nobody is signed in: the owner of the address signs in as usual, or comes in by the link if nothing holds them. */
async function goOn(journey: Journey, response: Response, invitation: Invitation): Promise<void> {
  if (invitation.state === 'accepted') {
    const resumable = await resumablePerson(journey, invitation);
    return goToKeycloak(journey, response, invitation, resumable === undefined ? 'prove' : 'password');
  }
  const way = await wayIn(journey, invitation.address);
  await goToKeycloak(journey, response, invitation, way === 'sign_in' ? 'prove' : 'password');
}

/** Sends the browser to Keycloak with the question of this step. */
export async function goToKeycloak(
  journey: Journey,
  response: Response,
  invitation: Invitation,
  step: 'who' | 'prove' | 'password',
): Promise<void> {
  const { signIn } = requireKeycloak(journey);
  const state = await beginHop(journey, { orgId: invitation.orgId, invitationId: invitation.id, step });
  const loginHint = invitation.address;
  const requests: Record<typeof step, SignInRequest> = {
    who: { state, prompt: 'none' },
    prove: { state, prompt: 'login', loginHint },
    password: { state, prompt: 'login', loginHint, identityProvider: INVITATION_PROVIDER },
  };
  response.redirect(303, signIn.requestUrl(requests[step]));
}

/** The hop that a `state` brings back. Throws `invalid_request` when it is not this browser's, or not any more. */
async function resume(journey: Journey, request: Request, state: unknown) {
  const hop = typeof state === 'string' ? await takeHop(journey, state) : undefined;
  const binding = readBinding(request, journey.config.baseUrl);
  const mine = hop && binding?.orgId === hop.orgId && binding.invitationId === hop.invitationId;
  if (!hop || !binding || !mine || !(await isBound(journey.db, binding))) {
    throw new DomainError(
      'invalid_request',
      'This step was used, took too long, or began in another browser. Open the link from your mail again to go on.',
    );
  }
  const reader = readerOf(journey.db, hop.orgId);
  const invitation = await findInvitation(reader, hop.orgId, hop.invitationId, journey.clock.now());
  if (invitation?.state === 'cancelled') throw new DomainError('invitation_cancelled', 'It was withdrawn meanwhile.');
  if (!invitation || invitation.state === 'expired') throw new DomainError('invitation_expired', 'Ask for a new one.');
  return { hop, invitation, browserHash: binding.hash };
}

/** From now on nobody is linked to this person without proof, and their link is spent for good. */
async function noteWhetherCredential(journey: Journey, response: Response, personId: string): Promise<void> {
  try {
    if (await journey.keycloak.hasCredential(personId)) await noteCredential(journey.db, personId);
  } catch (error) {
    ctxOf(response).log.warn({ err: error, personId }, 'whether the person has a credential could not be asked');
  }
}

function requireKeycloak(journey: Journey): { signIn: KeycloakSignIn } {
  if (!journey.signIn) throw new DomainError('unavailable', 'No sign-in service is configured here.');
  return { signIn: journey.signIn };
}

function ctxOf(response: Response): RequestContext {
  const { requestId, log } = scopeOf(response);
  return { requestId, log, actor: { kind: 'system', id: 'invitation_pages' } };
}
