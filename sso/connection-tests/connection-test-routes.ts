// REST: asks for a test sign-in, and reads what tests found.
import { z } from 'zod';
import { DomainError } from '../../src/errors.ts';
import { type Endpoint, endpoint } from '../../src/http/endpoint.ts';
import { getConnection } from '../connections/connection-queries.ts';
import { principalOf } from '../connections/connection-test-queries.ts';
import type { SsoDeps } from '../deps.ts';
import { beginTest } from './begin-test.ts';
import type { ConnectionTest } from './connection-test.ts';
import { findTest, listTests } from './connection-test-store.ts';

const ONE = '/v1/organizations/{org}/connections/{connection}';
const MOST_LISTED = 50;
const params = z.object({ connection: z.uuid() });
const shared = { tag: 'Connections', access: { permission: 'connection.manage' } } as const;
const text = z.string().nullable();
const changed = z.tuple([text, z.string()]).nullable();

const testSchema = z
  .object({
    id: z.uuid(),
    connectionId: z.uuid(),
    principal: z.string().meta({ description: 'Who asked for it' }),
    outcome: z.enum(['open', 'started', 'passed', 'refused']),
    at: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    memberId: z.uuid().nullable().meta({ description: 'Whom the sign-in would be; null: nobody yet' }),
    traceId: z.uuid().nullable(),
    result: z
      .object({
        answerAccepted: z.boolean(),
        refusal: z.object({ code: z.string(), title: z.string(), cause: z.string(), cure: z.string() }).nullable(),
        checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
        certificate: text,
        person: z
          .object({
            issuer: z.string(),
            subject: z.string(),
            address: text,
            userName: text,
            immutableId: text,
            groupsState: z.string(),
            groups: z.array(z.string()),
          })
          .nullable()
          .meta({ description: 'For whoever asked for the test' }),
        received: z
          .record(z.string(), z.array(z.string()))
          .nullable()
          .meta({ description: 'Attributes or claims with their values; for whoever asked for the test' }),
        receivedNames: z.array(z.string()),
        step: text,
        difference: z
          .object({
            made: z.boolean(),
            status: changed,
            role: changed,
            teamsAdded: z.array(z.string()),
            teamsRemoved: z.array(z.string()),
          })
          .nullable(),
        rules: z.array(z.string()),
        warnings: z.array(z.string()),
      })
      .nullable(),
  })
  .meta({ id: 'ConnectionTest' });

export function connectionTestRoutes(deps: Pick<SsoDeps, 'db' | 'clock' | 'config'>): Endpoint[] {
  return [
    endpoint({
      ...shared,
      method: 'post',
      path: `${ONE}/test`,
      summary: 'Ask for a test sign-in: a link for your own browser that changes nothing',
      params,
      responses: {
        201: {
          description: 'Open the link once, within ten minutes',
          schema: z.object({ id: z.uuid(), url: z.url(), expiresAt: z.iso.datetime() }),
        },
      },
      handle: async ({ ctx, orgId, params: { connection } }) => {
        const { id, url, expiresAt } = await beginTest(deps, ctx, orgId, connection);
        const location = `/v1/organizations/${orgId}/connections/${connection}/tests/${id}`;
        return { status: 201, location, body: { id, url, expiresAt: expiresAt.toISOString() } };
      },
    }),
    endpoint({
      ...shared,
      method: 'get',
      path: `${ONE}/tests`,
      summary: 'List the test sign-ins of a connection',
      params,
      responses: { 200: { description: 'The newest 50', schema: z.object({ items: z.array(testSchema) }) } },
      handle: async ({ ctx, orgId, params: { connection } }) => {
        const { id } = await getConnection(deps, orgId, connection);
        const tests = await deps.db.inOrg(orgId, (tx) => listTests(tx, orgId, id, MOST_LISTED));
        return { status: 200, body: { items: tests.map((test) => view(test, principalOf(ctx.actor))) } };
      },
    }),
    endpoint({
      ...shared,
      method: 'get',
      path: `${ONE}/tests/{test}`,
      summary: 'Read what a test sign-in found: every check, what was received, the difference it would make',
      params: params.extend({ test: z.uuid() }),
      responses: { 200: { description: 'The test', schema: testSchema } },
      handle: async ({ ctx, orgId, params: { connection, test: id } }) => {
        const test = await deps.db.inOrg(orgId, (tx) => findTest(tx, orgId, id));
        if (test?.connectionId !== connection) throw new DomainError('not_found', 'The connection has no such test.');
        return { status: 200, body: view(test, principalOf(ctx.actor)) };
      },
    }),
  ];
}

/** Values that the company sent are shown to the one who signed in, and to nobody else. */
function view(test: ConnectionTest, reader: string): z.output<typeof testSchema> {
  const { id, connectionId, principal, outcome, result } = test;
  const own = principal === reader;
  const person = own ? result?.person : undefined;
  return {
    id,
    connectionId,
    principal,
    outcome,
    at: test.at.toISOString(),
    expiresAt: test.expiresAt.toISOString(),
    memberId: test.memberId ?? null,
    traceId: test.traceId ?? null,
    result: result
      ? {
          answerAccepted: result.answerAccepted,
          refusal: result.refusal ?? null,
          checks: [...result.checks],
          certificate: result.certificate ?? null,
          person: person
            ? {
                ...person,
                groups: [...person.groups],
                address: person.address ?? null,
                userName: person.userName ?? null,
                immutableId: person.immutableId ?? null,
              }
            : null,
          received: own ? Object.fromEntries(Object.entries(result.received).map(([n, v]) => [n, [...v]])) : null,
          receivedNames: Object.keys(result.received),
          step: result.step ?? null,
          difference: result.difference
            ? {
                made: result.difference.made ?? false,
                status: pair(result.difference.status),
                role: pair(result.difference.role),
                teamsAdded: [...(result.difference.teamsAdded ?? [])],
                teamsRemoved: [...(result.difference.teamsRemoved ?? [])],
              }
            : null,
          rules: [...result.rules],
          warnings: [...result.warnings],
        }
      : null,
  };
}

function pair(change: readonly [string | null, string] | undefined): [string | null, string] | null {
  return change ? [change[0], change[1]] : null;
}
