// Somebody else's account holds an address that is our person's (409). Three answers: it is this person's own (its
// creation got no answer), another of our persons', who has given the address up, or not ours at all (design section 3).
import type UserRepresentation from '@keycloak/keycloak-admin-client/lib/defs/userRepresentation.js';
import type { Queryable } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { isUuid } from '../ids.ts';
import { disableAccount, endSessions, parkAccount } from './account.ts';
import type { KeycloakAdmin } from './admin.ts';
import { findPersonOfAccount, findPersonProjection } from './projection-queries.ts';
import { markSubject, noteUncertain, recordQuarantine } from './projection-store.ts';
import { tryLockedOn } from './subject-lock.ts';

/**
 * Frees an address, found by one exact look-up. Gives the account's id if it is this person's own: then it is adopted.
 * Throws DomainError `conflict` when the other person is being worked on: try again.
 */
export async function freeAddress(
  admin: KeycloakAdmin,
  tx: Queryable,
  personId: string,
  address: string,
): Promise<string | undefined> {
  for (const holder of await findHolders(admin, address)) {
    const owner = await ownerOf(tx, holder);
    if (owner === personId) return holder.id!;
    if (owner) await parkPerson(admin, tx, owner, holder.id!);
    else await quarantine(admin, tx, holder.id!, address);
  }
  return undefined;
}

/** Accounts of a person whose creation got no answer: exact look-ups by the names that they were asked for under. */
export async function findOwnAccounts(
  admin: KeycloakAdmin,
  tx: Queryable,
  personId: string,
  addresses: ReadonlySet<string>,
): Promise<string[]> {
  const found: string[] = [];
  for (const address of addresses) {
    for (const holder of await admin.call((api) => api.users.find({ username: address, exact: true }))) {
      if ((await ownerOf(tx, holder)) === personId) found.push(holder.id!);
    }
  }
  return found;
}

async function findHolders(admin: KeycloakAdmin, address: string): Promise<UserRepresentation[]> {
  const byEmail = await admin.call((api) => api.users.find({ email: address, exact: true }));
  const byName = await admin.call((api) => api.users.find({ username: address, exact: true }));
  return [...byEmail, ...byName.filter(({ id }) => !byEmail.some((other) => other.id === id))];
}

/** Whose of our persons an account is. The attribute is only for administrators to write, so it tells the truth even where our own map has lost it. */
export async function ownerOf(tx: Queryable, holder: UserRepresentation): Promise<string | undefined> {
  const mapped = await findPersonOfAccount(tx, holder.id!);
  if (mapped) return mapped;
  const attributes: Record<string, string[]> | undefined = holder.attributes;
  const claimed = attributes?.person_id?.[0];
  if (!claimed || !isUuid(claimed)) return undefined;
  return (await findPersonProjection(tx, claimed)) ? claimed : undefined;
}

/** Two of our persons swap addresses, or one inherits the other's: the holder waits under a temporary one. */
async function parkPerson(admin: KeycloakAdmin, tx: Queryable, owner: string, id: string): Promise<void> {
  const done = await tryLockedOn(tx, 'person', owner, async () => {
    await noteUncertain(tx, owner);
    await parkAccount(admin, id, owner);
    await markSubject(tx, 'person', owner, 1);
    return true;
  });
  if (!done)
    throw new DomainError('conflict', 'The address is held by a person who is being projected at this moment.');
}

/** Nobody of ours: everything that lets anybody in is taken from it, and it gives the address up. */
async function quarantine(admin: KeycloakAdmin, tx: Queryable, id: string, address: string): Promise<void> {
  await recordQuarantine(tx, id, address, 'an account that was not ours held the address of a person');
  await disableAccount(admin, id);
  await endSessions(admin, id);
  for (const { id: credentialId } of await admin.call((api) => api.users.getCredentials({ id }))) {
    await admin.remove((api) => api.users.deleteCredential({ id, credentialId: credentialId! }));
  }
  for (const { identityProvider } of await admin.call((api) => api.users.listFederatedIdentities({ id }))) {
    await admin.remove((api) => api.users.delFromFederatedIdentity({ id, federatedIdentityId: identityProvider! }));
  }
  await parkAccount(admin, id, id);
}
