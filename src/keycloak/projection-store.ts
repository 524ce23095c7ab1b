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
  /** A person for whom no account is known yet. */
  readonly isNewcomer: boolean;
};

/** Marks a subject as due. Priority 0 is for what takes access away. */
export async function markSubject(db: Queryable, kind: SubjectKind, id: string, priority: 0 | 1): Promise<void> {
  await db.query({ name: 'mark-projection', text: 'select mark_projection($1, $2, $3)', values: [kind, id, priority] });
}

/**
 * Drops the marks that were worked off and claims up to `limit` due ones, in the order in which they must go (migration
 * 0029). One statement, since it runs all the time.
 */
export async function claimMarks(
  db: Queryable,
  done: readonly Mark[],
  limit: number,
  leaseSeconds: number,
): Promise<Mark[]> {
  const rows = await db.query<{
    kind: SubjectKind;
    subject_id: string;
    seq: string;
    attempts: number;
    has_account: boolean;
  }>({
    name: 'claim-projections',
    text: 'select kind, subject_id, seq, attempts, has_account from claim_projections($1, $2, $3)',
    values: [
      JSON.stringify(done.map(({ kind, subjectId, seq }) => ({ kind, subject_id: subjectId, seq }))),
      limit,
      leaseSeconds,
    ],
  });
  return rows.map(({ kind, subject_id, seq, attempts, has_account }) => ({
    kind,
    subjectId: subject_id,
    seq,
    attempts,
    isNewcomer: kind === 'person' && !has_account,
  }));
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

/** Before accounts are asked for: under these addresses they are found again if no answer comes. */
export async function noteAttempts(
  db: Queryable,
  attempts: readonly { readonly personId: string; readonly address: string }[],
): Promise<void> {
  await db.query({
    name: 'note-attempts',
    // no wait for the disk, as for the claim that comes before it
    text: `with attempt as (
        select a.* from jsonb_to_recordset($1::jsonb) as a ("personId" uuid, address text),
          set_config('synchronous_commit', 'off', true))
      insert into account_attempt (person_id, address) select "personId", address from attempt on conflict do nothing`,
    values: [JSON.stringify(attempts)],
  });
}

/** Remembers the account of a person. */
export async function saveAccountId(db: Queryable, personId: string, keycloakId: string): Promise<void> {
  await db.query({
    name: 'save-account-id',
    text: `with known as (delete from account_attempt where person_id = $1)
      insert into keycloak_id (kind, id, keycloak_id) values ('person', $1, $2)
      on conflict (kind, id) do update set keycloak_id = excluded.keycloak_id`,
    values: [personId, keycloakId],
  });
}

export type MadeAccount = {
  readonly personId: string;
  readonly keycloakId: string;
  /** What it was made equal to; undefined if that broke off: then it is read before it is compared. */
  readonly account: Account | undefined;
};

/** The same for new accounts of several people at once. */
export async function noteMadeAccounts(db: Queryable, made: readonly MadeAccount[]): Promise<void> {
  const rows = made.map(({ personId, keycloakId, account }) => ({
    person_id: personId,
    keycloak_id: keycloakId,
    desired: account && { account, owesLogout: false },
  }));
  await db.query({
    name: 'note-made-accounts',
    // no wait for the disk: what a crash forgets is found by its address, and is known by its attribute to be ours
    text: `with made as (
        select m.* from jsonb_to_recordset($1::jsonb) as m (person_id uuid, keycloak_id text, desired jsonb),
          set_config('synchronous_commit', 'off', true)),
      known as (delete from account_attempt a using made where a.person_id = made.person_id),
      saved as (
        insert into keycloak_id (kind, id, keycloak_id) select 'person', person_id, keycloak_id from made
        on conflict (kind, id) do update set keycloak_id = excluded.keycloak_id)
      insert into keycloak_projected (person_id, desired, certain)
      select person_id, desired, true from made where desired is not null
      on conflict (person_id) do update set desired = excluded.desired, certain = true, projected_at = now()`,
    values: [JSON.stringify(rows)],
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
