// Sends a browser that logs out on its way: to the next company, or back.
import type { Response } from 'express';
import { postPage } from '../pages/post-page.ts';
import { type SignInDeps, sendOn, sendPage } from '../sign-in/respond.ts';
import { leaveNext } from './leave-companies.ts';
import type { LogoutRequest } from './logout-request-store.ts';

/** @param to undefined: back, to `returnTo` */
export function sendAway(res: Response, to: Awaited<ReturnType<typeof leaveNext>>, returnTo: string): void {
  if (to && 'form' in to) sendPage(res, postPage(to.form));
  else sendOn(res, to?.url ?? returnTo);
}

/** One that is back from a company; without a request of ours it goes to the application. */
export async function sendBack(deps: SignInDeps, res: Response, request: LogoutRequest | undefined): Promise<void> {
  if (!request) sendOn(res, deps.config.appUrl);
  else sendAway(res, await leaveNext(deps, request), request.returnTo);
}
