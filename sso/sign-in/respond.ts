// How the browser's routes answer: pages, refusals with a way back, and the context of what they do.
import type { NextFunction, Response } from 'express';
import type { Actor, RequestContext } from '../../src/context.ts';
import { newId } from '../../src/ids.ts';
import type { SsoDeps } from '../deps.ts';
import type { RelyingParty } from '../oidc/relying-party.ts';
import type { GuardedFetch } from '../outbound/guarded-fetch.ts';
import type { Page } from '../pages/page.ts';
import { type RefusalPageInput, refusalPage } from '../pages/refusal-page.ts';
import { testResultPage } from '../pages/test-pages.ts';
import { answerPerson, findInteraction, isFor } from '../provider/answer-keycloak.ts';
import type { KeyRing } from '../provider/key-ring.ts';
import { interactionPath, type OidcProvider } from '../provider/provider.ts';
import type { Finished } from './finish-sign-in.ts';

export type SignInDeps = SsoDeps & {
  readonly provider: OidcProvider['provider'];
  readonly keyRing: KeyRing;
  readonly relyingParty: RelyingParty;
  readonly outbound: GuardedFetch;
};

/** Names the route for the request's log line and metrics; ids stay out of both. */
export function atRoute(route: string): (req: unknown, res: Response, next: NextFunction) => void {
  return (_req, res, next) => {
    const scope = res.locals.scope as { route?: string } | undefined;
    if (scope) scope.route = route;
    next();
  };
}

export function sendPage(res: Response, page: Page): void {
  res.status(page.status).set(page.headers).send(page.html);
}

/** Sends the browser on; nothing on the way may be kept. */
export function sendOn(res: Response, url: string): void {
  res.setHeader('Cache-Control', 'no-store');
  res.redirect(303, url);
}

export function sendRefusal(
  deps: Pick<SsoDeps, 'config'>,
  res: Response,
  refusal: Omit<RefusalPageInput, 'appUrl' | 'backPath' | 'attemptPath'> & {
    readonly interactionUid: string | undefined;
    /** The trace's id is the reference, so that an administrator can read the attempt. */
    readonly traced?: boolean;
  },
): void {
  const { interactionUid, traced, ...rest } = refusal;
  const attemptPath = traced && refusal.reference !== undefined ? `/sso/attempts/${refusal.reference}` : undefined;
  const backPath = interactionUid === undefined ? undefined : `${interactionPath(interactionUid)}/back`;
  sendPage(res, refusalPage({ ...rest, appUrl: deps.config.appUrl, attemptPath, backPath }));
}

/** Who acts in a sign-in. The request's id and logger are the process's own where it has opened them. */
export function contextOf(deps: Pick<SsoDeps, 'log'>, res: Response, actor: Actor): RequestContext {
  const scope = res.locals.scope as { requestId: string; log: RequestContext['log'] } | undefined;
  return { requestId: scope?.requestId ?? newId(), log: scope?.log ?? deps.log, actor };
}

/** What a one-line parameter of a path or query says; arrays and objects are nothing. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The end of a sign-in at the company: our answer to Keycloak, or our page. */
export async function sendFinished(deps: SignInDeps, res: Response, finished: Finished): Promise<void> {
  if (!finished.ok) return sendRefusal(deps, res, { ...finished, traced: true });
  if (finished.ok === 'tested') return sendPage(res, testResultPage(finished.connection, finished.result));
  const { interactionUid, connection, personId, sessionId } = finished;
  const interaction = interactionUid === undefined ? undefined : await findInteraction(deps.provider(), interactionUid);
  if (!interaction || !(await isFor(deps, interaction, connection.orgId))) {
    return sendRefusal(deps, res, { code: 'request_expired', interactionUid: undefined });
  }
  const loginAt = Math.floor(deps.clock.now().getTime() / 1000);
  sendOn(res, await answerPerson(interaction, personId, { connectionId: connection.id, sessionId, loginAt }));
}
