// Who decides where directory, sign-in and administrators disagree (docs/mapping.md).
import { actorJson } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import { DomainError } from '../errors.ts';

export const MAPPING_CONFLICTS = ['directory-first', 'union', 'manual-first'] as const;
export type MappingConflicts = (typeof MAPPING_CONFLICTS)[number];

export async function getMappingConflicts({ db }: Pick<CoreDeps, 'db'>, orgId: string): Promise<MappingConflicts> {
  const [row] = await db.query<{ conflicts: MappingConflicts }>(orgId, {
    text: 'select mapping_conflicts as conflicts from organization where org_id = $1',
    values: [orgId],
  });
  if (!row) throw new DomainError('not_found', 'There is no such organization.');
  return row.conflicts;
}

/** Everybody whom rules or claims speak of is evaluated anew, at once. Repeating it changes nothing. */
export function changeMappingConflicts(
  { db }: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  conflicts: MappingConflicts,
): Promise<void> {
  return db.inOrg(orgId, async (tx) => {
    await tx.query({
      text: 'select change_mapping_policy($1, $2, $3)',
      values: [orgId, conflicts, actorJson(ctx)],
    });
  });
}
