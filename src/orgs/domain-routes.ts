// REST: the mail domains of an organization, with the state of their proof.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import { DomainError } from '../errors.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { dateTime, pageOf } from '../http/wire.ts';
import { claimDomain, includeSubdomains, type VerifiedDomain } from './claim-domain.ts';
import { type Domain, signInsUntil, txtName } from './organization.ts';
import { listDomains } from './organizations-queries.ts';
import { releaseDomain } from './release-domain.ts';
import type { ResolveTxt } from './resolve-txt.ts';
import { verifyDomain } from './verify-domain.ts';

const DOMAINS = '/v1/organizations/{org}/domains';
const shared = { tag: 'Organizations', access: { permission: 'organization.manage' } } as const;
const params = z.object({ domain: z.string().toLowerCase() });

const domainBody = z
  .object({
    domain: z.string().meta({ example: 'acme.test' }),
    status: z.enum(['pending', 'proved', 'verified', 'lost']).meta({
      description: '`proved`: seen in DNS through a set-up link; verified by somebody with full control',
    }),
    method: z.enum(['dns', 'operator']).nullable(),
    includeSubdomains: z.boolean(),
    txtName: z.string().meta({ example: '_drawbridge.acme.test', description: 'Where the proof is published' }),
    txtValue: z.string().meta({ description: 'What the TXT record must hold' }),
    verifiedAt: dateTime.nullable(),
    lastCheck: z.object({ at: dateTime, found: z.enum(['found', 'missing', 'unanswered']) }).nullable(),
    nextCheckAt: dateTime.nullable(),
    lostAt: dateTime.nullable(),
    signInsUntil: dateTime.nullable().meta({ description: 'Of a lost domain: until when its people still sign in' }),
  })
  .meta({ id: 'Domain' });

const claimedDomain = domainBody
  .extend({ admitted: z.int().meta({ description: 'Members who waited for this domain and are active now' }) })
  .meta({ id: 'ClaimedDomain' });

export function domainRoutes(deps: CoreDeps & { readonly resolveTxt: ResolveTxt }): Endpoint[] {
  return [
    endpoint({
      ...shared,
      method: 'get',
      path: DOMAINS,
      summary: 'List the mail domains of an organization',
      access: { permission: 'organization.view' },
      responses: { 200: { description: 'All of them', schema: pageOf(domainBody) } },
      handle: async ({ orgId }) => ({
        status: 200,
        body: { items: (await listDomains(deps.db, orgId)).map(domainToWire) },
      }),
    }),
    endpoint({
      ...shared,
      method: 'post',
      path: DOMAINS,
      summary: 'Claim a mail domain',
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
      ...shared,
      method: 'patch',
      path: `${DOMAINS}/{domain}`,
      summary: 'Let the subdomains of a domain count as it, or not; admits all who wait for one',
      params,
      body: z.strictObject({ includeSubdomains: z.boolean() }),
      responses: { 200: { description: 'As it is now', schema: claimedDomain } },
      handle: async ({ orgId, ctx, params: { domain }, body }) => ({
        status: 200,
        body: claimedToWire(await includeSubdomains(deps, ctx, orgId, { domain, include: body.includeSubdomains })),
      }),
    }),
    endpoint({
      ...shared,
      method: 'delete',
      path: `${DOMAINS}/{domain}`,
      summary: 'Give a domain up: its members stay, and nobody signs in through the company by it any more',
      params,
      responses: { 204: { description: 'Deleted, now or before' } },
      handle: async ({ orgId, ctx, params: { domain } }) => {
        await releaseDomain(deps, ctx, orgId, domain);
        return { status: 204 };
      },
    }),
    endpoint({
      ...shared,
      method: 'post',
      path: `${DOMAINS}/{domain}/verify`,
      summary: 'Verify a claimed domain by its TXT record; admits all who wait for it',
      params,
      responses: { 200: { description: 'Verified', schema: claimedDomain } },
      handle: async ({ orgId, ctx, rights, params: { domain } }) => ({
        status: 200,
        body: claimedToWire(await verifyDomain(deps, ctx, orgId, { domain, rights })),
      }),
    }),
  ];
}

function domainToWire(domain: Domain): z.input<typeof domainBody> {
  const { lastCheck } = domain;
  return {
    domain: domain.domain,
    status: domain.status,
    method: domain.method ?? null,
    includeSubdomains: domain.includeSubdomains,
    txtName: txtName(domain.domain),
    txtValue: domain.txtValue,
    verifiedAt: domain.verifiedAt?.toISOString() ?? null,
    lastCheck: lastCheck ? { at: lastCheck.at.toISOString(), found: lastCheck.found } : null,
    nextCheckAt: domain.nextCheckAt?.toISOString() ?? null,
    lostAt: domain.lostAt?.toISOString() ?? null,
    signInsUntil: signInsUntil(domain)?.toISOString() ?? null,
  };
}

function claimedToWire({ domain, admitted }: VerifiedDomain): z.input<typeof claimedDomain> {
  return { ...domainToWire(domain), admitted };
}
