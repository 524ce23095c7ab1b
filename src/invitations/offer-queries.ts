// What can be offered: the roles and teams of the organization as they are now.
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import type { InvitedTeam } from './invitation.ts';

export type OfferedRole = { readonly key: string; readonly permissions: string[]; readonly fullControl: boolean };

/** The role as it is now; throws `invalid_value` for one that is unknown or is not given by hand. */
export async function getAssignableRole(tx: Tx, key: string): Promise<OfferedRole> {
  const [role] = await tx.query<{ permissions: string[]; full_control: boolean; assignable: boolean }>({
    text: 'select permissions, full_control, assignable from role where org_id = $1 and key = $2',
    values: [tx.orgId, key],
  });
  if (!role) throw new DomainError('invalid_value', 'There is no role of this key.', { data: { field: 'role' } });
  if (!role.assignable) {
    throw new DomainError('invalid_value', 'This role is not given to people.', { data: { field: 'role' } });
  }
  return { key, permissions: role.permissions, fullControl: role.full_control };
}

/** The teams by id or key, each once; throws `invalid_value` naming what is unknown or archived. */
export async function getTeams(tx: Tx, idsOrKeys: readonly string[]): Promise<InvitedTeam[]> {
  const wanted = [...new Set(idsOrKeys)];
  if (wanted.length === 0) return [];
  const rows = await tx.query<InvitedTeam>({
    text: `select id, key, display_name as "displayName" from team
      where org_id = $1 and archived_at is null and (id::text = any ($2) or key = any ($2)) order by key`,
    values: [tx.orgId, wanted],
  });
  const known = new Set(rows.flatMap(({ id, key }) => [id, key]));
  const unknown = wanted.filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new DomainError('invalid_value', `There is no team ${unknown.join(', ')} here.`, {
      data: { field: 'teams' },
    });
  }
  return rows;
}
