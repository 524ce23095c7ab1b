// REST: the members of an organization, and why each is what they are.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { idParam } from '../http/parse-request.ts';
import { displayName, pageOf, pageQuery, readIdCursor, toPage, uuid } from '../http/wire.ts';
import {
  changeRole,
  changeTeams,
  type MemberCall,
  reactivateMember,
  removeMember,
  suspendMember,
} from './change-member.ts';
import { createMember } from './create-member.ts';
import { explainMember, getMember, listMembers } from './members-queries.ts';
import { overrideBlock } from './override-block.ts';
import { explainedMemberBody, explainedToWire, memberBody, memberStatus, memberToWire } from './wire.ts';

const TAG = 'Members';
const params = z.object({ member: idParam });
const one = { 200: { description: 'As it is now', schema: explainedMemberBody } };
const path = '/v1/organizations/{org}/members/{member}';

export function memberRoutes(deps: CoreDeps): Endpoint[] {
  return [...reads(deps), ...arrivals(deps), ...changes(deps), ...departures(deps)];
}

function reads(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/v1/organizations/{org}/members',
      summary: 'List the members of an organization, oldest first',
      tag: TAG,
      access: { permission: 'member.view' },
      query: pageQuery.extend({
        status: memberStatus.optional().meta({ description: 'Without it: all but removed ones' }),
        q: z.string().min(1).max(200).optional().meta({ description: 'Part of an address or name' }),
      }),
      responses: { 200: { description: 'A page', schema: pageOf(memberBody) } },
      handle: async ({ orgId, query }) => {
        const afterId = readIdCursor(query.cursor);
        const filter = { status: query.status, text: query.q, afterId, limit: query.limit + 1 };
        const rows = await listMembers(deps.db, orgId, filter);
        return { status: 200, body: toPage(rows, query.limit, memberToWire, (member) => [member.id]) };
      },
    }),
    endpoint({
      method: 'get',
      path,
      summary: 'Read a member, with every reason for status, role and teams',
      tag: TAG,
      access: { permission: 'member.view' },
      params,
      responses: { 200: { description: 'The member', schema: explainedMemberBody } },
      handle: async ({ orgId, params: { member } }) => {
        const found = await deps.db.inOrg(orgId, async (tx) => ({
          member: await getMember(tx, orgId, member),
          explanation: await explainMember(tx, orgId, member),
        }));
        return { status: 200, body: explainedToWire(found) };
      },
    }),
  ];
}

function arrivals(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/v1/organizations/{org}/members',
      summary: 'Make a member by hand; active at once if the domain is verified, else pending',
      tag: TAG,
      access: { permission: 'member.manage' },
      body: z.strictObject({
        address: z.email().max(320).meta({ example: 'ada@acme.test' }),
        displayName: displayName.optional(),
        givenName: displayName.optional(),
        familyName: displayName.optional(),
        role: z.string().optional(),
        teams: z.array(z.string()).max(1000).optional().meta({ description: 'Ids or keys' }),
      }),
      responses: { 201: { description: 'Made', schema: explainedMemberBody } },
      idempotent: true,
      handle: async ({ orgId, rights, ctx, body }) => {
        const made = await createMember(deps, ctx, orgId, rights, body);
        const location = `/v1/organizations/${orgId}/members/${made.member.id}`;
        return { status: 201, location, body: explainedToWire(made) };
      },
    }),
  ];
}

function changes(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'patch',
      path,
      summary: 'Change the role that admins give a member',
      tag: TAG,
      access: { permission: 'role.assign' },
      params,
      body: z.strictObject({ role: z.string().max(40).meta({ example: 'manager' }) }),
      responses: one,
      idempotent: true,
      handle: async (call) => ({
        status: 200,
        body: explainedToWire(await changeRole(deps, call.ctx, about(call), call.body.role)),
      }),
    }),
    endpoint({
      method: 'put',
      path: `${path}/teams`,
      summary: 'Set the teams that admins give a member; those of other sources stay',
      tag: TAG,
      access: { permission: 'team.manage' },
      params,
      body: z.strictObject({ teams: z.array(z.string().max(100)).max(1000).meta({ description: 'Ids or keys' }) }),
      responses: one,
      idempotent: true,
      handle: async (call) => ({
        status: 200,
        body: explainedToWire(await changeTeams(deps, call.ctx, about(call), call.body.teams)),
      }),
    }),
  ];
}

function departures(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: `${path}/suspend`,
      summary: 'Suspend a member: sessions end and keys stop at once; reversible',
      tag: TAG,
      access: { permission: 'member.manage' },
      params,
      body: z.strictObject({ reason: z.string().trim().min(1).max(500).default('no reason given') }).prefault({}),
      responses: one,
      idempotent: true,
      handle: async (call) => ({
        status: 200,
        body: explainedToWire(await suspendMember(deps, call.ctx, about(call), call.body.reason)),
      }),
    }),
    endpoint({
      method: 'post',
      path: `${path}/reactivate`,
      summary: "Lift the admin's suspension of a member",
      tag: TAG,
      access: { permission: 'member.manage' },
      params,
      responses: one,
      idempotent: true,
      handle: async (call) => ({
        status: 200,
        body: explainedToWire(await reactivateMember(deps, call.ctx, about(call))),
      }),
    }),
    endpoint({
      method: 'post',
      path: `${path}/override-block`,
      summary:
        "Override a directory's active=false, with full control; it holds until the directory says active=false anew",
      tag: TAG,
      access: { permission: 'member.manage' },
      params,
      body: z.strictObject({ directoryId: uuid, reason: z.string().trim().min(1).max(500) }),
      responses: one,
      idempotent: true,
      handle: async (call) => ({
        status: 200,
        body: explainedToWire(await overrideBlock(deps, call.ctx, about(call), call.body)),
      }),
    }),
    endpoint({
      method: 'delete',
      path,
      summary: 'Remove a member for good; the record and its history stay',
      tag: TAG,
      access: { permission: 'member.manage' },
      params,
      responses: { 204: { description: 'Removed' } },
      handle: async (call) => {
        await removeMember(deps, call.ctx, about(call));
        return { status: 204 };
      },
    }),
  ];
}

function about(call: { orgId: string; rights: MemberCall['rights']; params: { member: string } }): MemberCall {
  return { orgId: call.orgId, rights: call.rights, memberId: call.params.member.toLowerCase() };
}
