// REST: the requests of directories to take over somebody who is a member already.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import { DomainError } from '../errors.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { idParam } from '../http/parse-request.ts';
import { dateTime, pageOf, pageQuery, readCursor, toPage, uuid } from '../http/wire.ts';
import { isUuid } from '../ids.ts';
import { ADOPTION_STATES, type Adoption, explainAdoption } from './adoption.ts';
import { listAdoptions } from './adoption-queries.ts';
import { decideAdoption } from './decide-adoption.ts';

const TAG = 'Directories';
const MANAGE = { permission: 'directory.manage' } as const;
const ONE = '/v1/organizations/{org}/directories/{directory}/adoptions/{member}';

const adoption = z
  .object({
    memberId: uuid.meta({ description: "Also the SCIM id of the directory's user" }),
    directoryId: uuid,
    state: z.enum(ADOPTION_STATES),
    reason: z.string(),
    explanation: z.string(),
    userName: z.string(),
    externalId: z.string().nullable(),
    active: z.boolean().meta({ description: 'What the directory says now; without effect while it waits' }),
    since: dateTime.meta({ description: 'When the directory last said something' }),
    member: z.object({ address: z.string().nullable(), status: z.string(), role: z.string() }),
  })
  .meta({ id: 'Adoption' });

const decided = z.object({ outcome: z.enum(['adopted', 'approved', 'declined']) }).meta({ id: 'AdoptionDecision' });

export function adoptionRoutes(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/v1/organizations/{org}/adoptions',
      summary: 'Members whom a directory states, and may take over only when an administrator approves',
      tag: TAG,
      access: MANAGE,
      query: pageQuery.extend({ state: z.enum(ADOPTION_STATES).default('waiting') }),
      responses: { 200: { description: 'A page', schema: pageOf(adoption) } },
      async handle({ orgId, query }) {
        const [directoryId, memberId] = readCursor(query.cursor, 2) ?? [];
        const after =
          directoryId !== undefined && memberId !== undefined ? ([directoryId, memberId] as const) : undefined;
        if (after && !after.every(isUuid)) {
          throw new DomainError('invalid_request', 'The cursor is not one of this list.');
        }
        const rows = await listAdoptions(deps, orgId, { state: query.state, after, limit: query.limit + 1 });
        return { status: 200, body: toPage(rows, query.limit, toWire, (row) => [row.directoryId, row.memberId]) };
      },
    }),
    decision(deps, 'approve', 'Approve: what the directory has said of the member takes effect at once'),
    decision(deps, 'decline', "Decline: the directory's user goes, and sending it again is refused until one approves"),
  ];
}

function decision(deps: CoreDeps, what: 'approve' | 'decline', summary: string): Endpoint {
  return endpoint({
    method: 'post',
    path: `${ONE}/${what}`,
    summary,
    tag: TAG,
    access: MANAGE,
    params: z.object({ directory: z.string(), member: idParam }),
    responses: {
      200: {
        description: '`approved`: it was declined before, and takes effect when the directory sends the user again',
        schema: decided,
      },
    },
    idempotent: true,
    async handle({ orgId, rights, ctx, params }) {
      const input = { orgId, directoryId: params.directory, memberId: params.member, decision: what, rights };
      return { status: 200, body: { outcome: await decideAdoption(deps, ctx, input) } };
    },
  });
}

function toWire(row: Adoption): z.input<typeof adoption> {
  const { member, since, externalId, ...rest } = row;
  return {
    ...rest,
    explanation: explainAdoption(row.reason),
    externalId: externalId ?? null,
    since: since.toISOString(),
    member: { address: member.address ?? null, status: member.status, role: member.roleKey },
  };
}
