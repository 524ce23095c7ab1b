// Reads of an organization's roles.
import type { Database, Queryable } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import type { Role } from './role.ts';

type Row = {
  key: string;
  display_name: string;
  rank: number;
  permissions: string[];
  full_control: boolean;
  assignable: boolean;
};

const SELECT = 'select key, display_name, rank, permissions, full_control, assignable from role where org_id = $1';

/** All of them, highest rank first. */
export async function listRoles(db: Database, orgId: string): Promise<Role[]> {
  const rows = await db.query<Row>(orgId, { text: `${SELECT} order by rank desc, key`, values: [orgId] });
  return rows.map(asRole);
}

/** Throws `invalid_value`: the key came from a request's body. */
export async function getRole(tx: Queryable, orgId: string, key: string): Promise<Role> {
  const [row] = await tx.query<Row>({ text: `${SELECT} and key = $2`, values: [orgId, key] });
  if (!row) throw new DomainError('invalid_value', `The organization has no role ${key}.`);
  return asRole(row);
}

function asRole(row: Row): Role {
  return {
    key: row.key,
    displayName: row.display_name,
    rank: row.rank,
    permissions: row.permissions,
    fullControl: row.full_control,
    assignable: row.assignable,
  };
}
