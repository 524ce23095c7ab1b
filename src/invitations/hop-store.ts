// A browser that an acceptance sent to Keycloak: kept by the hash of its `state`, found once.
import type { CoreDeps } from '../db/core-deps.ts';
import { hashSecret, isUuid, newSecret } from '../ids.ts';

/** What Keycloak was asked: whose session the browser holds, a usual sign-in, the way in by link, an end of a session. */
type HopStep = 'who' | 'prove' | 'password' | 'signed_out';

export type Hop = { readonly orgId: string; readonly invitationId: string; readonly step: HopStep };

/** How long somebody may take at Keycloak's pages. */
const LIFETIME_MS = 30 * 60 * 1000;

/** Keeps the hop and answers the `state` that brings it back: organization and 256 random bits. */
export async function beginHop(deps: CoreDeps, hop: Hop): Promise<string> {
  const state = `${hop.orgId}.${newSecret()}`;
  await deps.db.query(hop.orgId, {
    text: `insert into invitation_hop (org_id, state_hash, invitation_id, step, expires_at) values ($1, $2, $3, $4, $5)`,
    values: [
      hop.orgId,
      hashSecret(state),
      hop.invitationId,
      hop.step,
      new Date(deps.clock.now().getTime() + LIFETIME_MS),
    ],
  });
  return state;
}

/** The hop of a `state`, which is spent with it; undefined for one that is unknown, used or too old. */
export async function takeHop(deps: CoreDeps, state: string): Promise<Hop | undefined> {
  const orgId = state.slice(0, Math.max(state.indexOf('.'), 0));
  if (!isUuid(orgId)) return undefined;
  const [row] = await deps.db.query<{ invitation_id: string; step: HopStep; expires_at: Date }>(orgId, {
    text: `delete from invitation_hop where org_id = $1 and state_hash = $2 returning invitation_id, step, expires_at`,
    values: [orgId, hashSecret(state)],
  });
  if (!row || row.expires_at <= deps.clock.now()) return undefined;
  return { orgId, invitationId: row.invitation_id, step: row.step };
}
