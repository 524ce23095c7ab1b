// The acceptance in the browser, hop by hop (design, section 4, "Invitations"): page, Accept, whose session is this, sign
// in or come in by the link, done. A GET of a mailed link changes nothing (law 7).
import express, { type ErrorRequestHandler, type Request, type Response, type Router } from 'express';
import type { Config } from '../../config.ts';
import type { RequestContext } from '../../context.ts';
import type { CoreDeps } from '../../db/core-deps.ts';
import { DomainError, errorInfo } from '../../errors.ts';
import { scopeOf } from '../../http/request-scope.ts';
import { acceptInvitation, projectInTime } from '../accept-invitation.ts';
import {
  type OpenedLink,
  openLink,
  ownsAddress,
  personOfAccount,
  resumablePerson,
  unfinishedPerson,
  wayIn,
} from '../acceptance-queries.ts';
import { bindBrowser, forgetBinding, isBound, readBinding } from '../browser-binding.ts';
import type { AcceptanceKeycloak } from '../deps.ts';
import { beginHop, type Hop, takeHop } from '../hop-store.ts';
import type { Invitation } from '../invitation.ts';
import { findInvitation, readerOf } from '../invitation-queries.ts';
import { createKeycloakSignIn, type KeycloakSignIn, type SignedIn, type SignInRequest } from '../keycloak-sign-in.ts';
import { sendPage, setPageHeaders } from './page.ts';
import { type EndedReason, endedPage, offerPage, otherAccountPage, resumePage, troublePage } from './pages.ts';

export type InvitationPagesDeps = CoreDeps & {
  readonly config: Pick<Config, 'baseUrl' | 'appUrl' | 'secretKey' | 'keycloak'>;
  readonly keycloak: AcceptanceKeycloak;
};

type Journey = InvitationPagesDeps & { readonly signIn: KeycloakSignIn | undefined };

const TOKEN = /^[A-Za-z0-9_-]{43}$/;
/** The alias of our provider for people who come in by a link (src/keycloak/identity-provider.ts). */
const INVITATION_PROVIDER = 'invitation';

/** Routes below `/invitations`; to be mounted at the root, behind `requestScope`. */
export function createInvitationPages(deps: InvitationPagesDeps): Router {
  const { keycloak } = deps.config;
  const signIn = keycloak && createKeycloakSignIn({ ...deps.config, keycloak, clock: deps.clock });
  const journey: Journey = { ...deps, signIn };
  const router = express.Router();
  const at = (path: string, step: (journey: Journey, request: Request, response: Response) => Promise<void>) =>
    [
      path,
      async (request: Request, response: Response) => {
        scopeOf(response).route = path;
        setPageHeaders(response);
        await step(journey, request, response);
      },
    ] as const;
  router.get(...at('/invitations/callback', callback));
  router.get(...at('/invitations/signed-out', signedOut));
  router.get(...at('/invitations/:token', showOffer));
  router.post(...at('/invitations/:token/accept', accept));
  router.use('/invitations', showTrouble);
  return router;
}

async function showOffer(journey: Journey, request: Request, response: Response): Promise<void> {
  const link = await linkOf(journey, request);
  const { invitation } = link ?? {};
  const ended = endOf(link);
  const acceptPath = `/invitations/${request.params.token}/accept`;
  if (invitation?.state === 'accepted' && ended === 'used' && !link?.over && !link?.replaced) {
    const unfinished = await unfinishedPerson(journey.db, invitation);
    if (unfinished !== undefined) return sendPage(response, resumePage(invitation, acceptPath));
  }
  if (ended) return sendPage(response, endedPage(ended, invitation, journey.config.appUrl));
  sendPage(response, offerPage(invitation!, acceptPath));
}

/** Binds the browser, then asks Keycloak whose session it holds. */
async function accept(journey: Journey, request: Request, response: Response): Promise<void> {
  // the page's own Referrer-Policy makes browsers send "Origin: null", so this header is what tells a foreign form
  const site = request.get('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new DomainError('forbidden', 'Open the link from your mail and press the button there.');
  }
  const link = await linkOf(journey, request);
  const ended = endOf(link);
  if (link && ended === 'used' && !link.over && !link.replaced) {
    if ((await resumablePerson(journey, link.invitation)) === undefined) return showEnd(journey, response, link, ended);
  } else if (!link || ended) {
    return showEnd(journey, response, link, ended ?? 'unknown');
  }
  const { invitation } = link;
  const bound = await bindBrowser({ db: journey.db, baseUrl: journey.config.baseUrl }, response, invitation);
  if (!bound) return showEnd(journey, response, link, 'cancelled');
  await goToKeycloak(journey, response, invitation, 'who');
}

/** Keycloak's answer: consumed once, and only by the browser that the invitation is bound to. */
async function callback(journey: Journey, request: Request, response: Response): Promise<void> {
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
async function signedOut(journey: Journey, request: Request, response: Response): Promise<void> {
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

async function goToKeycloak(
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
  const binding = readBinding(request);
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

async function linkOf(journey: Journey, request: Request): Promise<OpenedLink | undefined> {
  const { token } = request.params;
  return typeof token === 'string' && TOKEN.test(token) ? openLink(journey, token) : undefined;
}

/** Why a link opens nothing (any more); undefined for an open one. */
function endOf(link: OpenedLink | undefined): EndedReason | undefined {
  if (!link) return 'unknown';
  const { state } = link.invitation;
  if (state === 'accepted') return 'used';
  if (state === 'cancelled') return 'cancelled';
  if (link.replaced) return 'replaced';
  return state === 'expired' || link.over ? 'expired' : undefined;
}

function showEnd(journey: Journey, response: Response, link: OpenedLink | undefined, reason: EndedReason): void {
  sendPage(response, endedPage(reason, link?.invitation, journey.config.appUrl));
}

function requireKeycloak(journey: Journey): { signIn: KeycloakSignIn } {
  if (!journey.signIn) throw new DomainError('unavailable', 'No sign-in service is configured here.');
  return { signIn: journey.signIn };
}

function ctxOf(response: Response): RequestContext {
  const { requestId, log } = scopeOf(response);
  return { requestId, log, actor: { kind: 'system', id: 'invitation_pages' } };
}

/** Failures as pages; what has no name tells an id only. */
const showTrouble: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) return next(error);
  const { requestId, log } = scopeOf(response);
  if (!(error instanceof DomainError)) {
    log.error({ err: error }, 'unexpected failure');
    const detail = `Something failed on our side. Try again; if it stays, give this id to your administrator: ${requestId}`;
    return sendPage(response, troublePage({ status: 500, title: 'That did not work', detail }));
  }
  log.info({ code: error.code, err: error.cause }, 'an acceptance was refused');
  const { status, title } = errorInfo(error.code);
  sendPage(response, troublePage({ status, title, detail: error.message }));
};
