// Compares everything that Drawbridge has put into Keycloak with what is there now, read fresh; repairs by marking, so
// that there is one way in which Keycloak is changed. `drawbridge doctor` runs it.
import { readAccount } from './account.ts';
import { ownerOf } from './address-conflict.ts';
import type { Keycloak } from './keycloak.ts';
import { organizationDrift } from './project-organization.ts';
import { changeOf, describeChange, endsAccess, wishedAccount } from './projection.ts';
import {
  findAccountId,
  findPersonOfAccount,
  findPersonProjection,
  listOrganizationIds,
  listPersonsWithAccount,
} from './projection-queries.ts';
import { markSubject, noteAttempts, noteUncertain, type SubjectKind } from './projection-store.ts';

const PAGE = 100;

export type Drift = {
  /** `account` = one that Keycloak has and we do not know. It stays, unless it is a second one of a person of ours. */
  readonly kind: SubjectKind | 'account';
  readonly id: string;
  /** What is different, one line each. */
  readonly differences: readonly string[];
};

/** Every difference between Keycloak and the database; with `repair` each person and organization found is marked. */
export async function findDrift(keycloak: Keycloak, options: { readonly repair?: boolean } = {}): Promise<Drift[]> {
  const db = { query: keycloak.db.realm.bind(keycloak.db) };
  const drift: Drift[] = [];
  for (const id of await listOrganizationIds(db)) {
    const differences = await organizationDrift(keycloak, db, id);
    if (differences.length === 0) continue;
    drift.push({ kind: 'organization', id, differences });
    if (options.repair) await markSubject(db, 'organization', id, 1);
  }
  for (const id of await listPersonsWithAccount(db)) {
    const { differences, ends } = await personDrift(keycloak, id);
    if (differences.length === 0) continue;
    drift.push({ kind: 'person', id, differences });
    if (!options.repair) continue;
    await noteUncertain(db, id);
    await markSubject(db, 'person', id, ends ? 0 : 1);
  }
  for (const unknown of await listUnknownAccounts(keycloak)) {
    const found = await unknownDrift(keycloak, unknown, options.repair ?? false);
    if (found) drift.push(found);
  }
  return drift;
}

async function personDrift(keycloak: Keycloak, personId: string): Promise<{ differences: string[]; ends: boolean }> {
  const db = { query: keycloak.db.realm.bind(keycloak.db) };
  const person = await findPersonProjection(db, personId);
  if (!person) return { differences: [], ends: false };
  const wished = wishedAccount(person);
  const id = await findAccountId(db, personId);
  const found = id ? await readAccount(keycloak.runtime, id) : undefined;
  if (!found) return { differences: wished.enabled ? ['has no account'] : [], ends: false };
  const change = changeOf(wished, found.account);
  return { differences: describeChange(change), ends: endsAccess(change) };
}

type UnknownAccount = { readonly id: string; readonly username: string; readonly owner: string | undefined };

/** Enabled accounts that stand nowhere with us, and whose of our persons they say they are; a listing by pages, since Keycloak is never searched by attribute. */
async function listUnknownAccounts(keycloak: Keycloak): Promise<UnknownAccount[]> {
  const db = { query: keycloak.db.realm.bind(keycloak.db) };
  const found: UnknownAccount[] = [];
  for (let first = 0; ; first += PAGE) {
    const page = await keycloak.runtime.call((api) => api.users.find({ first, max: PAGE, briefRepresentation: true }));
    for (const { id, username, enabled } of page) {
      if (!enabled || (await findPersonOfAccount(db, id!))) continue;
      const user = await keycloak.runtime.find((api) => api.users.findOne({ id: id! }));
      if (user) found.push({ id: id!, username: username!, owner: await ownerOf(db, user) });
    }
    if (page.length < PAGE) return found;
  }
}

/** One that we asked for and whose making got no answer is the person's only one, or, once there is another, one too many. */
async function unknownDrift(
  keycloak: Keycloak,
  { id, username, owner }: UnknownAccount,
  repair: boolean,
): Promise<Drift | undefined> {
  if (!owner) return { kind: 'account', id, differences: [`account ${username} is not Drawbridge's`] };
  const db = { query: keycloak.db.realm.bind(keycloak.db) };
  const known = await findAccountId(db, owner);
  // made at this moment, and written down since
  if (known === id) return undefined;
  if (repair) {
    await noteAttempts(db, [{ personId: owner, address: username }]);
    await markSubject(db, 'person', owner, 0);
  }
  return known
    ? { kind: 'account', id, differences: [`account ${username} is a second one of person ${owner}`] }
    : { kind: 'person', id: owner, differences: [`account ${username} is not written down`] };
}
