// REST: the mapping policy, held changes, shadow mode, and the groups that there are.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { idParam } from '../http/parse-request.ts';
import { dateTime, pageOf, pageQuery, readCursor, toPage, uuid } from '../http/wire.ts';
import { decideHeldChange, type HeldChange, listHeldChanges } from './held-changes.ts';
import { changeMappingConflicts, getMappingConflicts, MAPPING_CONFLICTS } from './mapping-policy.ts';
import { type IdentityGroup, listIdentityGroups, listWouldBeChanges } from './mapping-views-queries.ts';

const BASE = '/v1/organizations/{org}';
const shared = { tag: 'Mapping', access: { permission: 'rule.manage' } } as const;

const policyBody = z.strictObject({
  conflicts: z.enum(MAPPING_CONFLICTS).meta({ description: 'Who decides where sources disagree' }),
});

const heldBody = z
  .object({
    id: uuid,
    team: z.object({ id: uuid, key: z.string() }),
    at: dateTime,
    members: z.array(z.object({ memberId: uuid, rules: z.array(uuid) })),
  })
  .meta({ id: 'HeldChange' });

const wouldBeBody = z
  .object({
    memberId: uuid,
    kind: z.enum(['team', 'role']),
    target: z.string().meta({ description: 'Key of the team or role' }),
    roleNow: z.string().nullable(),
    rules: z.array(uuid),
  })
  .meta({ id: 'WouldBeChange' });

const identityGroupBody = z
  .object({
    id: uuid,
    name: z.string(),
    names: z.array(z.string()).meta({ description: 'As directories and claims name it' }),
    externalId: z.string().nullable(),
    directoryId: uuid.nullable().meta({ description: 'Null: only sign-ins name it' }),
    firstSeenAt: dateTime,
    lastSeenAt: dateTime,
    memberCount: z.int(),
    rules: z.array(uuid).meta({ description: 'Rules that match it; none = not mapped' }),
  })
  .meta({ id: 'IdentityGroup' });

export function mappingViewRoutes(deps: CoreDeps): Endpoint[] {
  return [...policyRoutes(deps), ...heldRoutes(deps), ...viewRoutes(deps)];
}

function policyRoutes(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      ...shared,
      method: 'get',
      path: `${BASE}/mapping-policy`,
      summary: 'Read who decides where directory, sign-in and administrators disagree',
      responses: { 200: { description: 'The policy', schema: policyBody } },
      handle: async ({ orgId }) => ({ status: 200, body: { conflicts: await getMappingConflicts(deps, orgId) } }),
    }),
    endpoint({
      ...shared,
      method: 'put',
      path: `${BASE}/mapping-policy`,
      summary: 'Change it; everybody concerned is evaluated at once',
      body: policyBody,
      responses: { 200: { description: 'As it is now', schema: policyBody } },
      handle: async ({ orgId, ctx, body }) => {
        await changeMappingConflicts(deps, ctx, orgId, body.conflicts);
        return { status: 200, body };
      },
    }),
  ];
}

function heldRoutes(deps: CoreDeps): Endpoint[] {
  const decide = (decision: 'release' | 'drop', summary: string) =>
    endpoint({
      ...shared,
      method: 'post',
      path: `${BASE}/held-changes/{held}/${decision}`,
      summary,
      params: z.object({ held: idParam }),
      responses: { 200: { description: 'Done', schema: z.object({ members: z.int() }) } },
      handle: async ({ orgId, ctx, params }) => {
        const members = await decideHeldChange(deps, ctx, orgId, { id: params.held, decision });
        return { status: 200, body: { members } };
      },
    });
  return [
    endpoint({
      ...shared,
      method: 'get',
      path: `${BASE}/held-changes`,
      summary: 'List what the brake holds: members whom rules would take out of a team',
      query: pageQuery,
      responses: { 200: { description: 'A page', schema: pageOf(heldBody) } },
      handle: async ({ orgId, query }) => {
        const [afterId] = readCursor(query.cursor, 1) ?? [];
        const rows = await listHeldChanges(deps, orgId, { afterId, limit: query.limit + 1 });
        const wire = (held: HeldChange) => ({ ...held, at: held.at.toISOString() });
        return { status: 200, body: toPage(rows, query.limit, wire, ({ id }) => [id]) };
      },
    }),
    decide('release', 'Carry a held change out: the members go'),
    decide('drop', 'Drop a held change: the members stay, from now on by hand'),
  ];
}

function viewRoutes(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      ...shared,
      method: 'get',
      path: `${BASE}/would-be-changes`,
      summary: 'List what rules in shadow mode would give',
      query: pageQuery.extend({ rule: uuid.optional() }),
      responses: { 200: { description: 'A page, by member', schema: pageOf(wouldBeBody) } },
      handle: async ({ orgId, query }) => {
        const after = readCursor(query.cursor, 3);
        const rows = await listWouldBeChanges(deps, orgId, { ruleId: query.rule, after, limit: query.limit + 1 });
        const keyOf = ({ memberId, kind, target }: (typeof rows)[number]) => [memberId, kind, target];
        return { status: 200, body: toPage(rows, query.limit, (row) => row, keyOf) };
      },
    }),
    endpoint({
      ...shared,
      method: 'get',
      path: `${BASE}/identity-groups`,
      summary: 'List groups of directories and sign-ins, joined by id, and whether a rule maps them',
      query: pageQuery.extend({ mapped: z.enum(['true', 'false']).optional() }),
      responses: { 200: { description: 'A page, by name', schema: pageOf(identityGroupBody) } },
      handle: async ({ orgId, query }) => {
        const after = readCursor(query.cursor, 2);
        const mapped = query.mapped === undefined ? undefined : query.mapped === 'true';
        const rows = await listIdentityGroups(deps, orgId, { mapped, after, limit: query.limit + 1 });
        return { status: 200, body: toPage(rows, query.limit, groupToWire, ({ nameKey, id }) => [nameKey, id]) };
      },
    }),
  ];
}

function groupToWire({ nameKey: _key, firstSeenAt, lastSeenAt, ...group }: IdentityGroup) {
  return { ...group, firstSeenAt: firstSeenAt.toISOString(), lastSeenAt: lastSeenAt.toISOString() };
}
