// REST: the sign-in policy of an organization and its break-glass owners.
import { z } from 'zod';
import { type Endpoint, endpoint } from '../../src/http/endpoint.ts';
import { idParam } from '../../src/http/parse-request.ts';
import { dateTime, uuid } from '../../src/http/wire.ts';
import type { SsoDeps } from '../deps.ts';
import { endBreakGlass, nameBreakGlass } from './break-glass.ts';
import { changeSignInPolicy } from './change-sign-in-policy.ts';
import type { BreakGlassOwner, SignInPolicy } from './sign-in-policy.ts';
import { listBreakGlass, readSignInPolicy } from './sign-in-policy-queries.ts';

const PATH = '/v1/organizations/{org}/sign-in-policy';
const shared = { tag: 'Sign-in policy', access: { permission: 'connection.manage' } } as const;

const enforcement = z
  .enum(['off', 'enforced'])
  .meta({ description: '`enforced`: people of the verified domains come in through the company only' });
const guests = z
  .enum(['exempt', 'held'])
  .meta({ description: 'Whether enforcement holds people whose address is in none of the verified domains' });
const maxSessionSeconds = z
  .int()
  .min(300)
  .max(31_536_000)
  .nullable()
  .meta({ description: 'How long a sign-in counts at /v1/access/check; null = as long as the session lives' });
const secondFactor = z
  .enum(['off', 'required'])
  .meta({ description: '`required`: Keycloak asks every member for a second factor, after the company too' });

const breakGlassBody = z
  .object({
    memberId: uuid,
    address: z.string().nullable(),
    displayName: z.string().nullable(),
    usable: z.boolean().meta({ description: 'Still an active owner whose sign-in no other organization decides' }),
    namedAt: dateTime,
    readyAt: dateTime.nullable().meta({ description: 'From here on a sign-in by password and second factor proves' }),
    provedAt: dateTime.nullable(),
    lastUsedAt: dateTime.nullable().meta({ description: 'The last session after the one that proved' }),
  })
  .meta({ id: 'BreakGlassOwner' });

const policyBody = z
  .object({
    enforcement,
    enforcedAt: dateTime.nullable(),
    guests,
    maxSessionSeconds,
    secondFactor,
    breakGlass: z.array(breakGlassBody),
  })
  .meta({ id: 'SignInPolicy' });

const effectBody = z.object({
  policy: policyBody,
  peopleDue: z.int().meta({ description: 'Accounts that are made to follow' }),
  neverLinked: z.int().meta({
    description: 'People of the verified domains whom no active connection knows yet: their next sign-in links them',
  }),
  notice: z.string().nullable().meta({ description: 'What happens to passwords, and the way back' }),
});

type Deps = Pick<SsoDeps, 'db' | 'clock'>;

export function signInPolicyRoutes(deps: Deps): Endpoint[] {
  return [
    endpoint({
      ...shared,
      method: 'get',
      path: PATH,
      summary: "Read how an organization's people must sign in, and its break-glass owners",
      responses: { 200: { description: 'The policy', schema: policyBody } },
      handle: async ({ orgId }) => ({ status: 200, body: await readWire(deps, orgId) }),
    }),
    endpoint({
      ...shared,
      method: 'patch',
      path: PATH,
      summary:
        'Change the policy, with full control; enforcing needs your own recent test and a proved break-glass owner',
      body: z.strictObject({
        enforcement: enforcement.optional(),
        guests: guests.optional(),
        maxSessionSeconds: maxSessionSeconds.optional(),
        secondFactor: secondFactor.optional(),
        override: z
          .strictObject({ reason: z.string().trim().min(1).max(500) })
          .optional()
          .meta({ description: "An operator's recorded decision to enforce without the test and the owner" }),
      }),
      responses: { 200: { description: 'The policy as it is now, and what follows', schema: effectBody } },
      idempotent: true,
      handle: async ({ ctx, orgId, rights, body }) => {
        const { notice, ...effect } = await changeSignInPolicy(deps, ctx, { orgId, rights }, body);
        return { status: 200, body: { policy: await readWire(deps, orgId), ...effect, notice: notice ?? null } };
      },
    }),
    endpoint({
      ...shared,
      method: 'post',
      path: `${PATH}/break-glass`,
      summary:
        'Name an owner who comes in by password and second factor whatever the policy; their links and sessions end',
      body: z.strictObject({ memberId: uuid }),
      responses: { 201: { description: 'Named; their next sign-in by password proves it', schema: breakGlassBody } },
      idempotent: true,
      handle: async ({ ctx, orgId, rights, body: { memberId } }) => {
        const owner = await nameBreakGlass(deps, ctx, { orgId, rights, memberId });
        const location = `/v1/organizations/${orgId}/sign-in-policy/break-glass/${memberId}`;
        return { status: 201, location, body: ownerToWire(owner) };
      },
    }),
    endpoint({
      ...shared,
      method: 'delete',
      path: `${PATH}/break-glass/{member}`,
      summary: 'The policy holds this owner again',
      params: z.object({ member: idParam }),
      responses: { 204: { description: 'Ended' } },
      handle: async ({ ctx, orgId, rights, params: { member } }) => {
        await endBreakGlass(deps, ctx, { orgId, rights, memberId: member });
        return { status: 204 };
      },
    }),
  ];
}

async function readWire({ db }: Pick<SsoDeps, 'db'>, orgId: string): Promise<z.input<typeof policyBody>> {
  const [policy, owners] = await db.inOrg(orgId, async (tx) => [await readSignInPolicy(tx), await listBreakGlass(tx)]);
  return policyToWire(policy, owners);
}

function policyToWire(policy: SignInPolicy, owners: readonly BreakGlassOwner[]): z.input<typeof policyBody> {
  return {
    ...policy,
    enforcedAt: policy.enforcedAt?.toISOString() ?? null,
    maxSessionSeconds: policy.maxSessionSeconds ?? null,
    breakGlass: owners.map(ownerToWire),
  };
}

function ownerToWire(owner: BreakGlassOwner): z.input<typeof breakGlassBody> {
  return {
    memberId: owner.memberId,
    address: owner.address ?? null,
    displayName: owner.displayName ?? null,
    usable: owner.usable,
    namedAt: owner.namedAt.toISOString(),
    readyAt: owner.readyAt?.toISOString() ?? null,
    provedAt: owner.provedAt?.toISOString() ?? null,
    lastUsedAt: owner.lastUsedAt?.toISOString() ?? null,
  };
}
