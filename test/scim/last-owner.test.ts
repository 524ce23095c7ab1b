// Law 3 at the directory's door: the last member with full control cannot be ended by a directory; it alerts and freezes.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScimSetup, setupScim, type TestDirectory } from './scim-setup.ts';

let s: ScimSetup;
beforeAll(async () => {
  s = await setupScim();
});
afterAll(() => s[Symbol.asyncDispose]());

/** A directory whose only user is the organization's only owner. */
async function ownedDirectory(): Promise<{ d: TestDirectory; id: string }> {
  const d = await s.directory();
  const user = await d.user(`owner@${d.org.key}.test`);
  await s.sql(
    `update member set role_key = (select key from role where org_id = $1 and full_control order by rank desc limit 1)
     where org_id = $1 and id = $2`,
    [d.org.id, user.id],
  );
  return { d, id: user.id };
}

const frozen = async (orgId: string) =>
  (await s.sql('select frozen_at, frozen_reason from organization where org_id = $1', [orgId]))[0];

test.each<[string, (d: TestDirectory, id: string) => ReturnType<TestDirectory['call']>]>([
  ['a PATCH', (d, id) => d.patch(`/Users/${id}`, { op: 'replace', value: { active: false } })],
  ['a PUT', (d, id) => d.call('PUT', `/Users/${id}`, { userName: `owner@${d.org.key}.test`, active: false })],
  ['a DELETE', (d, id) => d.call('DELETE', `/Users/${id}`)],
])('%s that would end the last owner is 409, alerts and freezes', async (_, end) => {
  const { d, id } = await ownedDirectory();
  const answer = await end(d, id);
  expect(answer).toMatchObject({
    status: 409,
    body: { status: '409', detail: expect.stringContaining('full control') },
  });
  expect((await d.call('GET', `/Users/${id}`)).body.active).toBe(true);
  const [member] = await s.sql('select status from member where id = $1', [id]);
  expect(member.status).toBe('active');
  expect(await frozen(d.org.id)).toEqual({ frozen_at: expect.any(Date), frozen_reason: expect.any(String) });
  const alerts = await s.sql(
    `select actor from audit_event where action = 'alert.last_owner_refused' and subject_id = $1`,
    [id],
  );
  expect(alerts).toEqual([{ actor: { kind: 'directory', id: d.id } }]);
});

test('with another owner the same is done', async () => {
  const { d, id } = await ownedDirectory();
  await s.t.make.member(d.org, { role: 'owner' });
  expect((await d.patch(`/Users/${id}`, { op: 'replace', value: { active: false } })).status).toBe(200);
  expect((await frozen(d.org.id)).frozen_at).toBeNull();
});
