// Members as the API shows them.
import { z } from 'zod';
import { dateTime, uuid } from '../http/wire.ts';
import type { ExplainedMember } from './change-member.ts';
import { explainPending, type Member } from './member.ts';

export const memberStatus = z.enum(['invited', 'pending', 'active', 'suspended', 'removed', 'purged']);

export const memberBody = z
  .object({
    id: uuid,
    personId: uuid.nullable().meta({ description: "The key that applications should store; a token's `person_id`" }),
    kind: z.enum(['human', 'service', 'group']),
    status: memberStatus,
    pending: z.object({ reason: z.string(), explanation: z.string() }).nullable(),
    role: z.string().meta({ description: 'The effective role' }),
    address: z.string().nullable(),
    displayName: z.string().nullable(),
    givenName: z.string().nullable(),
    familyName: z.string().nullable(),
    endsAt: dateTime.nullable(),
    createdAt: dateTime,
    updatedAt: dateTime,
  })
  .meta({ id: 'Member' });

export const explainedMemberBody = memberBody
  .extend({
    teams: z.array(z.object({ id: uuid, key: z.string(), displayName: z.string() })).meta({ description: 'Effective' }),
    permissions: z.array(z.string()).meta({ description: 'Of the effective role' }),
    fullControl: z.boolean(),
    carriers: z
      .array(z.object({ source: z.string(), ref: z.string(), since: dateTime }))
      .meta({ description: 'Sources that want the member here; active = at least one, and no block' }),
    blocks: z.array(z.object({ source: z.string(), ref: z.string(), reason: z.string(), since: dateTime })),
    grants: z
      .array(
        z.object({
          target: z.union([z.object({ team: z.string() }), z.object({ role: z.string() })]),
          source: z.string(),
          ref: z.string(),
          retained: z.boolean(),
          since: dateTime,
        }),
      )
      .meta({ description: 'Every reason for a team or role' }),
  })
  .meta({ id: 'ExplainedMember' });

export function memberToWire(member: Member): z.input<typeof memberBody> {
  const { pendingReason } = member;
  return {
    id: member.id,
    personId: member.personId ?? null,
    kind: member.kind,
    status: member.status,
    pending: pendingReason === undefined ? null : { reason: pendingReason, explanation: explainPending(pendingReason) },
    role: member.roleKey,
    address: member.address ?? null,
    displayName: member.displayName ?? null,
    givenName: member.givenName ?? null,
    familyName: member.familyName ?? null,
    endsAt: member.endsAt?.toISOString() ?? null,
    createdAt: member.createdAt.toISOString(),
    updatedAt: member.updatedAt.toISOString(),
  };
}

export function explainedToWire({ member, explanation }: ExplainedMember): z.input<typeof explainedMemberBody> {
  const { teams, permissions, fullControl, carriers, blocks, grants } = explanation;
  return {
    ...memberToWire(member),
    teams: [...teams],
    permissions: [...permissions],
    fullControl,
    carriers: carriers.map((carrier) => ({ ...carrier, since: carrier.since.toISOString() })),
    blocks: blocks.map((block) => ({ ...block, since: block.since.toISOString() })),
    grants: grants.map(({ target, since, ...grant }) => ({
      ...grant,
      target: target.kind === 'team' ? { team: target.ref } : { role: target.ref },
      since: since.toISOString(),
    })),
  };
}
