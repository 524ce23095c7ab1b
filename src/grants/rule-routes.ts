// REST: the rules that map groups and claims to teams and roles.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { idParam } from '../http/parse-request.ts';
import { pageOf, pageQuery, readCursor, toPage } from '../http/wire.ts';
import { createMappingRule, deleteMappingRule, updateMappingRule } from './change-mapping-rule.ts';
import { getMappingRule, listMappingRules } from './mapping-rules-queries.ts';
import {
  newRuleBody,
  ruleBody,
  ruleChangeBody,
  ruleChangeFromWire,
  ruleFromWire,
  ruleToWire,
  savedRuleBody,
} from './rule-wire.ts';

const COLLECTION = '/v1/organizations/{org}/mapping-rules';
const ONE = `${COLLECTION}/{rule}`;
const shared = { tag: 'Mapping', access: { permission: 'rule.manage' } } as const;
const params = z.object({ rule: idParam });

export function ruleRoutes(deps: CoreDeps): Endpoint[] {
  return [...ruleReads(deps), ...ruleWrites(deps)];
}

function ruleReads(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      ...shared,
      method: 'get',
      path: COLLECTION,
      summary: 'List the mapping rules of an organization',
      query: pageQuery,
      responses: { 200: { description: 'A page, in the order in which they were made', schema: pageOf(ruleBody) } },
      handle: async ({ orgId, query }) => {
        const [afterId] = readCursor(query.cursor, 1) ?? [];
        const rows = await listMappingRules(deps.db, orgId, { afterId, limit: query.limit + 1 });
        return { status: 200, body: toPage(rows, query.limit, ruleToWire, (rule) => [rule.id]) };
      },
    }),
    endpoint({
      ...shared,
      method: 'get',
      path: ONE,
      summary: 'Read a mapping rule',
      params,
      responses: { 200: { description: 'The rule', schema: ruleBody } },
      handle: async ({ orgId, params }) => {
        const rule = await deps.db.inOrg(orgId, (tx) => getMappingRule(tx, orgId, params.rule));
        return { status: 200, body: ruleToWire(rule) };
      },
    }),
  ];
}

function ruleWrites(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      ...shared,
      method: 'post',
      path: COLLECTION,
      summary: 'Save a mapping rule; it holds at once',
      body: newRuleBody,
      responses: { 201: { description: 'Saved and evaluated', schema: savedRuleBody } },
      idempotent: true,
      handle: async ({ orgId, rights, ctx, body }) => {
        const { rule, matched } = await createMappingRule(deps, ctx, orgId, rights, ruleFromWire(body));
        const location = `/v1/organizations/${orgId}/mapping-rules/${rule.id}`;
        return { status: 201, location, body: { ...ruleToWire(rule), matched } };
      },
    }),
    endpoint({
      ...shared,
      method: 'patch',
      path: ONE,
      summary: 'Change a mapping rule; everybody it touched or touches is evaluated at once',
      params,
      body: ruleChangeBody,
      responses: { 200: { description: 'As it is now', schema: savedRuleBody } },
      idempotent: true,
      handle: async ({ orgId, rights, ctx, params, body }) => {
        const update = { id: params.rule, rule: ruleChangeFromWire(body) };
        const { rule, matched } = await updateMappingRule(deps, ctx, orgId, rights, update);
        return { status: 200, body: { ...ruleToWire(rule), matched } };
      },
    }),
    endpoint({
      ...shared,
      method: 'delete',
      path: ONE,
      summary: 'Delete a mapping rule; what it gave ends at once',
      params,
      responses: { 204: { description: 'Deleted' } },
      handle: async ({ orgId, rights, ctx, params }) => {
        await deleteMappingRule(deps, ctx, orgId, rights, params.rule);
        return { status: 204 };
      },
    }),
  ];
}
