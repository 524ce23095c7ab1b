// Reads inside the transaction of a replay.
import type { Tx } from '../db/database.ts';
import type { DirectoryScope } from './directory.ts';

export type ReplayedEvent = {
  readonly action: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly data: Readonly<Record<string, unknown>>;
};

type EventRow = { action: string; subject_kind: string; subject_id: string; data: Record<string, unknown> };

/** What this transaction has recorded so far, in its order. */
export async function listEventsOfTransaction(tx: Tx): Promise<ReplayedEvent[]> {
  const rows = await tx.query<EventRow>({
    text: `select action, subject_kind, subject_id, data from audit_event
      where org_id = $1 and txid = pg_current_xact_id() order by id limit 1000`,
    values: [tx.orgId],
  });
  return rows.map((row) => ({
    action: row.action,
    subject: { kind: row.subject_kind, id: row.subject_id },
    data: row.data,
  }));
}

/** All members of a group of this directory: a replay shows which of them come and go. */
export async function listGroupMemberIds(tx: Tx, scope: DirectoryScope, groupId: string): Promise<string[]> {
  const rows = await tx.query<{ member_id: string }>({
    text: `select gm.member_id from group_member gm join directory_group g on g.org_id = gm.org_id and g.id = gm.group_id
      where gm.org_id = $1 and gm.group_id = $2 and g.directory_id = $3 order by gm.member_id`,
    values: [tx.orgId, groupId, scope.directoryId],
  });
  return rows.map((row) => row.member_id);
}
