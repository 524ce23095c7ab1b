// Writes of API keys: the row says what a key may do, the credential is its hash (law 7).
import type { Tx } from '../db/database.ts';
import { hashSecret } from '../ids.ts';

export type NewApiKey = {
  readonly id: string;
  readonly text: string;
  readonly displayName: string;
  readonly memberId: string | undefined;
  readonly permissions: readonly string[];
  readonly fullControl: boolean;
  readonly expiresAt: Date | undefined;
};

const LAST_CHARACTERS = 4;

export async function insertApiKey(tx: Tx, key: NewApiKey, createdBy: string): Promise<void> {
  await tx.query({
    text: `insert into api_key (org_id, id, display_name, member_id, permissions, full_control, last_characters, created_by)
      values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [
      tx.orgId,
      key.id,
      key.displayName,
      key.memberId ?? null,
      key.permissions,
      key.fullControl,
      key.text.slice(-LAST_CHARACTERS),
      createdBy,
    ],
  });
  await tx.query({
    text: `select issue_credential($1, 'api_key', $2, $3, $4)`,
    values: [hashSecret(key.text), tx.orgId, key.id, key.expiresAt ?? null],
  });
}

/** Ends a key here and in every process that remembers it. Answers false when there is none to end. */
export async function revokeApiKeyRow(tx: Tx, keyId: string, now: Date): Promise<boolean> {
  const rows = await tx.query({
    text: 'update api_key set revoked_at = $3 where org_id = $1 and id = $2 and revoked_at is null returning id',
    values: [tx.orgId, keyId, now],
  });
  if (rows.length === 0) return false;
  await tx.query({ text: `select revoke_credentials('api_key', $1, $2)`, values: [tx.orgId, keyId] });
  return true;
}
