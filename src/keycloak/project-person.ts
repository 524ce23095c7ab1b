// Makes Keycloak equal for one person (design section 9). Level-triggered: "this is how it must be", never "apply this
// change". One handler per person, under a lock held from reading the state to the last call; what ends access comes
// first; an outcome that is not known is read from Keycloak before it is compared.
import type { Queryable } from '../db/database.ts';
import {
  type ChangeContext,
  createAccount,
  disableAccount,
  dropFirstFactors,
  endSessions,
  give,
  holdToRoles,
  readAccount,
  releaseFromRoles,
  takeAway,
  writeProfile,
} from './account.ts';
import { findOwnAccounts, freeAddress } from './address-conflict.ts';
import type { Keycloak } from './keycloak.ts';
import { isRefused, KeycloakRefused } from './keycloak-error.ts';
import { projectOrganizationOn } from './project-organization.ts';
import { type Account, type AccountChange, changeOf, describeChange, endsAccess, wishedAccount } from './projection.ts';
import {
  findOrganizationIds,
  findOrganizationIdsByAlias,
  findPersonProjection,
  findPersonStates,
  type OrganizationIds,
  type PersonState,
  type ProjectedAccount,
} from './projection-queries.ts';
import {
  forgetAccount,
  noteAttempts,
  noteBreakGlassReady,
  noteFirstFactorsDeleted,
  noteProjected,
  noteUncertain,
  saveAccountId,
} from './projection-store.ts';
import { withSubjectLock } from './subject-lock.ts';

export type ProjectOptions = {
  /** False for a sign-in's own projection: it would end the session that is about to begin. The worker makes up for it. */
  readonly endSessions: boolean;
};

/**
 * Makes Keycloak equal for a person. Throws KeycloakUnreachable (outcome unknown), KeycloakRefused, or DomainError
 * `conflict` (another person's account is in the way for a moment); in each case call it again.
 */
export async function projectPerson(keycloak: Keycloak, personId: string, options: ProjectOptions): Promise<void> {
  await withSubjectLock(keycloak.db, 'person', personId, async (tx) => {
    try {
      await makeEqual({ keycloak, tx, personId, ...options, fresh: false });
    } catch (error) {
      if (!(error instanceof KeycloakRefused)) throw error;
      // Something is not as we had it written down, such as a group or an account deleted by hand: look, then again.
      const person = await findPersonProjection(tx, personId);
      for (const { orgId } of person?.organizations ?? []) await projectOrganizationOn(keycloak, tx, orgId);
      await makeEqual({ keycloak, tx, personId, ...options, fresh: true });
    }
  });
}

type Run = ProjectOptions & {
  readonly keycloak: Keycloak;
  readonly tx: Queryable;
  readonly personId: string;
  /** Do not trust what is stored. */
  readonly fresh: boolean;
};

async function makeEqual(run: Run): Promise<void> {
  const { keycloak, tx, personId } = run;
  const [state] = await findPersonStates(tx, [personId]);
  if (!state) return;
  const wished = wishedAccount(state.person);
  if (state.accountId && state.attempts.length > 0) await keepOnly(run, state.accountId, state.attempts);
  const trusted = state.projected?.certain && !run.fresh ? state.projected : undefined;
  const id = state.accountId;
  if (trusted && isSame(wished, trusted) && !(trusted.owesLogout && run.endSessions)) {
    // A sign-in is about to rely on the account: one deleted or disabled by hand is noticed here and not at its end.
    if (run.endSessions || !id || (await stands(run, id, wished))) return;
    return makeEqual({ ...run, fresh: true });
  }
  const found = id && !trusted ? await readAccount(keycloak.runtime, id) : undefined;
  if (id && (trusted || found)) {
    const actual = trusted?.account ?? found!.account;
    await changeAccount(run, state, { wished, id, actual, read: found?.organizationIds });
    return;
  }
  if (id) await forgetAccount(tx, personId);
  // One whose creation got no answer. Under the address of today it is in the way of a new one and is found by that; but
  // whoever may not come in (any more) gets no new one.
  const asked = new Set([...state.attempts, wished.address]);
  if (wished.enabled) asked.delete(wished.address);
  const [lost] = await findOwnAccounts(keycloak.runtime, tx, personId, asked);
  if (lost === undefined) {
    if (wished.enabled) await makeAccount(run, { ...state, projected: undefined }, wished);
    return;
  }
  await keepOnly(run, lost, state.attempts);
  await makeEqual({ ...run, fresh: true });
}

/** Whose creation got no answer may have been made an account more than once: Keycloak lets nobody in who has two. */
async function keepOnly({ keycloak, tx, personId }: Run, id: string, attempts: readonly string[]): Promise<void> {
  for (const other of await findOwnAccounts(keycloak.runtime, tx, personId, new Set(attempts))) {
    if (other !== id) await keycloak.runtime.remove((api) => api.users.del({ id: other }));
  }
  await saveAccountId(tx, personId, id);
}

async function stands({ keycloak }: Run, id: string, wished: Account): Promise<boolean> {
  const user = await keycloak.runtime.find((api) => api.users.findOne({ id }));
  return user?.enabled === wished.enabled;
}

function isSame(wished: Account, stored: ProjectedAccount): boolean {
  return describeChange(changeOf(wished, stored.account)).length === 0;
}

