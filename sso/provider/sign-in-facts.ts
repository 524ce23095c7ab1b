// What our ID token says of one sign-in beside the person: kept in the provider's state beside the grant, because the
// token is made in another request than the sign-in.
import type { CoreDeps } from '../../src/db/core-deps.ts';
import { providerStateAdapter } from './provider-state.ts';

export type SignInFacts = {
  /** The connection that the person came by; absent for an invitation. */
  readonly connectionId?: string;
  /** Of the session at the company, which a logout names; absent for an invitation. */
  readonly sessionId?: string;
  /** Epoch seconds. */
  readonly loginAt: number;
};

const MODEL = 'SignInFacts';
const LIFE_SECONDS = 15 * 60;

export async function rememberSignIn(deps: CoreDeps, grantId: string, facts: SignInFacts): Promise<void> {
  await providerStateAdapter(deps, MODEL).upsert(grantId, { ...facts, grantId }, LIFE_SECONDS);
}

export async function findSignIn(deps: CoreDeps, grantId: string): Promise<SignInFacts | undefined> {
  const found = await providerStateAdapter(deps, MODEL).find(grantId);
  return found as unknown as SignInFacts | undefined;
}
