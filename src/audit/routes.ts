// REST: the audit of an organization, and the proof that nothing in it was changed.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import { DomainError } from '../errors.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { dateTime, pageOf, pageQuery, readCursor, toPage, uuid } from '../http/wire.ts';
import { type AuditFilter, type ListedEvent, listAuditEvents, proveAudit } from './audit-queries.ts';

const TAG = 'Audit';

const eventBody = z
  .object({
    id: z.string(),
    at: dateTime,
    actor: z.record(z.string(), z.unknown()).meta({ example: { kind: 'api_key', id: '…', requestId: '…' } }),
    action: z.string().meta({ example: 'member.admitted' }),
    subject: z.object({ kind: z.string(), id: uuid }),
    data: z.record(z.string(), z.unknown()),
    personal: z.record(z.string(), z.unknown()).nullable().meta({ description: 'Names and addresses; erasable' }),
  })
  .meta({ id: 'AuditEvent' });

const proofBody = z
  .object({
    intact: z.boolean(),
    sealed: z.int().meta({ description: 'Events that the chain of hashes covers' }),
    unsealed: z.int().meta({ description: 'Younger events, which the sealing job takes next' }),
    brokenAt: z.string().nullable().meta({ description: 'The first seal that does not follow from the events' }),
  })
  .meta({ id: 'AuditProof' });

export function auditRoutes(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/v1/organizations/{org}/audit-events',
      summary: 'List audit events, newest first',
      tag: TAG,
      access: { permission: 'audit.view' },
      query: pageQuery.extend({
        action: z.string().max(100).optional(),
        subjectId: uuid.optional(),
        actorId: z.string().max(100).optional(),
        from: dateTime.optional(),
        until: dateTime.optional(),
      }),
      responses: { 200: { description: 'A page', schema: pageOf(eventBody) } },
      handle: async ({ orgId, query }) => {
        const { action, subjectId, actorId, limit } = query;
        const rows = await listAuditEvents(deps.db, orgId, {
          action,
          subjectId,
          actorId,
          from: query.from === undefined ? undefined : new Date(query.from),
          until: query.until === undefined ? undefined : new Date(query.until),
          before: readPlace(query.cursor),
          limit: limit + 1,
        });
        return { status: 200, body: toPage(rows, limit, toWire, (event) => [event.atExact, event.id]) };
      },
    }),
    endpoint({
      method: 'get',
      path: '/v1/organizations/{org}/audit-events/verify',
      summary: 'Prove that no sealed event was changed or removed',
      tag: TAG,
      access: { permission: 'audit.view' },
      responses: { 200: { description: 'The proof', schema: proofBody } },
      handle: async ({ orgId }) => {
        const { sealed, unsealed, brokenAt } = await proveAudit(deps.db, orgId);
        const body = { intact: brokenAt === undefined, sealed, unsealed, brokenAt: brokenAt ?? null };
        return { status: 200, body };
      },
    }),
  ];
}

function readPlace(cursor: string | undefined): AuditFilter['before'] {
  const parts = readCursor(cursor, 2);
  if (!parts) return undefined;
  const [at = '', id = ''] = parts;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(at) || Number.isNaN(Date.parse(at)) || !/^\d{1,18}$/.test(id)) {
    throw new DomainError('invalid_request', 'The cursor is not one of this list.');
  }
  return { at, id };
}

function toWire(event: ListedEvent): z.input<typeof eventBody> {
  const { id, at, actor, action, subject, data, personal } = event;
  return { id, at: at.toISOString(), actor, action, subject, data, personal: personal ?? null };
}
