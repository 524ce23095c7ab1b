// Who a request speaks for, once its credential is known to be good.
import type { SessionFacts } from '../members/sign-in-demand.ts';

export type Principal =
  /** The application's operator: every organization, every permission. */
  | { readonly kind: 'operator'; readonly id: string }
  /** An API key of one organization with its own set of permissions. */
  | {
      readonly kind: 'api_key';
      readonly id: string;
      readonly orgId: string;
      readonly memberId: string | undefined;
      readonly permissions: ReadonlySet<string>;
      readonly fullControl: boolean;
    }
  /** A person with a Keycloak access token: rights by organization, as their memberships give them now. */
  | {
      readonly kind: 'person';
      readonly personId: string;
      readonly keycloakSession: string | undefined;
      readonly session: SessionFacts;
    };
