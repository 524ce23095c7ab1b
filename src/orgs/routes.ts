// REST: organizations (operators make and list them), their policy and their mail domains.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import { DomainError } from '../errors.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { dateTime, displayName, pageOf, pageQuery, readCursor, toPage, uuid } from '../http/wire.ts';
import { foundOrganization } from '../keys/found-organization.ts';
import { changeOrganization, unfreezeOrganization } from './change-organization.ts';
import { claimDomain, type ResolveTxt, type VerifiedDomain, verifyDomain } from './claim-domain.ts';
import { type Domain, type Organization, txtName } from './organization.ts';
import { getOrganization, listDomains, listOrganizations } from './organizations-queries.ts';
import { effectivePolicy, policyOverrides } from './policy.ts';

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

const domainBody = z
  .object({
    domain: z.string().meta({ example: 'acme.test' }),
    status: z.enum(['pending', 'verified', 'lost']),
    txtName: z.string().meta({ example: '_drawbridge.acme.test', description: 'Where the proof is published' }),
    txtValue: z.string().meta({ description: 'What the TXT record must hold' }),
    verifiedAt: dateTime.nullable(),
  })
  .meta({ id: 'Domain' });

const claimedDomain = domainBody
  .extend({ admitted: z.int().meta({ description: 'Members who waited for this domain and are active now' }) })
  .meta({ id: 'ClaimedDomain' });

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

function domainRoutes(deps: Deps): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/v1/organizations/{org}/domains',
      summary: 'List the mail domains of an organization',
      tag: TAG,
      access: { permission: 'organization.view' },
      responses: { 200: { description: 'All of them', schema: pageOf(domainBody) } },
      handle: async ({ orgId }) => ({
        status: 200,
        body: { items: (await listDomains(deps.db, orgId)).map(domainToWire) },
      }),
    }),
    endpoint({
      method: 'post',
      path: '/v1/organizations/{org}/domains',
      summary: 'Claim a mail domain',
      tag: TAG,
      access: { permission: 'organization.manage' },
      body: z.strictObject({
        domain: z.string().max(253).meta({ example: 'acme.test' }),
        verified: z
          .literal(true)
          .optional()
          .meta({ description: "The operator's recorded decision that it is proved" }),
      }),
      responses: { 201: { description: 'Claimed; publish the TXT record, then verify', schema: claimedDomain } },
      idempotent: true,
      handle: async ({ orgId, principal, ctx, body }) => {
        if (body.verified && principal.kind !== 'operator') {
          throw new DomainError('forbidden', 'Only an operator can decide that a domain is proved. Verify it by DNS.');
        }
        const claimed = await claimDomain(deps, ctx, orgId, { domain: body.domain, decided: body.verified ?? false });
        return {
          status: 201,
          location: `/v1/organizations/${orgId}/domains/${claimed.domain.domain}`,
          body: claimedToWire(claimed),
        };
      },
    }),
    endpoint({
      method: 'post',
      path: '/v1/organizations/{org}/domains/{domain}/verify',
      summary: 'Verify a claimed domain by its TXT record; admits all who wait for it',
      tag: TAG,
      access: { permission: 'organization.manage' },
      params: z.object({ domain: z.string() }),
      responses: { 200: { description: 'Verified', schema: claimedDomain } },
      handle: async ({ orgId, ctx, params }) => ({
        status: 200,
        body: claimedToWire(await verifyDomain(deps, ctx, orgId, params.domain.toLowerCase())),
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

function domainToWire(domain: Domain): z.input<typeof domainBody> {
  return {
    domain: domain.domain,
    status: domain.status,
    txtName: txtName(domain.domain),
    txtValue: domain.txtValue,
    verifiedAt: domain.verifiedAt?.toISOString() ?? null,
  };
}

function claimedToWire({ domain, admitted }: VerifiedDomain): z.input<typeof claimedDomain> {
  return { ...domainToWire(domain), admitted };
}
