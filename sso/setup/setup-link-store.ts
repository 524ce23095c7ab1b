// Reads and writes set-up links, and what was made through them.
import type { Queryable, Tx } from '../../src/db/database.ts';
import type { SetupItemKind } from '../../src/orgs/setup-item.ts';
import type { SetupLink, SetupScope } from './setup-link.ts';

type Row = {
  org_id: string;
  id: string;
  scopes: SetupScope[];
  created_at: Date;
  expires_at: Date;
  revoked_at: Date | null;
  last_used_at: Date | null;
};

const COLUMNS = 'org_id, id, scopes, created_at, expires_at, revoked_at, last_used_at';

export async function insertSetupLink(
  tx: Tx,
  link: Pick<SetupLink, 'id' | 'scopes' | 'createdAt' | 'expiresAt'>,
  secret: { readonly hash: Buffer; readonly author: string },
): Promise<void> {
  await tx.query({
    text: `insert into setup_link (org_id, id, scopes, created_by, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)`,
    values: [tx.orgId, link.id, link.scopes, secret.author, link.createdAt, link.expiresAt],
  });
  await tx.query({
    text: `select issue_credential($1, 'setup_link', $2, $3, $4)`,
    values: [secret.hash, tx.orgId, link.id, link.expiresAt],
  });
}

/** Answers whether there was such a link, not revoked yet. */
export async function revokeSetupLinkRow(tx: Tx, id: string, at: Date): Promise<boolean> {
  const rows = await tx.query({
    text: 'update setup_link set revoked_at = $3 where org_id = $1 and id = $2 and revoked_at is null returning id',
    values: [tx.orgId, id, at],
  });
  if (rows.length === 0) return false;
  await tx.query({ text: `select revoke_credentials('setup_link', $1, $2)`, values: [tx.orgId, id] });
  return true;
}

/** Newest first. */
export async function listSetupLinks(queryable: Queryable, orgId: string): Promise<SetupLink[]> {
  const rows = await queryable.query<Row>({
    text: `select ${COLUMNS} from setup_link where org_id = $1 order by id desc limit 100`,
    values: [orgId],
  });
  return rows.map(fromRow);
}

export async function findSetupLink(queryable: Queryable, orgId: string, id: string): Promise<SetupLink | undefined> {
  const [row] = await queryable.query<Row>({
    text: `select ${COLUMNS} from setup_link where org_id = $1 and id = $2`,
    values: [orgId, id],
  });
  return row && fromRow(row);
}

/** Notes what the link has made, in the transaction that makes it, and that it was used. */
export async function noteSetupItem(tx: Tx, linkId: string, kind: SetupItemKind, id: string, at: Date): Promise<void> {
  await tx.query({
    text: 'insert into setup_item (org_id, link_id, kind, id, made_at) values ($1, $2, $3, $4, $5)',
    values: [tx.orgId, linkId, kind, id, at],
  });
  await tx.query({
    text: 'update setup_link set last_used_at = $3 where org_id = $1 and id = $2',
    values: [tx.orgId, linkId, at],
  });
}

/** Ids of what the link has made, newest first. */
export async function listSetupItems(
  queryable: Queryable,
  { orgId, id }: SetupLink,
  kind: SetupItemKind,
): Promise<string[]> {
  const rows = await queryable.query<{ id: string }>({
    text: 'select id from setup_item where org_id = $1 and link_id = $2 and kind = $3 order by made_at desc, id desc',
    values: [orgId, id, kind],
  });
  return rows.map((row) => row.id);
}

function fromRow(row: Row): SetupLink {
  return {
    orgId: row.org_id,
    id: row.id,
    scopes: row.scopes,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at ?? undefined,
    lastUsedAt: row.last_used_at ?? undefined,
  };
}
