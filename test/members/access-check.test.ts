// /v1/access/check: the answer that decides, with every reason at once.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DomainError } from '../../src/errors.ts';
import { type Json, type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;
let globex: MadeOrganization;
let ada: Json;

beforeAll(async () => {
  t = await setup({
    // tokens here are person ids: what is verified in a real one is test/http/access-token.test.ts
    verifyAccessToken: async (token) => {
      if (!/^[0-9a-f-]{36}$/.test(token)) throw new DomainError('unauthenticated', 'no');
      const session = { connectionId: undefined, loginAt: undefined, authenticatedAt: undefined };
      return { personId: token, session: undefined, ...session };
    },
  });
  acme = await t.make.organization('acme');
  globex = await t.make.organization('globex');
  await t.make.team(acme, 'Engineering');
  ada = await t.make.member(acme, { role: 'manager', teams: ['engineering'] });
});
afterAll(() => t[Symbol.asyncDispose]());

const check = (body: object, key = acme.ownerKey) => t.call('POST', '/v1/access/check', { key, body });
const codes = (answer: { body: Json }) => answer.body.reasons.map((reason: Json) => reason.code);

test('an active member with permission and team is allowed', async () => {
  const question = { organization: 'acme', personId: ada.personId, permission: 'member.invite', team: 'engineering' };
  expect((await check(question)).body).toEqual({
    allowed: true,
    reasons: [],
    session: 'met',
    signInAgain: null,
    member: { id: ada.id, status: 'active', role: 'manager', teams: ['engineering'] },
  });
});

test('a refusal names every reason at once', async () => {
  const question = { organization: acme.id, memberId: ada.id, permission: 'key.manage', team: 'nowhere' };
  const answer = await check(question);
  expect(answer.body.allowed).toBe(false);
  expect(codes(answer)).toEqual(['permission_missing', 'team_missing']);
});

test('a suspended member is refused from that moment on', async () => {
  const bob = await t.make.member(acme);
  const question = { organization: 'acme', personId: bob.personId };
  expect((await check(question)).body.allowed).toBe(true);
  await t.call('POST', `/v1/organizations/acme/members/${bob.id}/suspend`, {
    key: acme.ownerKey,
    body: { reason: 'x' },
  });
  expect(codes(await check(question))).toEqual(['member_suspended']);
});

test('somebody of another organization is nobody here', async () => {
  const stranger = await t.make.member(globex);
  expect(codes(await check({ organization: 'acme', personId: stranger.personId }))).toEqual(['not_a_member']);
  expect(codes(await check({ organization: 'acme', memberId: stranger.id }))).toEqual(['not_a_member']);
  expect((await check({ organization: 'globex', personId: stranger.personId })).status).toBe(404);
});

test('a person asks about themselves without any permission, and about others only with member.view', async () => {
  const plain = await t.make.member(acme);
  const answer = await check({ organization: 'acme' }, plain.personId);
  expect(answer.body).toMatchObject({ allowed: true, member: { id: plain.id } });
  expect((await check({ organization: 'acme', personId: ada.personId }, plain.personId)).status).toBe(403);
  expect((await check({ organization: 'acme', personId: plain.personId }, ada.personId)).body.allowed).toBe(true);
  expect(codes(await check({ organization: 'globex' }, plain.personId))).toEqual(['not_a_member']);
});

test('a token is judged in place of its person; a bad one is a refusal, not a fault', async () => {
  expect((await check({ organization: 'acme', subjectToken: ada.personId })).body.allowed).toBe(true);
  expect(codes(await check({ organization: 'acme', subjectToken: 'forged' }))).toEqual(['token_invalid']);
});

test('who is meant must be said in exactly one way', async () => {
  expect((await check({ organization: 'acme' })).status).toBe(400);
  expect((await check({ organization: 'acme', personId: ada.personId, memberId: ada.id })).status).toBe(400);
});
