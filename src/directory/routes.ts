// REST: an organization's directories, their tokens and what they sent.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import { DomainError } from '../errors.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { isUuid } from '../ids.ts';
import { createDirectory } from './create-directory.ts';
import { hasDirectory, listDirectories, listDirectoryTokens, listJournal } from './directory-queries.ts';
import { extensionSchemaRoutes } from './extension-schema-routes.ts';
import { issueDirectoryToken } from './issue-directory-token.ts';
import { revokeDirectoryToken } from './revoke-directory-token.ts';

const BASE = '/v1/organizations/{org}/directories';
const TAG = 'Directories';
const MANAGE = { permission: 'directory.manage' } as const;

const displayName = z.string().trim().min(1).max(200);
const profile = z.enum(['entra', 'okta', 'generic']);
const directoryParams = z.object({ directory: z.string() });
const tokenParams = z.object({ directory: z.string(), token: z.string() });

const directory = z.object({
  id: z.string(),
  displayName: z.string(),
  profile,
  users: z.number().int(),
  groups: z.number().int(),
  createdAt: z.iso.datetime(),
});

const token = z.object({
  id: z.string(),
  displayName: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  lastUsedAt: z.iso.datetime().nullable(),
});

const newToken = z.object({
  id: z.string(),
  displayName: z.string(),
  token: z.string().describe('Shown this once; only its hash is kept.'),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
});

const journalEntry = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  requestId: z.string(),
  method: z.string(),
  path: z.string(),
  status: z.number().int(),
  latencyMs: z.number(),
  detail: z.record(z.string(), z.unknown()).nullable(),
});

export function directoryRoutes(deps: CoreDeps): Endpoint[] {
  return [...directories(deps), ...tokens(deps), journal(deps), ...extensionSchemaRoutes(deps)];
}

function directories(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: BASE,
      summary: 'Add a directory',
      tag: TAG,
      access: MANAGE,
      body: z.strictObject({ displayName, profile: profile.default('generic') }),
      responses: { 201: { description: 'The directory, still without a token', schema: directory } },
      idempotent: true,
      async handle({ orgId, ctx, body }) {
        const made = await createDirectory(deps, ctx, { orgId, ...body });
        const shown = { id: made.id, ...body, users: 0, groups: 0, createdAt: made.createdAt.toISOString() };
        return { status: 201, body: shown, location: `/v1/organizations/${orgId}/directories/${made.id}` };
      },
    }),
    endpoint({
      method: 'get',
      path: BASE,
      summary: 'List directories',
      tag: TAG,
      access: MANAGE,
      responses: { 200: { description: 'All directories', schema: z.object({ items: z.array(directory) }) } },
      async handle({ orgId }) {
        const rows = await listDirectories(deps, orgId);
        const items = rows.map((row) => ({
          id: row.id,
          displayName: row.display_name,
          profile: row.profile,
          users: row.users,
          groups: row.groups,
          createdAt: row.created_at.toISOString(),
        }));
        return { status: 200, body: { items } };
      },
    }),
  ];
}

function tokens(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: `${BASE}/{directory}/tokens`,
      summary: 'Issue a SCIM token; two may be live at once',
      tag: TAG,
      access: MANAGE,
      params: directoryParams,
      body: z.strictObject({ displayName, expiresAt: z.iso.datetime({ offset: true }).optional() }),
      responses: { 201: { description: 'The token, shown this once', schema: newToken } },
      async handle({ orgId, ctx, params, body }) {
        const expiresAt = body.expiresAt === undefined ? undefined : new Date(body.expiresAt);
        const input = { orgId, directoryId: params.directory, displayName: body.displayName, expiresAt };
        const made = await issueDirectoryToken(deps, ctx, input);
        const shown = {
          id: made.id,
          displayName: body.displayName,
          token: made.token,
          createdAt: made.createdAt.toISOString(),
          expiresAt: expiresAt?.toISOString() ?? null,
        };
        return { status: 201, body: shown };
      },
    }),
    endpoint({
      method: 'get',
      path: `${BASE}/{directory}/tokens`,
      summary: 'List the live SCIM tokens of a directory',
      tag: TAG,
      access: MANAGE,
      params: directoryParams,
      responses: { 200: { description: 'Live tokens', schema: z.object({ items: z.array(token) }) } },
      async handle({ orgId, params }) {
        await requireDirectory(deps, orgId, params.directory);
        const rows = await listDirectoryTokens(deps, orgId, params.directory);
        const items = rows.map((row) => ({
          id: row.id,
          displayName: row.display_name,
          createdAt: row.created_at.toISOString(),
          expiresAt: row.expires_at?.toISOString() ?? null,
          lastUsedAt: row.last_used_at?.toISOString() ?? null,
        }));
        return { status: 200, body: { items } };
      },
    }),
    endpoint({
      method: 'delete',
      path: `${BASE}/{directory}/tokens/{token}`,
      summary: 'Revoke a SCIM token at once',
      tag: TAG,
      access: MANAGE,
      params: tokenParams,
      responses: { 204: { description: 'Revoked' } },
      async handle({ orgId, ctx, params }) {
        await revokeDirectoryToken(deps, ctx, { orgId, directoryId: params.directory, tokenId: params.token });
        return { status: 204 };
      },
    }),
  ];
}

function journal(deps: CoreDeps): Endpoint {
  return endpoint({
    method: 'get',
    path: `${BASE}/{directory}/journal`,
    summary: 'What the directory sent and what came of it, newest first',
    tag: TAG,
    access: MANAGE,
    params: directoryParams,
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(500).default(100),
      before: z.iso.datetime({ offset: true }).optional().describe('Only what came before this time'),
    }),
    responses: { 200: { description: 'Entries', schema: z.object({ items: z.array(journalEntry) }) } },
    async handle({ orgId, params, query }) {
      await requireDirectory(deps, orgId, params.directory);
      const before = query.before === undefined ? new Date(8.64e15) : new Date(query.before);
      const rows = await listJournal(deps, orgId, params.directory, { before, limit: query.limit });
      const items = rows.map((row) => ({
        id: row.id,
        at: row.at.toISOString(),
        requestId: row.request_id,
        method: row.method,
        path: row.path,
        status: row.status,
        latencyMs: row.latency_ms,
        detail: row.detail,
      }));
      return { status: 200, body: { items } };
    },
  });
}

async function requireDirectory(deps: CoreDeps, orgId: string, directoryId: string): Promise<void> {
  if (isUuid(directoryId) && (await hasDirectory(deps, orgId, directoryId))) return;
  throw new DomainError('not_found', 'The organization has no such directory.');
}
