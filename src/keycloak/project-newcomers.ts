// Makes Keycloak equal for several people at once who have no account yet, as when a company is pushed for the first
// time: one connection holds their locks, one statement reads their states, one writes down what is asked for and one what
// was made. Only the plain case is made here. Whoever needs more (an address that is taken, an organization that is not there) or whose
// calls fail is left to `projectPerson`, which reads before it writes.
import { createAccount, give, holdToRoles } from './account.ts';
import type { KeycloakAdmin } from './admin.ts';
import type { Keycloak } from './keycloak.ts';
import { organizationsToMake } from './project-person.ts';
import { changeOf, wishedAccount } from './projection.ts';
import { findPersonStates, type PersonState } from './projection-queries.ts';
import { type MadeAccount, noteAttempts, noteMadeAccounts } from './projection-store.ts';
import { withFreePersons } from './subject-lock.ts';

/** Answers those for whom Keycloak is equal now; the others must each be projected alone. Throws for the database only. */
export async function projectNewcomers(keycloak: Keycloak, personIds: readonly string[]): Promise<ReadonlySet<string>> {
  return withFreePersons(keycloak.db, personIds, async (tx, free) => {
    const newcomers = (await findPersonStates(tx, free)).filter(isPlain);
    if (newcomers.length === 0) return new Set();
    await noteAttempts(
      tx,
      newcomers.map(({ person }) => ({ personId: person.personId, address: wishedAccount(person).address })),
    );
    const answers = await Promise.all(newcomers.map((state) => makeNewcomer(keycloak.runtime, state)));
    const made = answers.filter((answer) => answer !== undefined);
    if (made.length > 0) await noteMadeAccounts(tx, made);
    return new Set(made.filter(({ account }) => account).map(({ personId }) => personId));
  });
}

function isPlain(state: PersonState): boolean {
  const { person, accountId, attempts, projected } = state;
  if (accountId || attempts.length > 0 || projected) return false;
  return person.enabled && !person.breakGlass && organizationsToMake(state).length === 0;
}

async function makeNewcomer(admin: KeycloakAdmin, { person, ids }: PersonState): Promise<MadeAccount | undefined> {
  const { personId } = person;
  const wished = wishedAccount(person);
  let id: string | undefined;
  try {
    id = await createAccount(admin, person, wished);
    await holdToRoles(admin, id, wished.roles);
    const context = {
      admin,
      id,
      personId,
      wished,
      organizationId: (alias: string) => ids.get(alias)?.organization,
      groupId: (alias: string, path: string) => ids.get(alias)?.groups.get(path),
    };
    await give(context, changeOf(wished, { ...wished, organizations: {} }));
    return { personId, keycloakId: id, account: wished };
  } catch {
    // Alone, it meets the same trouble and tells it.
    return id === undefined ? undefined : { personId, keycloakId: id, account: undefined };
  }
}
