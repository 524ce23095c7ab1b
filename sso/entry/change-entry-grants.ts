// Access grants are saved within their author's rights (law 4). They are asked at each sign-in; nobody is let in or put
// out at the moment of a change, but the role that a deleted one gave goes with it.
import { actorJson, recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import type { Tx } from '../../src/db/database.ts';
import { DomainError } from '../../src/errors.ts';
import { requireGrantableRole } from '../../src/roles/require-role.ts';
import type { Rights } from '../../src/roles/rights.ts';
import { getConnection } from '../connections/connection-queries.ts';
import type { SsoDeps } from '../deps.ts';
import type { EntryGrant } from './entry-grant.ts';
import { getEntryGrant } from './entry-grant-queries.ts';

type Deps = Pick<SsoDeps, 'db' | 'clock' | 'config'>;

const MOST_PER_CONNECTION = 500;

export type EntryGrantInput = {
  readonly connectionId: string;
  readonly attribute: string | undefined;
  readonly value: string;
  readonly role: string | undefined;
};

/** Throws not_found (connection), invalid_value (role), role_ceiling, uniqueness, or conflict beyond 500. */
export async function createEntryGrant(
  deps: Deps,
  ctx: RequestContext,
  orgId: string,
  author: Rights,
  input: EntryGrantInput,
): Promise<EntryGrant> {
  const { connectionId, attribute, value, role } = input;
  await getConnection(deps, orgId, connectionId);
  return deps.db.inOrg(orgId, async (tx) => {
    if (role !== undefined) await requireGrantableRole(tx, orgId, role, author);
    const [row] = await tx.query<{ id: string }>({
      text: `insert into entry_grant (org_id, connection_id, attribute, value, value_key, role_key, created_by, created_at)
        select $1, $2, $3, $4, fold_key($4), $5, $6, $7
        where (select count(*) from entry_grant where org_id = $1 and connection_id = $2) < $8
        returning id`,
      values: [
        orgId,
        connectionId,
        attribute ?? null,
        value,
        role ?? null,
        actorJson(ctx),
        deps.clock.now(),
        MOST_PER_CONNECTION,
      ],
    });
    if (!row) throw new DomainError('conflict', `A connection has at most ${MOST_PER_CONNECTION} access grants.`);
    const made = await getEntryGrant(tx, orgId, { connectionId, id: row.id });
    await record(tx, ctx, 'access_grant.created', made);
    return made;
  });
}

/** Who came in by it stays a member; the role that it gave is taken back at once. Throws not_found. */
export function deleteEntryGrant(
  deps: Deps,
  ctx: RequestContext,
  orgId: string,
  ids: { readonly connectionId: string; readonly id: string },
): Promise<void> {
  return deps.db.inOrg(orgId, async (tx) => {
    // no sign-in is under way that has read the grant and gives its role afterwards
    await tx.query({ text: 'select lock_mapping($1, true)', values: [orgId] });
    const gone = await getEntryGrant(tx, orgId, ids);
    await tx.query({ text: 'delete from entry_grant where org_id = $1 and id = $2', values: [orgId, ids.id] });
    await record(tx, ctx, 'access_grant.deleted', gone);
    await tx.query({ text: 'select take_back_entry_roles($1, $2, $3)', values: [orgId, [ids.id], actorJson(ctx)] });
  });
}

function record(tx: Tx, ctx: RequestContext, action: string, grant: EntryGrant): Promise<void> {
  const { connectionId, attribute, value, role } = grant;
  return recordAudit(tx, ctx, {
    action,
    subjectKind: 'connection',
    subjectId: connectionId,
    data: { grant: grant.id, attribute, value, role },
  });
}
