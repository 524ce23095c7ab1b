// Reads of API keys; the secret itself is nowhere to be read.
import type { Database } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import type { ApiKey, LiveKey } from './api-key.ts';

type Row = {
  id: string;
  display_name: string;
  member_id: string | null;
  permissions: string[];
  full_control: boolean;
  last_characters: string;
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
};

const COLUMNS = `k.id, k.display_name, k.member_id, k.permissions, k.full_control, k.last_characters, k.created_at,
  c.expires_at, c.last_used_at`;

/** The keys of an organization that were not revoked, newest first. */
export async function listApiKeys(db: Database, orgId: string): Promise<ApiKey[]> {
  const rows = await db.query<Row>(orgId, {
    text: `select ${COLUMNS} from api_key k left join api_key_use($1) c on c.key_id = k.id
      where k.org_id = $1 and k.revoked_at is null order by k.created_at desc, k.id`,
    values: [orgId],
  });
  return rows.map(asApiKey);
}

/** Throws `not_found` for a key that is not of this organization or was revoked. */
export async function getApiKey(db: Database, orgId: string, keyId: string): Promise<ApiKey> {
  const [row] = await db.query<Row>(orgId, {
    text: `select ${COLUMNS} from api_key k left join api_key_use($1) c on c.key_id = k.id
      where k.org_id = $1 and k.id = $2 and k.revoked_at is null`,
    values: [orgId, keyId],
  });
  if (!row) throw new DomainError('not_found', 'The organization has no such key.');
  return asApiKey(row);
}

/**
 * What a key may do at this moment, or undefined when it opens nothing: revoked, its member not active (law 2: the same
 * key is valid again when the member is), its organization deleted. A member's key does what both it and their role allow.
 */
export async function findLiveKey(db: Database, orgId: string, keyId: string): Promise<LiveKey | undefined> {
  const [row] = await db.query<LiveRow>(orgId, {
    name: 'live_key',
    text: `select k.permissions, k.full_control, k.member_id, r.permissions as role_permissions, r.full_control as role_full_control
      from api_key k
      join organization o on o.org_id = k.org_id and o.status = 'active'
      left join member m on m.org_id = k.org_id and m.id = k.member_id
      left join role r on r.org_id = m.org_id and r.key = m.role_key
      where k.org_id = $1 and k.id = $2 and k.revoked_at is null and (k.member_id is null or m.status = 'active')`,
    values: [orgId, keyId],
  });
  return row && asLiveKey(row);
}

type LiveRow = {
  permissions: string[];
  full_control: boolean;
  member_id: string | null;
  role_permissions: string[] | null;
  role_full_control: boolean | null;
};

function asLiveKey(row: LiveRow): LiveKey {
  const { permissions, full_control: fullControl, member_id: memberId, role_permissions: ofRole } = row;
  if (memberId === null || row.role_full_control) return { permissions, fullControl, memberId: memberId ?? undefined };
  return {
    permissions: permissions.filter((permission) => ofRole?.includes(permission)),
    fullControl: false,
    memberId,
  };
}

function asApiKey(row: Row): ApiKey {
  return {
    id: row.id,
    displayName: row.display_name,
    memberId: row.member_id ?? undefined,
    permissions: row.permissions,
    fullControl: row.full_control,
    lastCharacters: row.last_characters,
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
    lastUsedAt: row.last_used_at ?? undefined,
  };
}
