// What sign-in needs from outside: the database, the time, addresses and secrets, and three ports.
import type { Logger } from 'pino';
import type { Config } from '../src/config.ts';
import type { CoreDeps } from '../src/db/core-deps.ts';
import type { ResolveTxt } from '../src/orgs/resolve-txt.ts';
import type { InvitationEntry } from './provider/invitation-entry.ts';

/** Without `keycloak`, connections can be kept but nobody can sign in. */
type SsoConfig = Pick<Config, 'baseUrl' | 'appUrl' | 'secretKey' | 'keycloak' | 'environment' | 'ssoAllowedNetworks'>;

export type SsoDeps = CoreDeps & {
  readonly config: SsoConfig;
  readonly log: Logger;
  /** Looks for the proofs of domains. */
  readonly resolveTxt: ResolveTxt;
  /** Makes Keycloak equal for one person without ending sessions; may fail or hang (law 1: the mark stays then). */
  readonly projectPerson: (personId: string) => Promise<unknown>;
  /** Ends one of Keycloak's sessions by its own id; one that is over is no error. */
  readonly endKeycloakSession: (sessionId: string) => Promise<void>;
  readonly invitationEntry: InvitationEntry;
  /** How long a sign-in waits for its projection; 5 s if absent. */
  readonly projectionLimitMs?: number;
};
