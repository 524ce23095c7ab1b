// The REST operations on what a company publishes: reading it again, and deciding on what was not taken by itself.
import { DomainError } from '../../src/errors.ts';
import { type Endpoint, endpoint } from '../../src/http/endpoint.ts';
import { sourceOf } from './company-side.ts';
import { answerConnection, connectionAction, ONE_CONNECTION } from './connection-action.ts';
import { getConnection } from './connection-queries.ts';
import { acceptChange, rejectChange } from './decide-change.ts';
import { type RefreshDeps, refreshConnection } from './refresh-connection.ts';
import { claimRefresh } from './refresh-store.ts';

export function refreshRoutes(deps: RefreshDeps): Endpoint[] {
  return [
    endpoint({
      ...connectionAction,
      path: `${ONE_CONNECTION}/refresh`,
      summary: "Read the company's metadata or discovery again, now; once a minute at most",
      handle: async ({ ctx, orgId, params: { connection: id } }) => {
        const { settings } = await getConnection(deps, orgId, id);
        if (sourceOf(settings) === undefined) {
          throw new DomainError(
            'conflict',
            'This connection was described by hand: there is no address to read again.',
          );
        }
        if (!(await claimRefresh(deps, orgId, id, deps.clock.now()))) {
          throw new DomainError('too_many_requests', 'It was read less than a minute ago. Try again in a minute.');
        }
        await refreshConnection(deps, ctx, orgId, id);
        return answerConnection(deps, orgId, id);
      },
    }),
    endpoint({
      ...connectionAction,
      path: `${ONE_CONNECTION}/pending-change/accept`,
      summary: 'Take over the entity ID, issuer or host that the company has changed',
      handle: async ({ ctx, orgId, rights, params: { connection: connectionId } }) => {
        await acceptChange(deps, ctx, { orgId, connectionId, rights });
        return answerConnection(deps, orgId, connectionId);
      },
    }),
    endpoint({
      ...connectionAction,
      path: `${ONE_CONNECTION}/pending-change/reject`,
      summary: 'Leave the connection as it is, and do not ask about this change again',
      handle: async ({ ctx, orgId, rights, params: { connection: connectionId } }) => {
        await rejectChange(deps, ctx, { orgId, connectionId, rights });
        return answerConnection(deps, orgId, connectionId);
      },
    }),
  ];
}
