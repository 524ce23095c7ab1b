// Who counts as an administrator where sign-in is concerned: whoever could change what others may do. Trusting a company's
// word about such a person is a decision for somebody with full control (law 4).
import { DomainError } from '../../src/errors.ts';
import { ADMIN_PERMISSIONS } from '../../src/roles/permissions.ts';
import type { Rights } from '../../src/roles/rights.ts';
import type { SsoDeps } from '../deps.ts';

/**
 * Throws `role_ceiling` when the connection signs administrators in and the caller has no full control: whoever changes
 * whom a connection believes could become any of its people.
 */
export async function requireMayRetrust(
  { db }: Pick<SsoDeps, 'db'>,
  rights: Rights,
  orgId: string,
  connectionId: string,
): Promise<void> {
  if (rights.fullControl) return;
  const admins = await db.query(orgId, {
    name: 'sso_connection_admins',
    text: `select 1 as one from identity i join member m on m.org_id = i.org_id and m.id = i.member_id
        join role r on r.org_id = m.org_id and r.key = m.role_key
      where i.org_id = $1 and i.connection_id = $2 and (r.full_control or r.permissions && $3::text[]) limit 1`,
    values: [orgId, connectionId, ADMIN_PERMISSIONS],
  });
  if (admins.length > 0) {
    throw new DomainError(
      'role_ceiling',
      'Administrators sign in by this connection, so changing whom it believes needs full control.',
    );
  }
}
