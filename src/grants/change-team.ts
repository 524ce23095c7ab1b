// Teams: made, renamed, archived. The key is for ever, since it names the group in Keycloak; archiving ends everybody's
// membership at once and keeps the grants as history.
import { actorJson, recordAudit } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import type { Tx } from '../db/database.ts';
import { markOrganization } from '../orgs/organizations-store.ts';
import { reconcileGrants } from './grants-store.ts';
import { lockMapping } from './mapping-rules-store.ts';
import { type Team, type TeamKind, teamKeyOf } from './team.ts';
import { getTeam } from './teams-queries.ts';

export type CreateTeamInput = {
  readonly displayName: string;
  /** Made from the display name when missing. */
  readonly key?: string | undefined;
  readonly kind?: TeamKind | undefined;
};

/**
 * Whom a rule's template leads there is in it at once. Throws `uniqueness` for a key that was ever used here,
 * `invalid_value` for a key of the wrong form.
 */
export function createTeam(deps: CoreDeps, ctx: RequestContext, orgId: string, input: CreateTeamInput): Promise<Team> {
  return deps.db.inOrg(orgId, async (tx) => {
    const key = input.key ?? teamKeyOf(input.displayName);
    await lockMapping(tx);
    const rows = await tx.query<{ id: string }>({
      text: 'insert into team (org_id, key, display_name, kind) values ($1, $2, $3, $4) returning id',
      values: [orgId, key, input.displayName, input.kind ?? 'team'],
    });
    const team = await getTeam(tx, orgId, rows[0]?.id ?? '');
    await follow(tx, ctx, 'team.created', team.id, { key });
    await tx.query({
      text: 'select settle_new_teams($1, array[$2], null, null, $3)',
      values: [orgId, key, actorJson(ctx)],
    });
    return team;
  });
}

/** Throws `not_found`. */
export function renameTeam(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  input: { readonly team: string; readonly displayName: string },
): Promise<Team> {
  return deps.db.inOrg(orgId, async (tx) => {
    const team = await getTeam(tx, orgId, input.team);
    await tx.query({
      text: 'update team set display_name = $3 where org_id = $1 and id = $2',
      values: [orgId, team.id, input.displayName],
    });
    await follow(tx, ctx, 'team.renamed', team.id, { from: team.displayName, to: input.displayName });
    return { ...team, displayName: input.displayName };
  });
}

/** Throws `not_found`. */
export function archiveTeam(deps: CoreDeps, ctx: RequestContext, orgId: string, idOrKey: string): Promise<void> {
  return deps.db.inOrg(orgId, async (tx) => {
    const team = await getTeam(tx, orgId, idOrKey);
    await tx.query({
      text: 'update team set archived_at = $3 where org_id = $1 and id = $2',
      values: [orgId, team.id, deps.clock.now()],
    });
    const members = await tx.query<{ member_id: string }>({
      text: 'select member_id from team_member where org_id = $1 and team_id = $2 order by member_id',
      values: [orgId, team.id],
    });
    await reconcileGrants(
      tx,
      ctx,
      members.map((row) => row.member_id),
    );
    await follow(tx, ctx, 'team.archived', team.id, { members: members.length });
  });
}

async function follow(
  tx: Tx,
  ctx: RequestContext,
  action: string,
  id: string,
  data: Record<string, unknown>,
): Promise<void> {
  await recordAudit(tx, ctx, { action, subjectKind: 'team', subjectId: id, data });
  await markOrganization(tx);
}
