// Writes of the projection: marks, claims, ids, and what Keycloak was last made equal to. Realm tables only.
import { createHash } from 'node:crypto';
import type { Queryable } from '../db/database.ts';
import type { Account } from './projection.ts';

export type SubjectKind = 'person' | 'organization';

export type Mark = {
  readonly kind: SubjectKind;
  readonly subjectId: string;
  /** Rises with each new mark of the same subject. */
  readonly seq: string;
  readonly attempts: number;
};

/** Marks a subject as due. Priority 0 is for what takes access away. */
export async function markSubject(db: Queryable, kind: SubjectKind, id: string, priority: 0 | 1): Promise<void> {
  await db.query({ name: 'mark-projection', text: 'select mark_projection($1, $2, $3)', values: [kind, id, priority] });
}

/**
 * Drops the marks that were worked off (one that was set again meanwhile stays and is due), and claims up to `limit` due
 * ones: organizations first, since accounts join them; then what takes access away. One statement, since it runs once
 * for every subject.
 */
export async function claimMarks(
  db: Queryable,
  done: readonly Mark[],
  limit: number,
  leaseSeconds: number,
): Promise<Mark[]> {
  const rows = await db.query<{ kind: SubjectKind; subject_id: string; seq: string; attempts: number }>({
    name: 'claim-projections',
    text: `with done as (
        select * from unnest($1::text[], $2::uuid[], $3::bigint[]) as d (kind, subject_id, seq)),
      settled as (
        delete from projection_due p using done d
        where p.kind = d.kind and p.subject_id = d.subject_id and p.seq = d.seq returning p.kind, p.subject_id),
      -- not by its number: one that is being set at this moment is seen only once its row is locked
      again as (
        update projection_due p set claimed_until = '-infinity' from done d
        where p.kind = d.kind and p.subject_id = d.subject_id
          and not exists (select from settled s where s.kind = d.kind and s.subject_id = d.subject_id)),
      picked as (
        select kind, subject_id from projection_due where due_at <= now() and claimed_until <= now()
        order by kind, priority, since limit $4 for update skip locked)
      update projection_due d set claimed_until = now() + make_interval(secs => $5)
      from picked p where d.kind = p.kind and d.subject_id = p.subject_id
      returning d.kind, d.subject_id, d.seq::text, d.attempts`,
    values: [
      done.map(({ kind }) => kind),
      done.map(({ subjectId }) => subjectId),
      done.map(({ seq }) => seq),
      limit,
      leaseSeconds,
    ],
  });
  return rows.map(({ kind, subject_id, seq, attempts }) => ({ kind, subjectId: subject_id, seq, attempts }));
}

/** Gives a claim back without counting an attempt. */
export async function releaseMark(db: Queryable, mark: Mark): Promise<void> {
  await db.query({
    name: 'release-projection',
    text: `update projection_due set claimed_until = '-infinity' where kind = $1 and subject_id = $2`,
    values: [mark.kind, mark.subjectId],
  });
}

/** Tries a mark again after a while; at once if it was set again meanwhile. */
export async function postponeMark(db: Queryable, mark: Mark, seconds: number, reason: string): Promise<void> {
  await db.query({
    name: 'postpone-projection',
    text: `update projection_due set claimed_until = '-infinity', last_error = $5,
        attempts = case when seq = $3 then attempts + 1 else attempts end,
        due_at = case when seq = $3 then now() + make_interval(secs => $4) else due_at end
      where kind = $1 and subject_id = $2`,
    values: [mark.kind, mark.subjectId, mark.seq, seconds, reason.slice(0, 500)],
  });
}

/** After an outage everything is due at once. */
export async function hastenMarks(db: Queryable): Promise<void> {
  await db.query({ name: 'hasten-projections', text: 'update projection_due set due_at = now() where due_at > now()' });
}

/**
 * Before the first call that changes an account: from here on its state is not known for certain. Takes a logout that was
 * asked for over as owed, so that one asked for later stays apart; answers whether there was one.
 */
export async function noteUncertain(db: Queryable, personId: string): Promise<boolean> {
  const [row] = await db.query<{ owes: boolean }>({
    name: 'account-uncertain',
    text: `update keycloak_projected set certain = false, logout_due = false,
        desired = case when logout_due then jsonb_set(desired, '{owesLogout}', 'true') else desired end
      where person_id = $1 and (certain or logout_due) returning (desired ->> 'owesLogout')::boolean as owes`,
    values: [personId],
  });
  return row?.owes ?? false;
}

