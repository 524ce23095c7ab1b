// What the use cases of invitations are given, and the calls to Keycloak that their composition lends them.
import type { CoreDeps } from '../db/core-deps.ts';

export type InvitationDeps = CoreDeps & {
  readonly config: { readonly secretKey: string };
};

/** Keycloak, as far as an acceptance needs it; implemented in src/keycloak. */
export type AcceptanceKeycloak = {
  /** Makes Keycloak equal for one person, under its lock. */
  projectPerson(personId: string): Promise<unknown>;
  /** Whether the person's account has a password or another credential, as Keycloak says now. */
  hasCredential(personId: string): Promise<boolean>;
};
