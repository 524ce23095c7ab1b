// The door out (law 2), as TypeScript, in two steps: suspended (at once, reversible), removed (for good).
import { actorJson } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { Tx } from '../db/database.ts';
import type { MemberStatus } from './member.ts';

export type ReleaseInput = {
  readonly memberId: string;
  readonly to: 'suspended' | 'removed';
  /** For the audit. */
  readonly reason: string;
};

/** Answers the status that follows. Throws `last_owner` when nobody else keeps full control (law 3). */
export async function releaseMember(tx: Tx, ctx: RequestContext, input: ReleaseInput): Promise<MemberStatus> {
  const [row] = await tx.query<{ status: MemberStatus }>({
    name: 'release_member',
    text: 'select release_member($1, $2, $3, $4, $5) as status',
    values: [tx.orgId, input.memberId, input.to, input.reason, actorJson(ctx)],
  });
  if (!row) throw new Error('release_member answers one row');
  return row.status;
}
