// Members who wait for a proof of their address: found, locked, and marked as released.
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';

type Waiting = { readonly address: string; readonly defaultRole: string };

/** Locks somebody who waits, and whom nothing but the proof keeps out. Throws `not_found` or `conflict`. */
export async function lockWaiting(tx: Tx, memberId: string): Promise<Waiting> {
  const [row] = await tx.query<{ status: string; address: string | null; default_role: string }>({
    text: `select m.status, m.address, o.default_role from member m join organization o on o.org_id = m.org_id
      where m.org_id = $1 and m.id = $2 and m.status not in ('removed', 'purged') for update of m`,
    values: [tx.orgId, memberId],
  });
  if (!row) throw new DomainError('not_found', 'The organization has no such member.');
  if (row.status !== 'pending') {
    throw new DomainError('conflict', `The member is ${row.status}: only somebody who waits can be released.`);
  }
  if (row.address === null) throw new DomainError('conflict', 'No address is known that a mail could go to.');
  return { address: row.address, defaultRole: row.default_role };
}

export async function markReleased(tx: Tx, memberId: string, now: Date): Promise<void> {
  await tx.query({
    text: 'update member set released_at = $3, updated_at = now() where org_id = $1 and id = $2',
    values: [tx.orgId, memberId, now],
  });
}

/** Who waits with an address and was never released, the longest waiting first. */
export async function listUnreleased(tx: Tx, limit: number): Promise<string[]> {
  const rows = await tx.query<{ id: string }>({
    text: `select m.id from member m where m.org_id = $1 and m.status = 'pending' and m.address is not null
        and m.released_at is null
        and not exists (select from invitation i where i.org_id = m.org_id and i.member_id = m.id and i.status = 'pending')
      order by m.id limit $2`,
    values: [tx.orgId, limit],
  });
  return rows.map(({ id }) => id);
}
