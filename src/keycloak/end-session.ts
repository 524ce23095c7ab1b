// Ends one session of the realm by its own id, with its tokens, whatever opened it.
import type { Keycloak } from './keycloak.ts';

/** One that is over already is no error. Throws KeycloakUnreachable or KeycloakRefused. */
export function endSession({ runtime }: Pick<Keycloak, 'runtime'>, sessionId: string): Promise<void> {
  const { realm } = runtime;
  return runtime.remove((api) => api.realms.deleteSession({ realm, session: sessionId, isOffline: false }));
}
