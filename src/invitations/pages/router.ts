// The acceptance in the browser (design, section 4, "Invitations"): the page of a mailed link, Accept, and the ways back
// from Keycloak. A GET of a mailed link changes nothing (law 7).
import express, { type ErrorRequestHandler, type Request, type Response, type Router } from 'express';
import type { Config } from '../../config.ts';
import { DomainError, errorInfo } from '../../errors.ts';
import { scopeOf } from '../../http/request-scope.ts';
import { type OpenedLink, openLink, resumablePerson, unfinishedPerson } from '../acceptance-queries.ts';
import { bindBrowser } from '../browser-binding.ts';
import { createKeycloakSignIn } from '../keycloak-sign-in.ts';
import { callback, goToKeycloak, type Journey, signedOut } from './journey.ts';
import { sendPage, setPageHeaders } from './page.ts';
import { type EndedReason, endedPage, offerPage, resumePage, troublePage } from './pages.ts';

export type InvitationPagesDeps = Omit<Journey, 'signIn' | 'config'> & {
  readonly config: Pick<Config, 'baseUrl' | 'appUrl' | 'secretKey' | 'keycloak'>;
};

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** Routes below `/invitations`; to be mounted at the root, behind `requestScope`. */
export function createInvitationPages(deps: InvitationPagesDeps): Router {
  const { keycloak } = deps.config;
  const signIn =
    keycloak &&
    createKeycloakSignIn({ ...deps.config, keycloak, clock: deps.clock, callbackPath: '/invitations/callback' });
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
