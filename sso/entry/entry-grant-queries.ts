// Reads access grants, and the groups that stand in for a sign-in that could not name them.
import type { Queryable } from '../../src/db/database.ts';
import { DomainError } from '../../src/errors.ts';
import type { EntryGrant } from './entry-grant.ts';

type Row = {
  id: string;
  connection_id: string;
  attribute: string | null;
  value: string;
  role_key: string | null;
  created_at: Date;
};

const SELECT = 'select id, connection_id, attribute, value, role_key, created_at from entry_grant where org_id = $1';

/** All of a connection, oldest first. */
export async function listEntryGrants(tx: Queryable, orgId: string, connectionId: string): Promise<EntryGrant[]> {
  const rows = await tx.query<Row>({
    name: 'sso_entry_grants',
    text: `${SELECT} and connection_id = $2 order by id`,
    values: [orgId, connectionId],
  });
  return rows.map(read);
}

/** Throws not_found. */
export async function getEntryGrant(
  tx: Queryable,
  orgId: string,
  ids: { readonly connectionId: string; readonly id: string },
): Promise<EntryGrant> {
  const [row] = await tx.query<Row>({
    text: `${SELECT} and connection_id = $2 and id = $3`,
    values: [orgId, ids.connectionId, ids.id],
  });
  if (!row) throw new DomainError('not_found', 'The connection has no access grant of this id.');
  return read(row);
}

/** Names and external ids of the groups in which the connection's directory has a member. */
export async function listDirectoryGroupValues(
  tx: Queryable,
  orgId: string,
  of: { readonly directoryId: string; readonly memberId: string },
): Promise<string[]> {
  const rows = await tx.query<{ value: string }>({
    name: 'sso_groups_of_directory_user',
    text: `select v.value from group_member m join directory_group g on g.org_id = m.org_id and g.id = m.group_id,
        lateral (values (g.display_name), (g.external_id)) v (value)
      where m.org_id = $1 and m.member_id = $2 and g.directory_id = $3 and v.value is not null`,
    values: [orgId, of.memberId, of.directoryId],
  });
  return rows.map(({ value }) => value);
}

function read(row: Row): EntryGrant {
  return {
    id: row.id,
    connectionId: row.connection_id,
    attribute: row.attribute ?? undefined,
    value: row.value,
    role: row.role_key ?? undefined,
    createdAt: row.created_at,
  };
}