/** After the last call: Keycloak is equal to this. */
export async function noteProjected(
  db: Queryable,
  personId: string,
  account: Account,
  owesLogout: boolean,
): Promise<void> {
  await db.query({
    name: 'note-projected',
    text: `insert into keycloak_projected (person_id, desired, certain) values ($1, $2, true)
      on conflict (person_id) do update set desired = excluded.desired, certain = true, projected_at = now()`,
    values: [personId, JSON.stringify({ account, owesLogout })],
  });
}

/** A sign-in by password from now on proves that a break-glass owner can come in. */
export async function noteBreakGlassReady(db: Queryable, personId: string): Promise<void> {
  await db.query({ name: 'break-glass-ready', text: 'select note_break_glass_ready($1)', values: [personId] });
}

/** Passwords and passkeys of a person who must sign in through the company were deleted; recorded in the audit. */
export async function noteFirstFactorsDeleted(db: Queryable, personId: string): Promise<void> {
  await db.query({ name: 'first-factors-deleted', text: 'select note_first_factors_deleted($1)', values: [personId] });
}

/** Remembers the account of a person. */
export async function saveAccountId(db: Queryable, personId: string, keycloakId: string): Promise<void> {
  await db.query({
    name: 'save-account-id',
    text: `insert into keycloak_id (kind, id, keycloak_id) values ('person', $1, $2)
      on conflict (kind, id) do update set keycloak_id = excluded.keycloak_id`,
    values: [personId, keycloakId],
  });
}

/** Forgets an account that is gone in Keycloak, and all that was known of it. */
export async function forgetAccount(db: Queryable, personId: string): Promise<void> {
  await db.query({
    name: 'forget-account',
    text: `with projected as (delete from keycloak_projected where person_id = $1)
      delete from keycloak_id where kind = 'person' and id = $1`,
    values: [personId],
  });
}

/** Remembers an account that was not ours and held an address of ours. */
export async function recordQuarantine(
  db: Queryable,
  keycloakId: string,
  address: string,
  reason: string,
): Promise<void> {
  await db.query({
    name: 'record-quarantine',
    text: 'insert into keycloak_quarantine (keycloak_id, address_key, reason) values ($1, fold_key($2), $3)',
    values: [keycloakId, address, reason],
  });
}

export type GroupId = {
  readonly kind: 'team' | 'role';
  readonly id: string;
  readonly path: string;
  readonly keycloakId: string;
};

/** A role has no id in Keycloak's sense of ours: it is known by organization and path. */
export function roleGroupId(orgId: string, path: string): string {
  const hex = createHash('sha256').update(`${orgId} ${path}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Replaces all ids of one organization by those that hold now. */
export async function saveOrganizationIds(
  db: Queryable,
  orgId: string,
  keycloakId: string,
  groups: readonly GroupId[],
): Promise<void> {
  const rows = [
    { kind: 'organization', id: orgId, key: '', keycloak_id: keycloakId },
    ...groups.map(({ kind, id, path, keycloakId: group }) => ({ kind, id, key: path, keycloak_id: group })),
  ];
  await db.query({
    name: 'save-organization-ids',
    text: `with wished as (
        select * from jsonb_to_recordset($2::jsonb) as w (kind text, id uuid, key text, keycloak_id text)),
      dropped as (
        delete from keycloak_id k where k.org_id = $1 and k.kind in ('organization', 'team', 'role')
          and not exists (select from wished w where w.kind = k.kind and w.id = k.id))
      insert into keycloak_id (kind, id, org_id, key, keycloak_id) select kind, id, $1, key, keycloak_id from wished
      on conflict (kind, id) do update set keycloak_id = excluded.keycloak_id, key = excluded.key
        where (keycloak_id.keycloak_id, keycloak_id.key) is distinct from (excluded.keycloak_id, excluded.key)`,
    values: [orgId, JSON.stringify(rows)],
  });
}

/** Remembers that a connection has a provider in Keycloak. */
export async function saveProviderId(db: Queryable, orgId: string, connectionId: string, alias: string): Promise<void> {
  await db.query({
    name: 'save-provider-id',
    text: `insert into keycloak_id (kind, id, org_id, keycloak_id) values ('connection', $1, $2, $3) on conflict (kind, id) do nothing`,
    values: [connectionId, orgId, alias],
  });
}
