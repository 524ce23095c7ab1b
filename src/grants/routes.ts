// REST: teams and roles, and all of mapping behind them.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { dateTime, displayName, pageOf, pageQuery, readCursor, toPage, uuid } from '../http/wire.ts';
import { listRoles } from '../roles/roles-queries.ts';
import { archiveTeam, createTeam, renameTeam } from './change-team.ts';
import { mappingRoutes } from './mapping-routes.ts';
import type { Team } from './team.ts';
import { getTeam, listTeams } from './teams-queries.ts';

const teamBody = z
  .object({
    id: uuid,
    key: z.string().meta({ example: 'engineering' }),
    displayName: z.string().meta({ example: 'Engineering' }),
    kind: z.enum(['team', 'project']),
    memberCount: z.int(),
    createdAt: dateTime,
  })
  .meta({ id: 'Team' });

const roleBody = z
  .object({
    key: z.string(),
    displayName: z.string(),
    rank: z.int(),
    permissions: z.array(z.string()),
    fullControl: z.boolean(),
    assignable: z.boolean(),
  })
  .meta({ id: 'Role' });

const teamParams = z.object({ team: z.string().max(100).meta({ description: 'Id or key' }) });

export function grantRoutes(deps: CoreDeps): Endpoint[] {
  return [...teamReads(deps), ...teamWrites(deps), ...mappingRoutes(deps)];
}

function teamReads(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/v1/organizations/{org}/roles',
      summary: 'List the roles of an organization',
      tag: 'Teams and roles',
      access: { permission: 'organization.view' },
      responses: { 200: { description: 'All of them, highest rank first', schema: pageOf(roleBody) } },
      handle: async ({ orgId }) => ({ status: 200, body: { items: await listRoles(deps.db, orgId) } }),
    }),
    endpoint({
      method: 'get',
      path: '/v1/organizations/{org}/teams',
      summary: 'List the teams of an organization, by key',
      tag: 'Teams and roles',
      access: { permission: 'team.view' },
      query: pageQuery,
      responses: { 200: { description: 'A page', schema: pageOf(teamBody) } },
      handle: async ({ orgId, query }) => {
        const [afterKey] = readCursor(query.cursor, 1) ?? [];
        const rows = await listTeams(deps.db, orgId, { afterKey, limit: query.limit + 1 });
        return { status: 200, body: toPage(rows, query.limit, teamToWire, (team) => [team.key]) };
      },
    }),
    endpoint({
      method: 'get',
      path: '/v1/organizations/{org}/teams/{team}',
      summary: 'Read a team',
      tag: 'Teams and roles',
      access: { permission: 'team.view' },
      params: teamParams,
      responses: { 200: { description: 'The team', schema: teamBody } },
      handle: async ({ orgId, params }) => {
        const team = await deps.db.inOrg(orgId, (tx) => getTeam(tx, orgId, params.team));
        return { status: 200, body: teamToWire(team) };
      },
    }),
  ];
}

function teamWrites(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/v1/organizations/{org}/teams',
      summary: 'Make a team',
      tag: 'Teams and roles',
      access: { permission: 'team.manage' },
      body: z.strictObject({
        displayName,
        key: z.string().optional().meta({ description: 'For ever; made from the display name when missing' }),
        kind: z.enum(['team', 'project']).optional(),
      }),
      responses: { 201: { description: 'Made', schema: teamBody } },
      idempotent: true,
      handle: async ({ orgId, ctx, body }) => {
        const team = await createTeam(deps, ctx, orgId, body);
        return { status: 201, location: `/v1/organizations/${orgId}/teams/${team.id}`, body: teamToWire(team) };
      },
    }),
    endpoint({
      method: 'patch',
      path: '/v1/organizations/{org}/teams/{team}',
      summary: 'Rename a team',
      tag: 'Teams and roles',
      access: { permission: 'team.manage' },
      params: teamParams,
      body: z.strictObject({ displayName }),
      responses: { 200: { description: 'As it is now', schema: teamBody } },
      idempotent: true,
      handle: async ({ orgId, ctx, params, body }) => {
        const team = await renameTeam(deps, ctx, orgId, { team: params.team, displayName: body.displayName });
        return { status: 200, body: teamToWire(team) };
      },
    }),
    endpoint({
      method: 'delete',
      path: '/v1/organizations/{org}/teams/{team}',
      summary: 'Archive a team: its memberships end, its key stays taken',
      tag: 'Teams and roles',
      access: { permission: 'team.manage' },
      params: teamParams,
      responses: { 204: { description: 'Archived' } },
      handle: async ({ orgId, ctx, params }) => {
        await archiveTeam(deps, ctx, orgId, params.team);
        return { status: 204 };
      },
    }),
  ];
}

function teamToWire(team: Team): z.input<typeof teamBody> {
  return { ...team, createdAt: team.createdAt.toISOString() };
}
