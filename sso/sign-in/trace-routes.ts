// The REST operation that answers "why could I not sign in?" by the reference on the page.
import { z } from 'zod';
import { type Endpoint, endpoint } from '../../src/http/endpoint.ts';
import type { SsoDeps } from '../deps.ts';
import { listSignIns, type SignInRecord } from './traces-queries.ts';

const signInSchema = z
  .object({
    id: z.uuid(),
    at: z.iso.datetime(),
    connectionId: z.uuid().nullable(),
    memberId: z.uuid().nullable(),
    outcome: z.enum(['completed', 'refused']),
    refusal: z.string().nullable(),
    cause: z.string().nullable(),
    cure: z.string().nullable(),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
    facts: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'SignIn' });

const query = z.object({
  id: z.uuid().optional(),
  outcome: z.enum(['completed', 'refused']).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export function traceRoutes(deps: Pick<SsoDeps, 'db'>): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/v1/organizations/{org}/sign-ins',
      summary: 'List sign-ins by company connections, with every check; by `id`, the reference on a refusal page',
      tag: 'Connections',
      access: { permission: 'connection.manage' },
      query,
      responses: { 200: { description: 'Newest first', schema: z.object({ items: z.array(signInSchema) }) } },
      handle: async ({ orgId, query: filter }) => ({
        status: 200,
        body: { items: (await listSignIns(deps, orgId, filter)).map(view) },
      }),
    }),
  ];
}

function view(record: SignInRecord): z.output<typeof signInSchema> {
  return {
    ...record,
    at: record.at.toISOString(),
    connectionId: record.connectionId ?? null,
    memberId: record.memberId ?? null,
    refusal: record.refusal ?? null,
    cause: record.cause ?? null,
    cure: record.cure ?? null,
    checks: [...record.checks],
  };
}
