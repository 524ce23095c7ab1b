// Reads of the projection: what must be, and which Keycloak objects are ours. Realm tables and listed functions only.
import type { Queryable } from '../db/database.ts';
import type { Account, OrganizationProjection, PersonProjection } from './projection.ts';

/** What Keycloak must look like for a person; undefined if there is no such person. */
export async function findPersonProjection(db: Queryable, personId: string): Promise<PersonProjection | undefined> {
  const [row] = await db.query<{ projection: PersonProjection | null }>({
    name: 'person-projection',
    text: 'select person_projection($1) as projection',
    values: [personId],
  });
  return row?.projection ?? undefined;
}

/** What Keycloak must look like for an organization; undefined if there is no such organization. */
export async function findOrganizationProjection(
  db: Queryable,
  orgId: string,
): Promise<OrganizationProjection | undefined> {
  const [row] = await db.query<{ projection: OrganizationProjection | null }>({
    name: 'organization-projection',
    text: 'select organization_projection($1) as projection',
    values: [orgId],
  });
  return row?.projection ?? undefined;
}

/** The Keycloak account of a person, if we have made or adopted one. */
export async function findAccountId(db: Queryable, personId: string): Promise<string | undefined> {
  const [row] = await db.query<{ keycloak_id: string }>({
    name: 'account-id',
    text: `select keycloak_id from keycloak_id where kind = 'person' and id = $1`,
    values: [personId],
  });
  return row?.keycloak_id;
}

/** The person whose Keycloak account this is. */
export async function findPersonOfAccount(db: Queryable, keycloakId: string): Promise<string | undefined> {
  const [row] = await db.query<{ id: string }>({
    name: 'person-of-account',
    text: `select id from keycloak_id where kind = 'person' and keycloak_id = $1`,
    values: [keycloakId],
  });
  return row?.id;
}

/**
 * What Keycloak was last made equal to; `owesLogout` = sessions are still to be ended: a sign-in took access away and left
 * them to the worker, or demand_logout asked for it.
 */
export type ProjectedAccount = { readonly account: Account; readonly owesLogout: boolean; readonly certain: boolean };

/** Keycloak's ids of one organization's objects; groups by the path that tokens show. */
export type OrganizationIds = {
  readonly organization: string | undefined;
  readonly groups: ReadonlyMap<string, string>;
};

export type PersonState = {
  readonly person: PersonProjection;
  readonly projected: ProjectedAccount | undefined;
  readonly accountId: string | undefined;
  /** Addresses under which an account was asked for and no answer is known. */
  readonly attempts: readonly string[];
  /** Of the organizations that the person must be in, by alias: the groups that the person must have or had. */
  readonly ids: ReadonlyMap<string, OrganizationIds>;
};

/** All that the projection of people starts from, in one statement; a person who is not there is left out. */
export async function findPersonStates(db: Queryable, personIds: readonly string[]): Promise<PersonState[]> {
  const rows = await db.query<{
    person: PersonProjection;
    account_id: string | null;
    attempts: string[];
    desired: { account: Account; owesLogout: boolean } | null;
    logout_due: boolean | null;
    certain: boolean | null;
    ids: { alias: string; kind: string; key: string; keycloakId: string }[] | null;
  }>({
    name: 'person-states',
    text: `select s.* from jsonb_array_elements_text($1::jsonb) as a (id), lateral (
      with p as materialized (select person_projection(a.id::uuid) as person),
      d as materialized (select desired, logout_due, certain from keycloak_projected where person_id = a.id::uuid),
      place as (
        select o ->> 'alias' as alias, (o ->> 'orgId')::uuid as org_id,
          array(select '/' || t from jsonb_array_elements_text(o -> 'teams') t)
            || ('/roles/' || coalesce(o ->> 'role', ''))
            || array(select g from d, jsonb_array_elements_text(d.desired #> array['account', 'organizations', o ->> 'alias']) g)
            as paths
        from p, jsonb_array_elements(p.person -> 'organizations') o)
      select p.person, d.desired, d.logout_due, d.certain,
        (select keycloak_id from keycloak_id where kind = 'person' and id = a.id::uuid) as account_id,
        array(select address from account_attempt where person_id = a.id::uuid) as attempts,
        (select jsonb_agg(jsonb_build_object('alias', alias, 'kind', k.kind, 'key', k.key, 'keycloakId', k.keycloak_id))
          from place join keycloak_id k on k.org_id = place.org_id
            and (k.kind = 'organization' or k.kind in ('team', 'role') and k.key = any (place.paths))) as ids
      from p left join d on true where p.person is not null) s`,
    values: [JSON.stringify(personIds)],
  });
  return rows.map(({ person, desired, logout_due: logoutDue, certain, account_id, attempts, ids }) => {
    const found = Map.groupBy(ids ?? [], ({ alias }) => alias);
    return {
      person,
      projected: desired
        ? { ...desired, owesLogout: desired.owesLogout || (logoutDue ?? false), certain: certain ?? false }
        : undefined,
      accountId: account_id ?? undefined,
      attempts,
      ids: new Map(person.organizations.map(({ alias }) => [alias, organizationIds(found.get(alias) ?? [])])),
    };
  });
}

