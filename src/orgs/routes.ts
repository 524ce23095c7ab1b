// REST: organizations (operators make and list them) and their policy.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import { DomainError } from '../errors.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { dateTime, displayName, pageOf, pageQuery, readCursor, toPage, uuid } from '../http/wire.ts';
import { foundOrganization } from '../keys/found-organization.ts';
import { changeOrganization, unfreezeOrganization } from './change-organization.ts';
import { domainRoutes } from './domain-routes.ts';
import type { Organization } from './organization.ts';
import { getOrganization, listOrganizations } from './organizations-queries.ts';
import { effectivePolicy, policyOverrides } from './policy.ts';
import type { ResolveTxt } from './resolve-txt.ts';

type Deps = CoreDeps & { readonly resolveTxt: ResolveTxt };

const TAG = 'Organizations';

const organizationBody = z
  .object({
    id: uuid,
    key: z.string().meta({ example: 'acme' }),
    displayName: z.string().meta({ example: 'Acme Inc.' }),
    defaultRole: z.string(),
    seatLimit: z.int().nullable(),
    policy: z.object({
      preset: z.string(),
      overrides: z.record(z.string(), z.unknown()),
      effective: z.record(z.string(), z.unknown()),
    }),
    policyVersion: z.int(),
    frozen: z.object({ since: dateTime, reason: z.string() }).nullable(),
    createdAt: dateTime,
  })
  .meta({ id: 'Organization' });

const seatLimit = z.int().min(0).max(1_000_000);

export function orgRoutes(deps: Deps): Endpoint[] {
  return [...operatorRoutes(deps), ...organizationRoutes(deps), ...domainRoutes(deps)];
}

function operatorRoutes(deps: Deps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/v1/organizations',
      summary: 'Make an organization, with its roles and its first API key',
      tag: TAG,
      access: 'operator',
      body: z.strictObject({
        key: z.string().meta({ example: 'acme', description: 'For ever: never changed, never used again' }),
        displayName: displayName.meta({ example: 'Acme Inc.' }),
        preset: z.string().optional(),
        seatLimit: seatLimit.optional(),
        policy: policyOverrides.optional(),
      }),
      responses: {
        201: {
          description: 'Made; `ownerKey` is shown this once',
          schema: z.object({ organization: organizationBody, ownerKey: z.string() }),
        },
      },
      handle: async ({ ctx, body }) => {
        const { organization, ownerKey } = await foundOrganization(deps, ctx, body);
        const location = `/v1/organizations/${organization.id}`;
        return { status: 201, location, body: { organization: toWire(organization), ownerKey } };
      },
    }),
    endpoint({
      method: 'get',
      path: '/v1/organizations',
      summary: 'List all organizations, by key',
      tag: TAG,
      access: 'operator',
      query: pageQuery,
      responses: { 200: { description: 'A page', schema: pageOf(organizationBody) } },
      handle: async ({ query }) => {
        const [afterKey] = readCursor(query.cursor, 1) ?? [];
        const rows = await listOrganizations(deps.db, { afterKey, limit: query.limit + 1 });
        return { status: 200, body: toPage(rows, query.limit, toWire, (row) => [row.key]) };
      },
    }),
  ];
}

function organizationRoutes(deps: Deps): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/v1/organizations/{org}',
      summary: 'Read an organization',
      tag: TAG,
      access: { permission: 'organization.view' },
      responses: { 200: { description: 'The organization', schema: organizationBody } },
      handle: async ({ orgId }) => ({ status: 200, body: toWire(await getOrganization(deps.db, orgId)) }),
    }),
    endpoint({
      method: 'patch',
      path: '/v1/organizations/{org}',
      summary: 'Change name, seats or policy',
      tag: TAG,
      access: { permission: 'organization.manage' },
      body: z.strictObject({
        displayName: displayName.optional(),
        seatLimit: seatLimit.nullable().optional().meta({ description: 'Operator only; null = not counted' }),
        policy: policyOverrides.optional().meta({ description: 'Replaces all overrides of the preset' }),
      }),
      responses: { 200: { description: 'As it is now', schema: organizationBody } },
      idempotent: true,
      handle: async ({ orgId, principal, ctx, body }) => {
        if (body.seatLimit !== undefined && principal.kind !== 'operator') {
          throw new DomainError('forbidden', 'The seats of the plan are set by the operator.');
        }
        return { status: 200, body: toWire(await changeOrganization(deps, ctx, orgId, body)) };
      },
    }),
    endpoint({
      method: 'post',
      path: '/v1/organizations/{org}/unfreeze',
      summary: 'Thaw a frozen organization (full control or operator)',
      tag: TAG,
      access: { permission: 'organization.manage' },
      responses: { 200: { description: 'As it is now', schema: organizationBody } },
      handle: async ({ orgId, rights, ctx }) => ({
        status: 200,
        body: toWire(await unfreezeOrganization(deps, ctx, orgId, rights)),
      }),
    }),
  ];
}

function toWire(organization: Organization): z.input<typeof organizationBody> {
  const { frozenAt, frozenReason, policy } = organization;
  return {
    id: organization.id,
    key: organization.key,
    displayName: organization.displayName,
    defaultRole: organization.defaultRole,
    seatLimit: organization.seatLimit ?? null,
    policy: { ...policy, effective: effectivePolicy(policy) },
    policyVersion: organization.policyVersion,
    frozen: frozenAt === undefined ? null : { since: frozenAt.toISOString(), reason: frozenReason ?? '' },
    createdAt: organization.createdAt.toISOString(),
  };
}
