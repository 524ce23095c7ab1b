// REST: teams, roles and the rules that map groups to them.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { idParam } from '../http/parse-request.ts';
import { dateTime, displayName, pageOf, pageQuery, readCursor, toPage, uuid } from '../http/wire.ts';
import { listRoles } from '../roles/roles-queries.ts';
import { createMappingRule, deleteMappingRule } from './change-mapping-rule.ts';
import { archiveTeam, createTeam, renameTeam } from './change-team.ts';
import type { MappingRule } from './mapping-rule.ts';
import { listMappingRules } from './mapping-rules-queries.ts';
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

const ruleTarget = z.union([z.strictObject({ team: z.string() }), z.strictObject({ role: z.string() })]);

const ruleBody = z
  .object({
    id: uuid,
    source: z.enum(['scim.group', 'sso.groups']),
    match: z.enum(['external_id', 'display_name']),
    value: z.string(),
    target: ruleTarget.meta({ description: 'The id of a team or the key of a role' }),
    createdAt: dateTime,
  })
  .meta({ id: 'MappingRule' });

const savedRuleBody = ruleBody
  .extend({ matched: z.int().meta({ description: 'Members whose facts match it now' }) })
  .meta({ id: 'SavedMappingRule' });

const teamParams = z.object({ team: z.string().max(100).meta({ description: 'Id or key' }) });

export function grantRoutes(deps: CoreDeps): Endpoint[] {
  return [...teamReads(deps), ...teamWrites(deps), ...ruleRoutes(deps)];
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

function ruleRoutes(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/v1/organizations/{org}/mapping-rules',
      summary: 'List the mapping rules of an organization',
      tag: 'Mapping rules',
      access: { permission: 'rule.manage' },
      responses: { 200: { description: 'All of them', schema: pageOf(ruleBody) } },
      handle: async ({ orgId }) => {
        const rules = await listMappingRules(deps.db, orgId);
        return { status: 200, body: { items: rules.map(ruleToWire) } };
      },
    }),
    endpoint({
      method: 'post',
      path: '/v1/organizations/{org}/mapping-rules',
      summary: 'Save a mapping rule; it holds at once',
      tag: 'Mapping rules',
      access: { permission: 'rule.manage' },
      body: z.strictObject({
        source: z.enum(['scim.group', 'sso.groups']),
        match: z.enum(['external_id', 'display_name']),
        value: z.string().min(1).max(500).meta({ example: 'Engineers' }),
        target: ruleTarget.meta({ example: { team: 'engineering' } }),
      }),
      responses: { 201: { description: 'Saved and evaluated', schema: savedRuleBody } },
      idempotent: true,
      handle: async ({ orgId, rights, ctx, body }) => {
        const { rule, matched } = await createMappingRule(deps, ctx, orgId, rights, body);
        const location = `/v1/organizations/${orgId}/mapping-rules/${rule.id}`;
        return { status: 201, location, body: { ...ruleToWire(rule), matched } };
      },
    }),
    endpoint({
      method: 'delete',
      path: '/v1/organizations/{org}/mapping-rules/{rule}',
      summary: 'Delete a mapping rule; what it gave ends at once',
      tag: 'Mapping rules',
      access: { permission: 'rule.manage' },
      params: z.object({ rule: idParam }),
      responses: { 204: { description: 'Deleted' } },
      handle: async ({ orgId, ctx, params }) => {
        await deleteMappingRule(deps, ctx, orgId, params.rule);
        return { status: 204 };
      },
    }),
  ];
}

function teamToWire(team: Team): z.input<typeof teamBody> {
  return { ...team, createdAt: team.createdAt.toISOString() };
}

function ruleToWire(rule: MappingRule): z.input<typeof ruleBody> {
  const target = rule.target.kind === 'team' ? { team: rule.target.ref } : { role: rule.target.ref };
  const { id, source, match, value } = rule;
  return { id, source, match, value, target, createdAt: rule.createdAt.toISOString() };
}
