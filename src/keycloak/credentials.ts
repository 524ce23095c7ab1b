// What only Keycloak knows of a person: whether the account holds a credential.
import type { Keycloak } from './keycloak.ts';
import { findAccountId } from './projection-queries.ts';

/** Whether the person can prove something to Keycloak itself: a password, a one-time code, a passkey. */
export async function hasCredential({ db, runtime }: Keycloak, personId: string): Promise<boolean> {
  const id = await findAccountId({ query: db.realm.bind(db) }, personId);
  if (!id) return false;
  const credentials = await runtime.find((api) => api.users.getCredentials({ id }));
  return (credentials ?? []).length > 0;
}
