// Writes of directories, their tokens and their journal.
import type { Queryable, Tx } from '../db/database.ts';
import type { JournalEntry } from './append-journal.ts';
import { actorOf, type DirectoryDeps, type DirectoryProfile, type DirectoryScope } from './directory.ts';

export async function insertDirectory(
  tx: Tx,
  directory: { readonly id: string; readonly displayName: string; readonly profile: DirectoryProfile },
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
    readonly expiresAt: Date | undefined;
    readonly hash: Buffer;
  },
): Promise<{ created_at: Date }> {
  const rows = await tx.query<{ created_at: Date }>({
    text: `insert into directory_token (org_id, id, directory_id, display_name, expires_at) values ($1, $2, $3, $4, $5)
      returning created_at`,
    values: [tx.orgId, token.id, token.directoryId, token.displayName, token.expiresAt],
  });
  await tx.query({
    text: `select issue_credential($1, 'scim_token', $2, $3, $4)`,
    values: [token.hash, tx.orgId, token.id, token.expiresAt],
  });
  return rows[0]!;
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

/** Entries of one organization. */
export async function insertJournal(
  deps: DirectoryDeps,
  orgId: string,
  entries: readonly JournalEntry[],
): Promise<void> {
  await deps.db.query(orgId, {
    name: 'scim_journal_append',
    text: `insert into scim_journal (org_id, directory_id, at, request_id, method, path, status, latency_ms, detail)
      select $1, * from unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::smallint[],
        $8::real[], $9::jsonb[])`,
    values: [
      orgId,
      entries.map((entry) => entry.directoryId),
      entries.map((entry) => entry.at),
      entries.map((entry) => entry.requestId),
      entries.map((entry) => entry.method),
      entries.map((entry) => entry.path),
      entries.map((entry) => entry.status),
      entries.map((entry) => entry.latencyMs),
      entries.map((entry) => entry.detail ?? null),
    ],
  });
}
