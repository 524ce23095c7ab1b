// Compares everything that Drawbridge has put into Keycloak with what is there now, read fresh; repairs by marking, so
// that there is one way in which Keycloak is changed. `drawbridge doctor` runs it.
import { readAccount } from './account.ts';
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
import { markSubject, noteUncertain, type SubjectKind } from './projection-store.ts';

const PAGE = 100;

export type Drift = {
  /** `account` = one that Keycloak has and Drawbridge does not know; nothing repairs it by itself. */
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
  return [...drift, ...(await foreignAccounts(keycloak))];
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

/** Accounts that somebody made by hand; a listing by pages, since Keycloak is never searched by attribute. */
async function foreignAccounts(keycloak: Keycloak): Promise<Drift[]> {
  const db = { query: keycloak.db.realm.bind(keycloak.db) };
  const found: Drift[] = [];
  for (let first = 0; ; first += PAGE) {
    const page = await keycloak.runtime.call((api) => api.users.find({ first, max: PAGE, briefRepresentation: true }));
    for (const { id, username, enabled } of page) {
      if (!enabled || (await findPersonOfAccount(db, id!))) continue;
      found.push({ kind: 'account', id: id!, differences: [`account ${username} is not Drawbridge's`] });
    }
    if (page.length < PAGE) return found;
  }
}
