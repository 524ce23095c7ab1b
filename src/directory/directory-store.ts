// Writes of directories and their tokens.
import type { Queryable, Tx } from '../db/database.ts';
import {
  actorOf,
  type DetectedProfile,
  type DirectoryChange,
  type DirectoryProfile,
  type DirectoryScope,
  type GrantsAfter,
} from './directory.ts';

export async function insertDirectory(
  tx: Tx,
  directory: { readonly id: string; readonly displayName: string; readonly profile: DirectoryProfile | undefined },
): Promise<{ created_at: Date }> {
  const rows = await tx.query<{ created_at: Date }>({
    text: 'insert into directory (org_id, id, display_name, profile) values ($1, $2, $3, $4) returning created_at',
    values: [tx.orgId, directory.id, directory.displayName, directory.profile],
  });
  return rows[0]!;
}

/** Locks the directory's row, so that its tokens can be counted; false when there is none. */
export async function lockDirectory(tx: Tx, directoryId: string): Promise<boolean> {
  const rows = await tx.query({
    text: 'select from directory where org_id = $1 and id = $2 for update',
    values: [tx.orgId, directoryId],
  });
  return rows.length > 0;
}

export async function countLiveTokens(tx: Tx, directoryId: string, now: Date): Promise<number> {
  const rows = await tx.query<{ live: number }>({
    text: `select count(*)::integer as live from directory_token where org_id = $1 and directory_id = $2
      and revoked_at is null and (expires_at is null or expires_at > $3)`,
    values: [tx.orgId, directoryId, now],
  });
  return rows[0]!.live;
}

/** The token's row and the hash that opens it, which only this transaction's caller has seen. */
export async function insertDirectoryToken(
  tx: Tx,
  token: {
    readonly id: string;
    readonly directoryId: string;
    readonly displayName: string;
    readonly createdAt: Date;
    readonly expiresAt: Date | undefined;
    readonly hash: Buffer;
  },
): Promise<void> {
  await tx.query({
    text: `insert into directory_token (org_id, id, directory_id, display_name, created_at, expires_at)
      values ($1, $2, $3, $4, $5, $6)`,
    values: [tx.orgId, token.id, token.directoryId, token.displayName, token.createdAt, token.expiresAt],
  });
  await tx.query({
    text: `select issue_credential($1, 'scim_token', $2, $3, $4)`,
    values: [token.hash, tx.orgId, token.id, token.expiresAt],
  });
}

/** Ends a token everywhere; false when the directory has no such live one. */
export async function endDirectoryToken(tx: Tx, directoryId: string, tokenId: string, now: Date): Promise<boolean> {
  const rows = await tx.query({
    text: `update directory_token set revoked_at = $4
      where org_id = $1 and directory_id = $2 and id = $3 and revoked_at is null returning id`,
    values: [tx.orgId, directoryId, tokenId, now],
  });
  if (rows.length === 0) return false;
  await tx.query({ text: `select revoke_credentials('scim_token', $1, $2)`, values: [tx.orgId, tokenId] });
  return true;
}

export async function recordDirectoryEvent(
  tx: Tx,
  event: { readonly actor: object; readonly action: string; readonly directoryId: string; readonly data?: object },
): Promise<void> {
  await tx.query({
    text: `select record_audit($1, $2, $3, 'directory', $4, $5)`,
    values: [tx.orgId, JSON.stringify(event.actor), event.action, event.directoryId, JSON.stringify(event.data ?? {})],
  });
}

/** Freezes the organization's admin writes, unless they are frozen, and says why in the audit. */
export async function freezeAfterRefusal(
  tx: Queryable,
  scope: DirectoryScope,
  memberId: string,
  now: Date,
): Promise<void> {
  await tx.query({
    text: `update organization set frozen_at = $2, frozen_reason = $3 where org_id = $1 and frozen_at is null`,
    values: [scope.orgId, now, 'A directory tried to end the last member with full control.'],
  });
  await tx.query({
    text: `select record_audit($1, $2, 'alert.last_owner_refused', 'member', $3)`,
    values: [scope.orgId, actorOf(scope), memberId],
  });
}

/** Columns whose part of `change` is undefined stay. */
export async function updateDirectory(tx: Tx, directoryId: string, change: DirectoryChange): Promise<void> {
  const { displayName, profile, journalDays, keepBodiesUntil } = change;
  await tx.query({
    text: `update directory set display_name = coalesce($3, display_name), profile = case when $4 then $5 else profile end,
        journal_days = coalesce($6, journal_days),
        keep_bodies_until = case when $7 then $8::timestamptz else keep_bodies_until end
      where org_id = $1 and id = $2`,
    values: [
      tx.orgId,
      directoryId,
      displayName,
      profile !== undefined,
      profile,
      journalDays,
      keepBodiesUntil !== undefined,
      keepBodiesUntil,
    ],
  });
}

/** Lets every process read again, from the commit on, what it remembers of the directory's tokens. */
export async function forgetTokens(tx: Tx, directoryId: string): Promise<void> {
  await tx.query({ text: 'select forget_directory_tokens($1, $2)', values: [tx.orgId, directoryId] });
}

/** Records which vendor a directory turned out to be; false where one is recorded already. */
export async function setDetectedProfile(
  tx: Tx,
  directoryId: string,
  detected: DetectedProfile,
  at: Date,
): Promise<boolean> {
  const rows = await tx.query({
    text: `update directory set detected_profile = $3, detected_at = $4
      where org_id = $1 and id = $2 and detected_profile is null returning id`,
    values: [tx.orgId, directoryId, detected, at],
  });
  return rows.length > 0;
}

/** Members who are suspended by it, and members whose teams or role it changed. */
export type Deactivated = { readonly suspended: number; readonly regranted: number };
export type Activated = { readonly resumed: number; readonly regranted: number };
/** Members whom the directory carried, and how many of them are removed with it. */
export type Deleted = { readonly members: number; readonly removed: number };

/** Undefined when there is no such directory; so for the two below. */
export async function deactivateDirectoryRow(
  tx: Queryable,
  scope: DirectoryScope,
  grants: GrantsAfter,
  actor: string,
): Promise<Deactivated | undefined> {
  const rows = await tx.query<Deactivated>({
    text: 'select * from deactivate_directory($1, $2, $3, $4)',
    values: [scope.orgId, scope.directoryId, grants === 'release', actor],
  });
  return rows[0];
}

export async function activateDirectoryRow(
  tx: Queryable,
  scope: DirectoryScope,
  actor: string,
): Promise<Activated | undefined> {
  const rows = await tx.query<Activated>({
    text: 'select * from activate_directory($1, $2, $3)',
    values: [scope.orgId, scope.directoryId, actor],
  });
  return rows[0];
}

export async function deleteDirectoryRow(
  tx: Queryable,
  scope: DirectoryScope,
  actor: string,
): Promise<Deleted | undefined> {
  const rows = await tx.query<Deleted>({
    text: 'select * from delete_directory($1, $2, $3)',
    values: [scope.orgId, scope.directoryId, actor],
  });
  return rows[0];
}
