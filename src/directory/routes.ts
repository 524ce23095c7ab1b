// REST: an organization's directories; their tokens and their journal stand in files of their own.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import { DomainError } from '../errors.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { dateTime, displayName } from '../http/wire.ts';
import { isUuid } from '../ids.ts';
import { changeDirectory } from './change-directory.ts';
import { createDirectory } from './create-directory.ts';
import { type DirectoryRow, findDirectory, listDirectories } from './directory-queries.ts';
import { extensionSchemaRoutes } from './extension-schema-routes.ts';
import { journalRoutes } from './journal-routes.ts';
import type { ReplayDeps } from './replay-request.ts';
import { activateDirectory, deactivateDirectory, deleteDirectory } from './switch-directory.ts';
import { tokenRoutes } from './token-routes.ts';

const BASE = '/v1/organizations/{org}/directories';
const ONE = `${BASE}/{directory}`;
const TAG = 'Directories';
const MANAGE = { permission: 'directory.manage' } as const;

const profile = z.enum(['entra', 'okta', 'generic']);
const params = z.object({ directory: z.string() });
const grants = z
  .enum(['release', 'keep'])
  .meta({ description: 'release = what it gave rests or goes, keep = members stay as they are' });

const directoryBody = z
  .object({
    id: z.string(),
    displayName: z.string(),
    status: z.enum(['active', 'inactive']),
    grants: grants.nullable().meta({ description: 'While it is inactive: what was chosen for that which it gave' }),
    profile: profile.meta({ description: 'In force: the chosen one, else the detected one, else generic' }),
    chosenProfile: profile.nullable(),
    detectedProfile: z.enum(['entra', 'okta']).nullable(),
    journalDays: z.int(),
    keepBodiesUntil: dateTime.nullable().meta({ description: 'Whole requests are kept, encrypted, until then' }),
    users: z.int(),
    groups: z.int(),
    createdAt: dateTime,
  })
  .meta({ id: 'Directory' });

export function directoryRoutes(deps: ReplayDeps): Endpoint[] {
  return [
    ...collection(deps),
    ...single(deps),
    ...switches(deps),
    ...tokenRoutes(deps),
    ...journalRoutes(deps),
    ...extensionSchemaRoutes(deps),
  ];
}

function collection(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: BASE,
      summary: 'Add a directory',
      tag: TAG,
      access: MANAGE,
      body: z.strictObject({ displayName, profile: profile.optional() }),
      responses: { 201: { description: 'The directory, still without a token', schema: directoryBody } },
      idempotent: true,
      async handle({ orgId, ctx, body }) {
        const { id } = await createDirectory(deps, ctx, { orgId, ...body, profile: body.profile });
        const shown = await readDirectory(deps, orgId, id);
        return { status: 201, body: shown, location: `/v1/organizations/${orgId}/directories/${id}` };
      },
    }),
    endpoint({
      method: 'get',
      path: BASE,
      summary: 'List directories',
      tag: TAG,
      access: MANAGE,
      responses: { 200: { description: 'All directories', schema: z.object({ items: z.array(directoryBody) }) } },
      async handle({ orgId }) {
        return { status: 200, body: { items: (await listDirectories(deps, orgId)).map(toWire) } };
      },
    }),
  ];
}

function single(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: ONE,
      summary: 'Read a directory',
      tag: TAG,
      access: MANAGE,
      params,
      responses: { 200: { description: 'The directory', schema: directoryBody } },
      handle: async ({ orgId, params: { directory } }) => ({
        status: 200,
        body: await readDirectory(deps, orgId, directory),
      }),
    }),
    endpoint({
      method: 'patch',
      path: ONE,
      summary: 'Rename a directory, choose its profile, say what its journal keeps',
      tag: TAG,
      access: MANAGE,
      params,
      body: z.strictObject({
        displayName: displayName.optional(),
        profile: profile.nullable().optional().meta({ description: 'null = as detected' }),
        journalDays: z.int().min(1).max(365).optional(),
        keepBodiesUntil: z.iso
          .datetime({ offset: true })
          .nullable()
          .optional()
          .meta({ description: 'At most 7 days ahead; null = none are kept' }),
      }),
      responses: { 200: { description: 'The directory', schema: directoryBody } },
      async handle({ orgId, ctx, params: { directory }, body }) {
        const { keepBodiesUntil: until, ...rest } = body;
        const keepBodiesUntil = typeof until === 'string' ? new Date(until) : until;
        const change = { ...rest, keepBodiesUntil };
        await changeDirectory(deps, ctx, { orgId, directoryId: idOf(directory), change });
        return { status: 200, body: await readDirectory(deps, orgId, directory) };
      },
    }),
  ];
}

function switches(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: `${ONE}/deactivate`,
      summary: 'Switch a directory off: its tokens open nothing until it is switched on again',
      tag: TAG,
      access: MANAGE,
      params,
      body: z.strictObject({ grants }),
      responses: {
        200: {
          description: 'How many members it suspended, and how many have other teams or another role now',
          schema: z.object({ suspended: z.int(), regranted: z.int() }),
        },
      },
      async handle({ orgId, ctx, params: { directory }, body }) {
        const scope = { orgId, directoryId: idOf(directory) };
        return { status: 200, body: await deactivateDirectory(deps, ctx, scope, body.grants) };
      },
    }),
    endpoint({
      method: 'post',
      path: `${ONE}/activate`,
      summary: 'Switch a directory on again, and with it what rested',
      tag: TAG,
      access: MANAGE,
      params,
      responses: {
        200: {
          description: 'How many members are active again, and how many have other teams or another role now',
          schema: z.object({ resumed: z.int(), regranted: z.int() }),
        },
      },
      async handle({ orgId, ctx, rights, params: { directory } }) {
        const scope = { orgId, directoryId: idOf(directory) };
        return { status: 200, body: await activateDirectory(deps, ctx, scope, rights) };
      },
    }),
    endpoint({
      method: 'delete',
      path: ONE,
      summary: 'Delete a directory that is switched off; what it gave goes or stays as was chosen then',
      tag: TAG,
      access: MANAGE,
      params,
      responses: {
        200: {
          description: 'How many members it carried, and how many of them nothing else carried',
          schema: z.object({ members: z.int(), removed: z.int() }),
        },
      },
      async handle({ orgId, ctx, params: { directory } }) {
        return { status: 200, body: await deleteDirectory(deps, ctx, { orgId, directoryId: idOf(directory) }) };
      },
    }),
  ];
}

function noSuchDirectory(): DomainError {
  return new DomainError('not_found', 'The organization has no such directory.');
}

function idOf(text: string): string {
  if (!isUuid(text)) throw noSuchDirectory();
  return text;
}

async function readDirectory(deps: CoreDeps, orgId: string, directoryId: string): Promise<unknown> {
  const row = await findDirectory(deps, { orgId, directoryId: idOf(directoryId) });
  if (!row) throw noSuchDirectory();
  return toWire(row);
}

function toWire(row: DirectoryRow) {
  const isOff = row.status === 'inactive';
  return {
    id: row.id,
    displayName: row.display_name,
    status: row.status,
    grants: isOff ? (row.released ? 'release' : 'keep') : null,
    profile: row.profile ?? row.detected_profile ?? 'generic',
    chosenProfile: row.profile,
    detectedProfile: row.detected_profile,
    journalDays: row.journal_days,
    keepBodiesUntil: row.keep_bodies_until?.toISOString() ?? null,
    users: row.users,
    groups: row.groups,
    createdAt: row.created_at.toISOString(),
  };
}
