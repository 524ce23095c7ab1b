// Law 3: somebody always keeps full control, whatever happens at the same time.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Json, type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;

beforeAll(async () => {
  t = await setup();
});
afterAll(() => t[Symbol.asyncDispose]());

const path = (org: MadeOrganization, member: Json, action = '') =>
  `/v1/organizations/${org.id}/members/${member.id}${action}`;

async function ownersOf(org: MadeOrganization): Promise<Json[]> {
  const { body } = await t.call('GET', `/v1/organizations/${org.id}/members?status=active`, { key: org.ownerKey });
  return body.items.filter((member: Json) => member.role === 'owner');
}

describe('law 3: the last member with full control', () => {
  test.each([
    ['removed', 'DELETE', '', undefined],
    ['suspended', 'POST', '/suspend', { reason: 'x' }],
    ['made a manager', 'PATCH', '', { role: 'manager' }],
  ])('cannot be %s', async (_, method, action, body) => {
    const org = await t.make.organization();
    const owner = await t.make.member(org, { role: 'owner' });
    const refused = await t.call(method, path(org, owner, action), { key: org.ownerKey, body });
    expect(refused).toMatchObject({ status: 409, body: { code: 'last_owner' } });
    expect(await ownersOf(org)).toHaveLength(1);
    await t.make.member(org, { role: 'owner' });
    expect((await t.call(method, path(org, owner, action), { key: org.ownerKey, body })).status).toBeLessThan(300);
  });
});

test.each([
  ['removed', 'DELETE', '', undefined],
  ['suspended', 'POST', '/suspend', { reason: 'x' }],
  ['made members', 'PATCH', '', { role: 'member' }],
])('law 3: of five owners %s at once, one stays', async (_, method, action, body) => {
  for (let round = 0; round < 3; round += 1) {
    const org = await t.make.organization();
    const owners = [];
    for (let at = 0; at < 5; at += 1) owners.push(await t.make.member(org, { role: 'owner' }));
    const answers = await Promise.all(
      owners.map((owner) => t.call(method, path(org, owner, action), { key: org.ownerKey, body })),
    );
    expect(answers.filter(({ status }) => status < 300)).toHaveLength(4);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(1);
    expect(await ownersOf(org)).toHaveLength(1);
  }
});

test.each(['suspended', 'removed'])('law 3: not all owners are %s by one statement; all but one are', async (to) => {
  const org = await t.make.organization();
  const owners = [];
  for (let at = 0; at < 3; at += 1) owners.push(await t.make.member(org, { role: 'owner' }));
  const release = (members: readonly Json[]) =>
    t.db.query(org.id, {
      text: `select release_members($1, $2, $3, 'test', '{"kind":"system","id":"test"}')`,
      values: [org.id, members.map(({ id }) => id), to],
    });
  await expect(release(owners)).rejects.toMatchObject({ code: 'last_owner' });
  expect(await ownersOf(org)).toHaveLength(3);
  await release(owners.slice(1));
  expect((await ownersOf(org)).map(({ id }) => id)).toEqual([owners[0]!.id]);
});

test('law 3: a suspended owner does not count', async () => {
  const org = await t.make.organization();
  const [first, second] = [await t.make.member(org, { role: 'owner' }), await t.make.member(org, { role: 'owner' })];
  await t.call('POST', path(org, first, '/suspend'), { key: org.ownerKey, body: { reason: 'x' } });
  expect((await t.call('DELETE', path(org, second), { key: org.ownerKey })).status).toBe(409);
});
