// REST: what a directory sent and what came of it, and a kept request made again as a dry run.
import { z } from 'zod';
import { DomainError } from '../errors.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { dateTime, pageOf, pageQuery, readTimeCursor, toPage } from '../http/wire.ts';
import { isUuid } from '../ids.ts';
import { hasDirectory } from './directory-queries.ts';
import { type JournalFilter, type JournalRow, listJournal } from './journal-queries.ts';
import { type Replay, type ReplayDeps, replayRequest } from './replay-request.ts';

const JOURNAL = '/v1/organizations/{org}/directories/{directory}/journal';
const TAG = 'Directories';
const MANAGE = { permission: 'directory.manage' } as const;

const params = z.object({ directory: z.string() });

const entryBody = z
  .object({
    id: z.string(),
    at: dateTime,
    requestId: z.string(),
    method: z.string(),
    path: z.string(),
    status: z.int(),
    latencyMs: z.number(),
    resourceId: z.string().nullable().meta({ description: 'The user or group that the request was about' }),
    detail: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({ description: '`dropped`: what of the body is not kept; `error` and `detail`: why it was refused' }),
    canReplay: z.boolean().meta({ description: 'The whole request is kept' }),
  })
  .meta({ id: 'JournalEntry' });

const replayBody = z
  .object({
    request: z.object({ method: z.string(), path: z.string(), body: z.unknown() }),
    answer: z.object({ status: z.int(), body: z.unknown() }),
    attributes: z.array(z.object({ attribute: z.string(), before: z.unknown(), after: z.unknown() })),
    members: z
      .object({
        added: z.array(z.string()),
        removed: z.array(z.string()),
        addedCount: z.int(),
        removedCount: z.int(),
      })
      .nullable(),
    events: z.array(
      z.object({
        action: z.string(),
        subject: z.object({ kind: z.string(), id: z.string() }),
        data: z.record(z.string(), z.unknown()),
      }),
    ),
  })
  .meta({ id: 'Replay' });

export function journalRoutes(deps: ReplayDeps): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: JOURNAL,
      summary: 'What the directory sent and what came of it, newest first',
      tag: TAG,
      access: MANAGE,
      params,
      query: pageQuery.extend({
        method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).optional(),
        status: z
          .string()
          .regex(/^([1-5]xx|[1-5]\d\d)$/)
          .optional()
          .meta({ description: 'A status or a class of them, such as 4xx' }),
        requestId: z.string().max(128).optional(),
        resource: z.string().min(1).max(500).optional().meta({ description: 'An id, or a userName' }),
        from: z.iso.datetime({ offset: true }).optional(),
        until: z.iso.datetime({ offset: true }).optional(),
      }),
      responses: { 200: { description: 'A page', schema: pageOf(entryBody) } },
      async handle({ orgId, params: { directory }, query }) {
        if (!isUuid(directory) || !(await hasDirectory(deps, orgId, directory))) {
          throw new DomainError('not_found', 'The organization has no such directory.');
        }
        const { method, requestId, resource, limit } = query;
        const rows = await listJournal(
          deps,
          { orgId, directoryId: directory },
          {
            method,
            requestId,
            resource,
            status: readStatus(query.status),
            from: query.from === undefined ? undefined : new Date(query.from),
            until: query.until === undefined ? undefined : new Date(query.until),
            before: readTimeCursor(query.cursor),
            limit: limit + 1,
          },
        );
        return { status: 200, body: toPage(rows, limit, entryToWire, (row) => [row.at_exact, row.id]) };
      },
    }),
    endpoint({
      method: 'post',
      path: `${JOURNAL}/{entry}/replay`,
      summary: 'Make a kept request again without keeping anything of it: what it would answer and change now',
      tag: TAG,
      access: MANAGE,
      params: params.extend({ entry: z.string() }),
      responses: { 200: { description: 'What would happen; nothing did', schema: replayBody } },
      async handle({ orgId, ctx, params: { directory, entry } }) {
        const replay = await replayRequest(deps, ctx, { orgId, directoryId: directory }, entry);
        return { status: 200, body: replayToWire(replay) };
      },
    }),
  ];
}

function readStatus(text: string | undefined): JournalFilter['status'] {
  if (text === undefined) return undefined;
  const first = Number(text.replaceAll('x', '0'));
  return { from: first, to: text.endsWith('xx') ? first + 99 : first };
}

function entryToWire(row: JournalRow) {
  return {
    id: row.id,
    at: row.at.toISOString(),
    requestId: row.request_id,
    method: row.method,
    path: row.path,
    status: row.status,
    latencyMs: row.latency_ms,
    resourceId: row.resource_id,
    detail: row.detail,
    canReplay: row.has_body,
  };
}

function replayToWire({ request, answer, attributes, members, events }: Replay) {
  const { method, url, body } = request;
  return {
    request: { method, path: url, body: body ?? null },
    answer: { status: answer.status, body: answer.body ?? null },
    attributes,
    members: members ?? null,
    events,
  };
}
