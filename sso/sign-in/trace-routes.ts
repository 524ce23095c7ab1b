// The REST operations that answer "why could I not sign in?" by the reference on the page.
import { z } from 'zod';
import { type Endpoint, endpoint } from '../../src/http/endpoint.ts';
import { pageOf, pageQuery, readTimeCursor, toPage, uuid } from '../../src/http/wire.ts';
import type { SsoDeps } from '../deps.ts';
import { readDocument } from './sign-in-document.ts';
import { listSignIns, type SignInRecord } from './traces-queries.ts';

const signInSchema = z
  .object({
    id: z.uuid(),
    kind: z.enum(['sign_in', 'test']),
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

const query = pageQuery.extend({
  id: uuid.optional().meta({ description: 'The reference on a refusal page' }),
  outcome: z.enum(['completed', 'refused']).optional(),
  connection: uuid.optional(),
  member: uuid.optional(),
  refusal: z.string().max(60).optional().meta({ description: 'A code of the table of refusals' }),
});

const shared = { tag: 'Connections', access: { permission: 'connection.manage' } } as const;
const documentBody = z.object({ document: z.string().meta({ description: 'XML, or an ID token' }) });

export function traceRoutes(deps: Pick<SsoDeps, 'db' | 'clock' | 'config'>): Endpoint[] {
  return [
    endpoint({
      ...shared,
      method: 'get',
      path: '/v1/organizations/{org}/sign-ins',
      summary: 'List sign-ins by company connections, with every check; by `id`, the reference on a refusal page',
      query,
      responses: { 200: { description: 'Newest first; kept for 30 days', schema: pageOf(signInSchema) } },
      handle: async ({ orgId, query: { limit, cursor, connection, member, ...filter } }) => {
        const found = await listSignIns(deps, orgId, {
          ...filter,
          connectionId: connection,
          memberId: member,
          before: readTimeCursor(cursor),
          limit: limit + 1,
        });
        return { status: 200, body: toPage(found, limit, view, (last) => [last.at.toISOString(), last.id]) };
      },
    }),
    endpoint({
      ...shared,
      method: 'get',
      path: '/v1/organizations/{org}/sign-ins/{signIn}/document',
      summary: 'Open what the identity provider sent, where the connection keeps it; full control, and recorded',
      params: z.object({ signIn: uuid }),
      responses: { 200: { description: 'The document, for 72 hours after the sign-in', schema: documentBody } },
      handle: async ({ ctx, orgId, rights, params: { signIn } }) => {
        const document = await readDocument(deps, ctx, rights, { orgId, traceId: signIn });
        return { status: 200, body: { document } };
      },
    }),
  ];
}

function view({ words, ...record }: SignInRecord): z.output<typeof signInSchema> {
  return {
    ...record,
    at: record.at.toISOString(),
    connectionId: record.connectionId ?? null,
    memberId: record.memberId ?? null,
    refusal: record.refusal ?? null,
    cause: words?.cause ?? null,
    cure: words?.cure ?? null,
    checks: [...record.checks],
  };
}
