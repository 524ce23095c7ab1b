// The acceptance of invitations as one part of the process: the pages in the browser, and the answer to Keycloak.
import type { Router } from 'express';
import type { Logger } from 'pino';
import type { CoreDeps } from '../db/core-deps.ts';
import { DomainError } from '../errors.ts';
import type { AcceptanceKeycloak } from './deps.ts';
import { createInvitationEntry } from './invitation-entry.ts';
import { createInvitationPages, type InvitationPagesDeps } from './pages/router.ts';

export type AcceptanceDeps = CoreDeps & {
  readonly config: InvitationPagesDeps['config'];
  readonly log: Logger;
  /** Without it links can be read, and nobody can accept. */
  readonly keycloak: AcceptanceKeycloak | undefined;
};

export type Acceptance = {
  readonly invitationEntry: ReturnType<typeof createInvitationEntry>;
  /** Routes below `/invitations`, to be mounted at the root behind `requestScope`. */
  readonly router: Router;
};

export function createAcceptance(deps: AcceptanceDeps): Acceptance {
  const keycloak = deps.keycloak ?? { projectPerson: refuse, hasCredential: refuse };
  return {
    invitationEntry: createInvitationEntry({ ...deps, keycloak }),
    router: createInvitationPages({ ...deps, keycloak }),
  };
}

async function refuse(): Promise<never> {
  throw new DomainError('unavailable', 'No sign-in service is configured here.');
}