/** A new account, or the one whose creation got no answer. */
async function makeAccount(run: Run, state: PersonState, wished: Account): Promise<void> {
  const { keycloak, tx, personId } = run;
  const ids = await ensureOrganizations(run, state);
  await noteAttempts(tx, [{ personId, address: wished.address }]);
  const create = () => createAccount(keycloak.runtime, state.person, wished);
  let adopted: string | undefined;
  const id = await create().catch(async (error: unknown) => {
    if (!isRefused(error, 409)) throw error;
    adopted = await freeAddress(keycloak.runtime, tx, personId, wished.address);
    return adopted ?? create();
  });
  await saveAccountId(tx, personId, id);
  // There is nothing yet that a role would have to end, unlike with an account that people have used.
  if (!adopted) await holdToRoles(keycloak.runtime, id, wished.roles);
  const found = adopted ? await readAccount(keycloak.runtime, id) : undefined;
  const actual = found?.account ?? { ...wished, organizations: {} };
  await changeAccount(run, { ...state, ids }, { wished, id, actual, read: found?.organizationIds });
}

type Change = {
  readonly wished: Account;
  readonly id: string;
  readonly actual: Account;
  /** Organization ids by alias as Keycloak gave them, where it was asked. */
  readonly read: ReadonlyMap<string, string> | undefined;
};

async function changeAccount(run: Run, state: PersonState, { wished, id, actual, read }: Change): Promise<void> {
  const { keycloak, tx, personId } = run;
  const { projected } = state;
  const admin = keycloak.runtime;
  const change = changeOf(wished, actual);
  // If an earlier run broke off after taking access away, only what was stored before it still shows that sessions must end.
  const asked = projected !== undefined && (await noteUncertain(tx, personId));
  const owed =
    projected !== undefined && (asked || projected.owesLogout || endsAccess(changeOf(wished, projected.account)));
  const ends = endsAccess(change) || owed;
  const context = (ids: ReadonlyMap<string, OrganizationIds>): ChangeContext => ({
    admin,
    id,
    personId,
    wished,
    organizationId: (alias) => ids.get(alias)?.organization ?? read?.get(alias),
    groupId: (alias, path) => ids.get(alias)?.groups.get(path),
  });
  if (change.disable) await disableAccount(admin, id);
  if (change.disable && run.endSessions) await endSessions(admin, id);
  await takeAway(context(await withThoseLeft(tx, state.ids, actual, change)), change);
  await shutDoors(run, id, change);
  if (ends && !change.disable && run.endSessions) await endSessions(admin, id);
  // Only now what is given: an organization that cannot be made must not hold back what is taken away.
  const given = context(await ensureOrganizations(run, state));
  if (change.profile) await writeProfileOrFreeAddress(run, given);
  await give(given, change);
  await releaseFromRoles(admin, id, change.release);
  await noteProjected(tx, personId, wished, ends && !run.endSessions);
  if (state.person.breakGlass && run.endSessions) await noteBreakGlassReady(tx, personId);
}

/** The role comes first: from then on a password that is still there, or set at this moment, opens nothing. */
async function shutDoors({ keycloak, tx, personId }: Run, id: string, change: AccountChange): Promise<void> {
  await holdToRoles(keycloak.runtime, id, change.hold);
  if (!change.dropFirstFactors) return;
  const dropped = await dropFirstFactors(keycloak.runtime, id);
  if (dropped > 0) await noteFirstFactorsDeleted(tx, personId);
}

async function writeProfileOrFreeAddress(run: Run, context: ChangeContext): Promise<void> {
  try {
    await writeProfile(context);
  } catch (error) {
    if (!isRefused(error, 409)) throw error;
    await freeAddress(context.admin, run.tx, context.personId, context.wished.address);
    await writeProfile(context);
  }
}

/** An account joins organizations, groups and providers that exist: those that are not known yet are made first. */
async function ensureOrganizations(
  { keycloak, tx }: Run,
  { person, ids }: PersonState,
): Promise<ReadonlyMap<string, OrganizationIds>> {
  const ensured = new Map(ids);
  for (const { orgId, alias } of organizationsToMake({ person, ids })) {
    await projectOrganizationOn(keycloak, tx, orgId);
    ensured.set(alias, await findOrganizationIds(tx, orgId));
  }
  return ensured;
}

/** Those of the person's organizations of which Keycloak's id, or that of a group of the person, is not known. */
export function organizationsToMake({ person, ids }: Pick<PersonState, 'person' | 'ids'>) {
  return person.organizations.filter(({ alias, teams, role }) => {
    const known = ids.get(alias);
    const paths = [...teams.map((key) => `/${key}`), ...(role ? [`/roles/${role}`] : [])];
    return !known?.organization || !paths.every((path) => known.groups.has(path));
  });
}

/** The ids that a taking away needs: also of organizations that the person has left, and of groups found in Keycloak. */
async function withThoseLeft(
  tx: Queryable,
  ids: PersonState['ids'],
  actual: Account,
  change: AccountChange,
): Promise<ReadonlyMap<string, OrganizationIds>> {
  const all = new Map(ids);
  const isUnknown = (alias: string, path: string) => !ids.get(alias)?.groups.has(path);
  const unknown = change.leaveGroups.filter(({ alias, path }) => isUnknown(alias, path)).map(({ alias }) => alias);
  const left = Object.keys(actual.organizations).filter((alias) => !ids.has(alias));
  for (const alias of new Set([...left, ...unknown])) all.set(alias, await findOrganizationIdsByAlias(tx, alias));
  return all;
}
