// Law 3: what a bulk fact would have taken from the last owner is retained, and goes by itself when there is another owner,
// however that one comes.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScimSetup, setupScim, type TestDirectory } from '../scim/scim-setup.ts';
import type { Json } from '../support/server.ts';

let s: ScimSetup;
beforeAll(async () => {
  s = await setupScim();
});
afterAll(() => s[Symbol.asyncDispose]());

const call = async (d: TestDirectory, method: string, path: string, body?: object): Promise<Json> =>
  (await s.t.call(method, `/v1/organizations/${d.org.id}${path}`, { key: d.org.ownerKey, body })).body;

/** An organization whose one owner was one by a group, and was taken out of it. */
async function retained(): Promise<{ d: TestDirectory; owner: Json; read: () => Promise<Json> }> {
  const d = await s.directory();
  const rule = { source: 'scim.group', match: 'display_name', value: 'Owners', target: { role: 'owner' } };
  await call(d, 'POST', '/mapping-rules', rule);
  const owner = await d.user(`owner@${d.org.key}.test`);
  const group = await d.group('Owners', [owner.id]);
  await d.patch(`/Groups/${group.id}`, { op: 'remove', path: `members[value eq "${owner.id}"]` });
  const read = () => call(d, 'GET', `/members/${owner.id}`);
  expect(await read()).toMatchObject({ role: 'owner', grants: [{ retained: true, target: { role: 'owner' } }] });
  return { d, owner, read };
}

const OTHERS: [string, (d: TestDirectory) => Promise<unknown>][] = [
  ['made by hand', (d) => s.t.make.member(d.org, { role: 'owner' })],
  ['promoted', async (d) => call(d, 'PATCH', `/members/${(await s.t.make.member(d.org)).id}`, { role: 'owner' })],
  [
    'put into the group',
    async (d) => {
      const user = await d.user(`next@${d.org.key}.test`);
      const { Resources } = (await d.call('GET', '/Groups')).body;
      return d.patch(`/Groups/${Resources[0].id}`, { op: 'add', path: 'members', value: [{ value: user.id }] });
    },
  ],
];

test.each(OTHERS)('another owner, %s, ends what was retained', async (_, another) => {
  const { d, owner, read } = await retained();
  await another(d);
  expect(await read()).toMatchObject({ role: 'member', grants: [] });
  const events = await call(d, 'GET', `/audit-events?subjectId=${owner.id}`);
  expect(events.items.map((item: Json) => item.action)).toContain('member.retained_role_released');
});

test('an owner who comes back from suspension counts again', async () => {
  const { d, read } = await retained();
  // suspended while the first one is still an owner by retention: that one counts
  const second = await s.t.make.member(d.org);
  await call(d, 'POST', `/members/${second.id}/suspend`, { reason: 'x' });
  await call(d, 'PATCH', `/members/${second.id}`, { role: 'owner' });
  expect(await read()).toMatchObject({ role: 'owner', grants: [{ retained: true }] });
  await call(d, 'POST', `/members/${second.id}/reactivate`);
  expect(await read()).toMatchObject({ role: 'member', grants: [] });
});

test('somebody without full control ends nothing', async () => {
  const { d, read } = await retained();
  await s.t.make.member(d.org, { role: 'admin' });
  expect(await read()).toMatchObject({ role: 'owner', grants: [{ retained: true }] });
});
