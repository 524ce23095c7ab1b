// Law 4: nobody grants what they do not hold, and nobody changes their own role.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mayGrant } from '../../src/roles/rights.ts';
import { type Json, type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;
let adminKey: string;
let admin: Json;
const members = '/v1/organizations/acme/members';
const ADMIN_PERMISSIONS = [
  'member.view',
  'member.manage',
  'role.assign',
  'team.manage',
  'organization.view',
  'team.view',
  'member.invite',
];

beforeAll(async () => {
  t = await setup();
  acme = await t.make.organization('acme');
  admin = await t.make.member(acme, { role: 'admin' });
  adminKey = (await t.make.key(acme, ADMIN_PERMISSIONS, admin.id)).key;
});
afterAll(() => t[Symbol.asyncDispose]());

test('law 4: the ceiling is set inclusion, and full control is its own right', () => {
  const rights = (permissions: string[], fullControl = false) => ({
    permissions: new Set(permissions),
    fullControl,
    memberId: undefined,
  });
  expect(mayGrant(rights(['a', 'b']), { permissions: ['a'], fullControl: false })).toBe(true);
  expect(mayGrant(rights(['a']), { permissions: ['a', 'b'], fullControl: false })).toBe(false);
  expect(mayGrant(rights(['a']), { permissions: [], fullControl: true })).toBe(false);
  expect(mayGrant(rights([], true), { permissions: ['application.anything'], fullControl: true })).toBe(true);
});

describe('law 4: an admin', () => {
  const patch = (member: Json, role: string) =>
    t.call('PATCH', `${members}/${member.id}`, { key: adminKey, body: { role } });

  test('gives roles within their rights, and none beyond', async () => {
    const member = await t.make.member(acme);
    expect((await patch(member, 'manager')).body).toMatchObject({ role: 'manager', grants: [{ source: 'manual' }] });
    expect(await patch(member, 'owner')).toMatchObject({ status: 403, body: { code: 'role_ceiling' } });
    expect((await patch(member, 'member')).body).toMatchObject({ role: 'member' });
  });

  test('cannot make somebody with more than they hold', async () => {
    const body = { address: 'boss@acme.test', role: 'owner' };
    expect(await t.call('POST', members, { key: adminKey, body })).toMatchObject({
      status: 403,
      body: { code: 'role_ceiling' },
    });
  });

  test('cannot demote, suspend, move or remove somebody who holds more', async () => {
    const owner = await t.make.member(acme, { role: 'owner' });
    await t.make.member(acme, { role: 'owner' });
    const refused = { status: 403, body: { code: 'role_ceiling' } };
    const one = `${members}/${owner.id}`;
    expect(await patch(owner, 'member')).toMatchObject(refused);
    expect(await t.call('POST', `${one}/suspend`, { key: adminKey, body: { reason: 'coup' } })).toMatchObject(refused);
    expect(await t.call('PUT', `${one}/teams`, { key: adminKey, body: { teams: [] } })).toMatchObject(refused);
    expect(await t.call('DELETE', one, { key: adminKey })).toMatchObject(refused);
  });

  test('cannot change their own role', async () => {
    expect(await patch(admin, 'member')).toMatchObject({ status: 403, body: { code: 'self_role_change' } });
  });
});

test('law 8: a role that another source outranks is refused, not pretended', async () => {
  const member = await t.make.member(acme);
  await t.db.inOrg(acme.id, async (tx) => {
    await tx.query({
      text: `insert into access_grant (org_id, member_id, target_kind, target, source, ref) values ($1, $2, 'role', 'admin', 'rule', 'r')`,
      values: [acme.id, member.id],
    });
    await tx.query({ text: `select reconcile_grants($1, array[$2::uuid], '{}')`, values: [acme.id, member.id] });
  });
  const answer = await t.call('PATCH', `${members}/${member.id}`, { key: acme.ownerKey, body: { role: 'manager' } });
  expect(answer).toMatchObject({
    status: 409,
    body: { code: 'conflict', grants: [{ source: 'rule', role: 'admin' }] },
  });
  const { body } = await t.call('GET', `${members}/${member.id}`, { key: acme.ownerKey });
  expect(body.grants).toMatchObject([{ source: 'rule' }]);
});

test('setting teams changes the admin’s own grants only, and unknown teams are refused whole', async () => {
  const [one, two] = [await t.make.team(acme, 'One'), await t.make.team(acme, 'Two')];
  const member = await t.make.member(acme);
  const put = (teams: string[]) => t.call('PUT', `${members}/${member.id}/teams`, { key: adminKey, body: { teams } });
  const keysOf = (answer: { body: Json }) => answer.body.teams.map((team: Json) => team.key);
  expect(keysOf(await put([one.id, 'two']))).toEqual(['one', 'two']);
  expect((await put(['two', 'nowhere'])).status).toBe(400);
  expect(keysOf(await put([two.id]))).toEqual(['two']);
  expect(keysOf(await put([]))).toEqual([]);
});
