// What every step of the realm's bootstrap gets: a client, the wishes, and one way to change anything.
import type { KeycloakAdmin } from '../admin.ts';

/** Where Drawbridge and the application are, and the secrets that both sides must know. Absent secrets stay as made. */
export type RealmConfig = {
  /** Public origin of Drawbridge, without a slash at the end. */
  readonly baseUrl: string;
  /** The application's address, where Keycloak's pages lead back to. */
  readonly appUrl?: string | undefined;
  /** Key from which the identity providers' client secrets are derived (idp-secret.ts). */
  readonly providerSecret: string;
  readonly runtimeClientId?: string | undefined;
  readonly runtimeClientSecret?: string | undefined;
  readonly connectionsClientSecret?: string | undefined;
  readonly loginClientSecret?: string | undefined;
  /** Keycloak's own mails: forgotten passwords. */
  readonly smtp?: { readonly url: string; readonly from: string } | undefined;
};

export type RealmStep = {
  readonly admin: KeycloakAdmin;
  readonly config: RealmConfig;
  /** Notes a difference in words and, in a run that may change the realm, removes it. */
  change(difference: string, apply: () => Promise<unknown>): Promise<void>;
};

/** Notes each difference of one object under its name; all of them are removed by one write. */
export async function changeAll(
  step: RealmStep,
  name: string,
  found: readonly string[],
  apply: () => Promise<unknown>,
): Promise<void> {
  if (found.length > 0) await step.change(`${name} (${found.join(', ')})`, apply);
}
