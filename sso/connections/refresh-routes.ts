// The REST operations on what a company publishes: reading it again, and deciding on what was not taken by itself.
import { z } from 'zod';
import { DomainError } from '../../src/errors.ts';
import { type Endpoint, endpoint } from '../../src/http/endpoint.ts';
import { sourceOf } from './company-side.ts';
import { getConnection } from './connection-queries.ts';
import { connectionViewSchema } from './connection-view.ts';
import { acceptChange, rejectChange } from './decide-change.ts';
import { type RefreshDeps, refreshConnection } from './refresh-connection.ts';
import { claimRefresh } from './refresh-store.ts';
import { showConnection } from './show-connection.ts';

const ONE = '/v1/organizations/{org}/connections/{connection}';
const shared = {
  tag: 'Connections',
  access: { permission: 'connection.manage' },
  method: 'post',
  params: z.object({ connection: z.uuid() }),
  responses: { 200: { description: 'The connection afterwards', schema: connectionViewSchema } },
} as const;

export function refreshRoutes(deps: RefreshDeps): Endpoint[] {
  const show = async (orgId: string, id: string) => ({
    status: 200,
    body: await showConnection(deps, await getConnection(deps, orgId, id)),
  });
  return [
    endpoint({
      ...shared,
      path: `${ONE}/refresh`,
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
        return show(orgId, id);
      },
    }),
    endpoint({
      ...shared,
      path: `${ONE}/pending-change/accept`,
      summary: 'Take over the entity ID, issuer or host that the company has changed',
      handle: async ({ ctx, orgId, rights, params: { connection: connectionId } }) => {
        await acceptChange(deps, ctx, { orgId, connectionId, rights });
        return show(orgId, connectionId);
      },
    }),
    endpoint({
      ...shared,
      path: `${ONE}/pending-change/reject`,
      summary: 'Leave the connection as it is, and do not ask about this change again',
      handle: async ({ ctx, orgId, rights, params: { connection: connectionId } }) => {
        await rejectChange(deps, ctx, { orgId, connectionId, rights });
        return show(orgId, connectionId);
      },
    }),
  ];
}
