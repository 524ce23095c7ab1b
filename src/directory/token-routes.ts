// REST: the bearer tokens of a directory. Two may be live, so that a new one is in use before the old one is revoked.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import { DomainError } from '../errors.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { dateTime, displayName } from '../http/wire.ts';
import { isUuid } from '../ids.ts';
import { type DirectoryTokenRow, hasDirectory, listDirectoryTokens } from './directory-queries.ts';
import { issueDirectoryToken } from './issue-directory-token.ts';
import { revokeDirectoryToken } from './revoke-directory-token.ts';

const TOKENS = '/v1/organizations/{org}/directories/{directory}/tokens';
const TAG = 'Directories';
const MANAGE = { permission: 'directory.manage' } as const;

const params = z.object({ directory: z.string() });

const tokenBody = z
  .object({
    id: z.string(),
    displayName: z.string(),
    createdAt: dateTime,
    expiresAt: dateTime.nullable(),
    lastUsedAt: dateTime.nullable().meta({ description: 'To the minute' }),
    warnedDays: z.int().nullable().meta({ description: 'How many days before its end the last warning was sent' }),
  })
  .meta({ id: 'DirectoryToken' });

const newToken = z
  .object({
    id: z.string(),
    displayName: z.string(),
    token: z.string().meta({ description: 'Shown this once; only its hash is kept' }),
    createdAt: dateTime,
    expiresAt: dateTime.nullable(),
  })
  .meta({ id: 'NewDirectoryToken' });

export function tokenRoutes(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: TOKENS,
      summary: 'Issue a SCIM token; two may be live at once',
      tag: TAG,
      access: MANAGE,
      params,
      body: z.strictObject({ displayName, expiresAt: z.iso.datetime({ offset: true }).optional() }),
      responses: { 201: { description: 'The token, shown this once', schema: newToken } },
      async handle({ orgId, ctx, params: { directory }, body }) {
        const expiresAt = body.expiresAt === undefined ? undefined : new Date(body.expiresAt);
        const input = { orgId, directoryId: directory, displayName: body.displayName, expiresAt };
        const { id, token, createdAt } = await issueDirectoryToken(deps, ctx, input);
        const times = { createdAt: createdAt.toISOString(), expiresAt: expiresAt?.toISOString() ?? null };
        return { status: 201, body: { id, displayName: body.displayName, token, ...times } };
      },
    }),
    endpoint({
      method: 'get',
      path: TOKENS,
      summary: 'List the live SCIM tokens of a directory',
      tag: TAG,
      access: MANAGE,
      params,
      responses: { 200: { description: 'Live tokens', schema: z.object({ items: z.array(tokenBody) }) } },
      async handle({ orgId, params: { directory } }) {
        if (!isUuid(directory) || !(await hasDirectory(deps, orgId, directory))) {
          throw new DomainError('not_found', 'The organization has no such directory.');
        }
        const rows = await listDirectoryTokens(deps, orgId, directory);
        return { status: 200, body: { items: rows.map(toWire) } };
      },
    }),
    endpoint({
      method: 'delete',
      path: `${TOKENS}/{token}`,
      summary: 'Revoke a SCIM token at once',
      tag: TAG,
      access: MANAGE,
      params: params.extend({ token: z.string() }),
      responses: { 204: { description: 'Revoked' } },
      async handle({ orgId, ctx, params: { directory, token } }) {
        await revokeDirectoryToken(deps, ctx, { orgId, directoryId: directory, tokenId: token });
        return { status: 204 };
      },
    }),
  ];
}

function toWire(row: DirectoryTokenRow) {
  return {
    id: row.id,
    displayName: row.display_name,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    warnedDays: row.warned_days,
  };
}
