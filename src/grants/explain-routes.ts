// REST: why a member has, or lacks, a team, a role or a permission.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { idParam } from '../http/parse-request.ts';
import { dateTime, uuid } from '../http/wire.ts';
import { readFacts } from './explain-queries.ts';
import { type Because, type ExplainedGrant, inWords, type Question } from './explanation.ts';
import { getTeam } from './teams-queries.ts';

const ruleFacts = z.object({
  id: uuid,
  source: z.string(),
  match: z.string(),
  value: z.string(),
  mode: z.string(),
  priority: z.int(),
  enabled: z.boolean(),
});

const because = z.union([
  z.object({
    kind: z.literal('group'),
    groupId: uuid,
    name: z.string(),
    externalId: z.string().nullable(),
    directoryId: uuid,
    isMember: z.boolean(),
  }),
  z.object({
    kind: z.literal('claim'),
    connectionId: uuid,
    attribute: z.string(),
    state: z.string(),
    at: dateTime,
    listedAt: dateTime.nullable(),
    traceId: uuid.nullable(),
    values: z.array(z.string()),
  }),
]);

const explanationBody = z
  .object({
    has: z.boolean(),
    words: z.array(z.string()).meta({ description: 'The answer first, then every reason' }),
    status: z.string(),
    role: z.string(),
    policy: z.string(),
    blocks: z.array(z.object({ source: z.string(), reason: z.string(), since: dateTime })),
    grants: z.array(
      z.object({
        target: z.string(),
        source: z.string(),
        ref: z.string(),
        since: dateTime,
        held: z.boolean(),
        retained: z.boolean(),
        effective: z.boolean(),
        rule: ruleFacts.nullable(),
        because: z.array(because),
      }),
    ),
    silentRules: z.array(z.object({ rule: ruleFacts, reason: z.string() })).meta({
      description: 'Rules that lead there and do not give it to this member, and why',
    }),
  })
  .meta({ id: 'AccessExplanation' });

const query = z.strictObject({
  team: z.string().max(100).optional().meta({ description: 'Id or key' }),
  permission: z.string().max(100).optional(),
  role: z.string().max(100).optional().meta({ description: 'Key; empty for the role that the member has' }),
});

export function explainRoutes(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/v1/organizations/{org}/members/{member}/explain',
      summary: 'Explain why a member has, or lacks, a team, a role or a permission',
      tag: 'Mapping',
      access: { permission: 'member.view' },
      params: z.object({ member: idParam }),
      query,
      responses: { 200: { description: 'In words and as data', schema: explanationBody } },
      handle: async ({ orgId, params, query }) => {
        const { question, facts } = await deps.db.inOrg(orgId, async (tx) => {
          const question = await questionOf(tx, query);
          return { question, facts: await readFacts(tx, params.member, question) };
        });
        const { member } = facts;
        const body: z.input<typeof explanationBody> = {
          has: facts.has,
          words: inWords(question, facts),
          status: member.status,
          role: member.roleKey,
          policy: member.policy,
          blocks: member.blocks.map((block) => ({ ...block, since: block.since.toISOString() })),
          grants: facts.grants.map(grantToWire),
          silentRules: [...facts.silent],
        };
        return { status: 200, body };
      },
    }),
  ];
}

async function questionOf(tx: Tx, { team, permission, role }: z.output<typeof query>): Promise<Question> {
  if ([team, permission, role].filter((asked) => asked !== undefined).length > 1) {
    throw new DomainError('invalid_request', 'Ask for one of team, permission and role.');
  }
  if (team !== undefined) return { kind: 'team', team: await getTeam(tx, tx.orgId, team) };
  if (permission !== undefined) return { kind: 'permission', permission };
  return { kind: 'role', role: role === '' ? undefined : role };
}

function grantToWire({ since, because: facts, ...grant }: ExplainedGrant) {
  return { ...grant, since: since.toISOString(), because: facts.map(factToWire) };
}

function factToWire(fact: Because): z.input<typeof because> {
  if (fact.kind === 'group') return fact;
  const { at, listedAt, values, ...claim } = fact;
  return { ...claim, values: [...values], at: at.toISOString(), listedAt: listedAt?.toISOString() ?? null };
}