function organizationIds(
  rows: readonly { readonly kind: string; readonly key: string; readonly keycloakId: string }[],
): OrganizationIds {
  const groups = rows.filter(({ kind }) => kind !== 'organization');
  return {
    organization: rows.find(({ kind }) => kind === 'organization')?.keycloakId,
    groups: new Map(groups.map(({ key, keycloakId }) => [key, keycloakId])),
  };
}

/** The ids of an organization, its teams (`/<key>`) and roles (`/roles/<key>`, the parent `/roles`). */
export async function findOrganizationIds(db: Queryable, orgId: string): Promise<OrganizationIds> {
  const rows = await db.query<{ kind: string; key: string; keycloakId: string }>({
    name: 'organization-ids',
    text: `select kind, key, keycloak_id as "keycloakId" from keycloak_id
      where org_id = $1 and kind in ('organization', 'team', 'role')`,
    values: [orgId],
  });
  return organizationIds(rows);
}

/** Whether an identity provider was ever made for this organization. */
export async function hasProvider(db: Queryable, orgId: string): Promise<boolean> {
  const rows = await db.query({
    name: 'organization-provider',
    text: `select 1 from keycloak_id where kind = 'connection' and org_id = $1`,
    values: [orgId],
  });
  return rows.length > 0;
}

export type ProjectionBacklog = {
  /** Marks whose time has come, and the age of the oldest, in seconds. */
  readonly due: number;
  readonly oldestSeconds: number;
  /** Marks that Keycloak refused at least once. */
  readonly failing: number;
};

/** How far Keycloak is behind. */
export async function readBacklog(db: Queryable): Promise<ProjectionBacklog> {
  const [row] = await db.query<{ due: number; oldest: number; failing: number }>({
    name: 'projection-backlog',
    text: `select count(*) filter (where due_at <= now())::integer as due, count(*) filter (where attempts > 0)::integer as failing,
        coalesce(extract(epoch from now() - min(since) filter (where due_at <= now())), 0)::float8 as oldest
      from projection_due`,
  });
  return { due: row?.due ?? 0, oldestSeconds: Math.max(row?.oldest ?? 0, 0), failing: row?.failing ?? 0 };
}

/** Every person who has, or must have, an account. */
export async function listPersonsWithAccount(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ id: string }>({ text: 'select id from persons_with_account() as p (id)' });
  return rows.map(({ id }) => id);
}

/** Every organization that is not deleted. */
export async function listOrganizationIds(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ org_id: string }>({ text: 'select org_id from list_organizations()' });
  return rows.map(({ org_id }) => org_id);
}

/** The same for an organization that a person has left, of which only the alias is at hand. */
export async function findOrganizationIdsByAlias(db: Queryable, alias: string): Promise<OrganizationIds> {
  const [row] = await db.query<{ org_id: string | null }>({
    text: 'select organization_of_key($1) as org_id',
    values: [alias],
  });
  return row?.org_id ? findOrganizationIds(db, row.org_id) : { organization: undefined, groups: new Map() };
}
