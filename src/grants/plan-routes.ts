// REST: previews of changes to rules, and their application.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { idParam } from '../http/parse-request.ts';
import { dateTime, pageOf, pageQuery, readCursor, toPage, uuid } from '../http/wire.ts';
import { newId } from '../ids.ts';
import { type MappingPlan, summarize } from './mapping-plan.ts';
import { getMappingPlan, listPlanChanges } from './mapping-plans-store.ts';
import type { RuleChange } from './mapping-rule.ts';
import { applyMappingPlan, previewRuleChanges } from './plan-rule-changes.ts';
import { newRuleBody, ruleChangeBody, ruleChangeFromWire, ruleFromWire } from './rule-wire.ts';

const COLLECTION = '/v1/organizations/{org}/mapping-plans';
const ONE = `${COLLECTION}/{plan}`;
const shared = { tag: 'Mapping', access: { permission: 'rule.manage' } } as const;
const params = z.object({ plan: idParam });

const draftChange = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('create'), rule: newRuleBody }),
  z.strictObject({ op: z.literal('update'), id: uuid, rule: ruleChangeBody }),
  z.strictObject({ op: z.literal('delete'), id: uuid }),
]);

const planBody = z
  .object({
    id: uuid,
    createdAt: dateTime,
    expiresAt: dateTime,
    appliedAt: dateTime.nullable(),
    rules: z.array(z.object({ op: z.enum(['create', 'update', 'delete']), id: uuid })).meta({
      description: 'In the order of the draft; the ids that new rules will have',
    }),
  })
  .meta({ id: 'MappingPlan' });

const previewBody = planBody
  .extend({
    teams: z.array(z.object({ team: z.string(), added: z.int(), removed: z.int(), held: z.int() })),
    roles: z.int().meta({ description: 'Members whose role changes' }),
    teamsMade: z.array(z.string()),
  })
  .meta({ id: 'MappingPreview' });

const changeBody = z
  .object({
    kind: z.enum(['team', 'role', 'owner_kept', 'team_made']),
    memberId: uuid.optional(),
    team: z.string().optional().meta({ description: 'Its key' }),
    change: z.enum(['added', 'removed', 'held']).optional(),
    from: z.string().optional(),
    to: z.string().optional(),
    rules: z.array(uuid).optional().meta({ description: 'The rules responsible' }),
  })
  .meta({ id: 'PlannedChange' });

export function planRoutes(deps: CoreDeps): Endpoint[] {
  return [previewEndpoint(deps), ...planReads(deps), applyEndpoint(deps)];
}

function previewEndpoint(deps: CoreDeps): Endpoint {
  return endpoint({
    ...shared,
    method: 'post',
    path: COLLECTION,
    summary: 'Preview changes of rules: exactly what they would do, and a plan to apply',
    body: z.strictObject({ changes: z.array(draftChange).min(1).max(1000) }),
    responses: { 201: { description: 'Tried and undone; the plan holds for 24 hours', schema: previewBody } },
    handle: async ({ orgId, rights, ctx, body }) => {
      const changes = body.changes.map(changeFromWire);
      const { plan, difference } = await previewRuleChanges(deps, ctx, orgId, rights, changes);
      const location = `/v1/organizations/${orgId}/mapping-plans/${plan.id}`;
      const preview = {
        ...planToWire(plan),
        teams: summarize(difference),
        roles: difference.filter(({ kind }) => kind === 'role').length,
        teamsMade: difference.flatMap((item) => (item.kind === 'team_made' ? [item.team] : [])),
      };
      return { status: 201, location, body: preview };
    },
  });
}

function planReads(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      ...shared,
      method: 'get',
      path: ONE,
      summary: 'Read a plan',
      params,
      responses: { 200: { description: 'The plan', schema: planBody } },
      handle: async ({ orgId, params }) => {
        const plan = await deps.db.inOrg(orgId, (tx) => getMappingPlan(tx, orgId, params.plan));
        return { status: 200, body: planToWire(plan) };
      },
    }),
    endpoint({
      ...shared,
      method: 'get',
      path: `${ONE}/changes`,
      summary: 'List what a plan does, member by member, with the rules responsible',
      params,
      query: pageQuery,
      responses: { 200: { description: 'A page', schema: pageOf(changeBody) } },
      handle: async ({ orgId, params, query }) => {
        const [after = '0'] = readCursor(query.cursor, 1) ?? [];
        const rows = await deps.db.inOrg(orgId, async (tx) => {
          await getMappingPlan(tx, orgId, params.plan);
          return listPlanChanges(tx, orgId, params.plan, { after: Number(after) || 0, limit: query.limit + 1 });
        });
        const wire = ({ change }: (typeof rows)[number]) => change;
        return { status: 200, body: toPage(rows, query.limit, wire, ({ position }) => [String(position)]) };
      },
    }),
  ];
}

function applyEndpoint(deps: CoreDeps): Endpoint {
  return endpoint({
    ...shared,
    method: 'post',
    path: `${ONE}/apply`,
    summary: 'Apply a plan: exactly what it says, or 409 if that is not what would happen by now',
    params,
    responses: { 200: { description: 'Applied', schema: planBody } },
    idempotent: true,
    handle: async ({ orgId, rights, ctx, params }) => {
      const plan = await applyMappingPlan(deps, ctx, orgId, rights, params.plan);
      return { status: 200, body: planToWire(plan) };
    },
  });
}

function changeFromWire(change: z.output<typeof draftChange>): RuleChange {
  if (change.op === 'create') return { op: 'create', id: newId(), rule: ruleFromWire(change.rule) };
  if (change.op === 'update') return { op: 'update', id: change.id, rule: ruleChangeFromWire(change.rule) };
  return change;
}

function planToWire({ id, changes, createdAt, expiresAt, appliedAt }: MappingPlan): z.input<typeof planBody> {
  return {
    id,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    appliedAt: appliedAt?.toISOString() ?? null,
    rules: changes.map((change) => ({ op: change.op, id: change.id })),
  };
}
