// A company says that somebody has logged out there: their sessions are over with us, and Keycloak's are ended after the
// commit by a job that may run twice (law 1).
import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import type { Connection } from '../connections/connection.ts';
import type { SsoDeps } from '../deps.ts';
import type { NamedSessions } from './upstream-session.ts';
import { endInKeycloak, endNamedSessions, rememberLogout } from './upstream-session-store.ts';

export type CompanyLogout = {
  readonly connection: Connection;
  /** Its `jti` or request ID, and until when it is remembered: it counts once. */
  readonly messageId: string;
  readonly until: Date;
  readonly named: NamedSessions;
};

/** Answers how many sessions ended; none is no error. Throws `sign_in_refused` (assertion_replayed) the second time. */
export async function endByCompany(
  deps: Pick<SsoDeps, 'db' | 'clock'>,
  ctx: RequestContext,
  { connection, messageId, until, named }: CompanyLogout,
): Promise<number> {
  const { orgId, id: connectionId } = connection;
  return deps.db.inOrg(orgId, async (tx) => {
    await rememberLogout(tx, connectionId, messageId, until);
    const ended = await endNamedSessions(tx, connectionId, named, deps.clock.now());
    if (ended.length === 0) return 0;
    for (const memberId of new Set(ended.map((session) => session.memberId))) {
      await recordAudit(tx, ctx, {
        action: 'session.ended',
        subjectKind: 'member',
        subjectId: memberId,
        data: { by: 'company', connection: connectionId },
      });
    }
    const sessionIds = ended.map(({ id }) => id);
    await endInKeycloak(tx, { sessionIds, runAt: undefined });
    return ended.length;
  });
}
