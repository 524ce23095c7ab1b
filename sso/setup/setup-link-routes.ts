// REST: set-up links for the customer's IT administrator.
import { z } from 'zod';
import { type Endpoint, endpoint } from '../../src/http/endpoint.ts';
import type { SsoDeps } from '../deps.ts';
import { createSetupLink, revokeSetupLink } from './open-setup-link.ts';
import { SETUP_LIFE_HOURS, SETUP_SCOPES, type SetupLink } from './setup-link.ts';
import { listSetupLinks } from './setup-link-store.ts';

const LINKS = '/v1/organizations/{org}/setup-links';
const shared = { tag: 'Set-up links', access: { permission: 'organization.manage' } } as const;

const linkSchema = z
  .object({
    id: z.uuid(),
    scopes: z.array(z.enum(SETUP_SCOPES)),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    revokedAt: z.iso.datetime().nullable(),
    lastUsedAt: z.iso.datetime().nullable().meta({ description: 'When something was last made through it' }),
  })
  .meta({ id: 'SetupLink' });

export function setupLinkRoutes(deps: Pick<SsoDeps, 'db' | 'clock' | 'config'>): Endpoint[] {
  return [
    endpoint({
      ...shared,
      method: 'post',
      path: LINKS,
      summary: 'Make a link by which an IT administrator sets up sign-in, domains and directory, as drafts',
      body: z.strictObject({
        scopes: z
          .array(z.enum(SETUP_SCOPES))
          .min(1)
          .default([...SETUP_SCOPES]),
        expiresInHours: z.int().min(1).max(SETUP_LIFE_HOURS).default(SETUP_LIFE_HOURS),
      }),
      secrets: ['url'],
      idempotent: true,
      responses: {
        201: { description: 'The link; its url is shown this once', schema: linkSchema.extend({ url: z.url() }) },
      },
      handle: async ({ ctx, orgId, rights, body }) => {
        const scopes = [...new Set(body.scopes)];
        const made = await createSetupLink(deps, ctx, { orgId, rights, scopes, hours: body.expiresInHours });
        return { status: 201, body: { ...view(made), url: made.url } };
      },
    }),
    endpoint({
      ...shared,
      method: 'get',
      path: LINKS,
      summary: 'List set-up links',
      responses: { 200: { description: 'The newest 100', schema: z.object({ items: z.array(linkSchema) }) } },
      handle: async ({ orgId }) => {
        const links = await deps.db.inOrg(orgId, (tx) => listSetupLinks(tx, orgId));
        return { status: 200, body: { items: links.map(view) } };
      },
    }),
    endpoint({
      ...shared,
      method: 'delete',
      path: `${LINKS}/{setupLink}`,
      summary: 'Revoke a set-up link at once; what was made through it stays',
      params: z.object({ setupLink: z.uuid() }),
      responses: { 204: { description: 'Revoked' } },
      handle: async ({ ctx, orgId, params: { setupLink } }) => {
        await revokeSetupLink(deps, ctx, orgId, setupLink);
        return { status: 204 };
      },
    }),
  ];
}

function view(link: SetupLink): z.output<typeof linkSchema> {
  return {
    id: link.id,
    scopes: [...link.scopes],
    createdAt: link.createdAt.toISOString(),
    expiresAt: link.expiresAt.toISOString(),
    revokedAt: link.revokedAt?.toISOString() ?? null,
    lastUsedAt: link.lastUsedAt?.toISOString() ?? null,
  };
}
