// A directory states somebody who is a member already. What it may not take over by itself waits for an administrator,
// is accepted all the same, and touches nothing until then (design, sections 4 and 5).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScimSetup, setupScim, type TestDirectory, USER } from '../scim/scim-setup.ts';
import type { Answer, Json } from '../support/server.ts';

let s: ScimSetup;
beforeAll(async () => {
  s = await setupScim();
});
afterAll(() => s[Symbol.asyncDispose]());

const memberOf = async (d: TestDirectory, id: string): Promise<Json> =>
  (await s.t.call('GET', `/v1/organizations/${d.org.id}/members/${id}`, { key: d.org.ownerKey })).body;
const waiting = async (d: TestDirectory, state = 'waiting'): Promise<Json[]> =>
  (await s.t.call('GET', `/v1/organizations/${d.org.id}/adoptions?state=${state}`, { key: d.org.ownerKey })).body.items;
const decide = (d: TestDirectory, member: string, decision: string, key = d.org.ownerKey): Promise<Answer> =>
  s.t.call('POST', `/v1/organizations/${d.org.id}/directories/${d.id}/adoptions/${member}/${decision}`, { key });

const groupRule = (d: TestDirectory, value: string, team: string) =>
  s.t.call('POST', `/v1/organizations/${d.org.id}/mapping-rules`, {
    key: d.org.ownerKey,
    body: { source: 'scim.group', match: 'display_name', value, target: { team } },
  });

/** A directory that states the organization's administrator, who was made by hand. */
async function overAdmin(): Promise<{ d: TestDirectory; member: Json; answer: Answer; name: string }> {
  const d = await s.directory();
  const member = await s.t.make.member(d.org, { role: 'admin', name: 'boss' });
  const name = `boss@${d.org.key}.test`;
  const answer = await d.call('POST', '/Users', {
    schemas: [USER],
    userName: name,
    externalId: 'ext-boss',
    displayName: 'Another Name',
  });
  return { d, member, answer, name };
}

test('somebody without rights over others, at an address of the verified domain, is adopted at once', async () => {
  const d = await s.directory();
  const member = await s.t.make.member(d.org, { name: 'plain' });
  const user = await d.user(`PLAIN@${d.org.key}.test`, { displayName: 'Said by the directory' });
  expect(user.id).toBe(member.id);
  expect(await memberOf(d, member.id)).toMatchObject({
    status: 'active',
    displayName: 'Said by the directory',
    carriers: [{ source: 'manual' }, { source: 'directory', ref: d.id }],
  });
  expect(await waiting(d)).toEqual([]);
});

describe('over somebody with rights over others', () => {
  test('it is accepted, shown, and touches nothing until somebody with full control approves', async () => {
    const { d, member, answer } = await overAdmin();
    expect(answer).toMatchObject({ status: 201, body: { id: member.id, active: true } });
    const team = await s.t.make.team(d.org, 'Directory team');
    await groupRule(d, 'Staff', team.id);
    const group = await d.group('Staff', [member.id]);
    expect((await d.patch(`/Users/${member.id}`, { op: 'replace', value: { active: false } })).status).toBe(200);
    expect((await d.patch(`/Users/${member.id}`, { op: 'replace', path: 'displayName', value: 'X' })).status).toBe(200);
    expect(await memberOf(d, member.id)).toMatchObject({ ...member, updatedAt: expect.any(String) });
    expect(await waiting(d)).toMatchObject([
      {
        memberId: member.id,
        directoryId: d.id,
        reason: 'admin_rights',
        explanation: expect.stringContaining('rights over others'),
        userName: `boss@${d.org.key}.test`,
        externalId: 'ext-boss',
        active: false,
        member: { role: 'admin', status: 'active' },
      },
    ]);

    const { key } = await s.t.make.key(d.org, ['directory.manage', 'member.view']);
    expect(await decide(d, member.id, 'approve', key)).toMatchObject({ status: 403, body: { code: 'role_ceiling' } });
    expect(await decide(d, member.id, 'approve')).toMatchObject({ status: 200, body: { outcome: 'adopted' } });
    // all that it had said holds now
    const adopted = await memberOf(d, member.id);
    expect(adopted).toMatchObject({
      status: 'suspended',
      displayName: 'X',
      role: 'admin',
      blocks: [{ source: 'directory', ref: d.id }],
      teams: [{ id: team.id }],
    });
    expect((await d.call('GET', `/Groups/${group.id}`)).body.members).toMatchObject([{ value: member.id }]);
    expect(await waiting(d)).toEqual([]);
    expect((await decide(d, member.id, 'approve')).status).toBe(404);
    await d.patch(`/Users/${member.id}`, { op: 'replace', value: { active: true } });
    expect((await memberOf(d, member.id)).status).toBe('active');
  });

  test('an open offer of such rights counts as such rights', async () => {
    const d = await s.directory();
    const body = { email: `soon@${d.org.key}.test`, role: 'owner' };
    const invited = await s.t.call('POST', `/v1/organizations/${d.org.id}/invitations`, { key: d.org.ownerKey, body });
    const user = await d.user(`soon@${d.org.key}.test`);
    expect(user.id).toBe(invited.body.memberId);
    expect(await waiting(d)).toMatchObject([{ memberId: user.id, reason: 'admin_rights' }]);
    expect((await memberOf(d, user.id)).status).toBe('invited');
  });

  test('declined, the user is gone, sending it again says what to do, and an approval makes that work', async () => {
    const { d, member, name } = await overAdmin();
    expect(await decide(d, member.id, 'decline')).toMatchObject({ status: 200, body: { outcome: 'declined' } });
    expect((await d.call('GET', `/Users/${member.id}`)).status).toBe(404);
    expect((await memberOf(d, member.id)).status).toBe('active');
    const again = () => d.call('POST', '/Users', { schemas: [USER], userName: name, externalId: 'ext-boss' });
    expect(await again()).toMatchObject({
      status: 409,
      body: { scimType: 'uniqueness', detail: expect.stringContaining('declined') },
    });
    expect(await waiting(d, 'declined')).toMatchObject([{ memberId: member.id }]);
    expect(await decide(d, member.id, 'approve')).toMatchObject({ status: 200, body: { outcome: 'approved' } });
    expect(await again()).toMatchObject({ status: 201, body: { id: member.id } });
    expect((await memberOf(d, member.id)).carriers).toHaveLength(2);
    expect(await waiting(d, 'approved')).toEqual([]);
  });

  test('taken back by the directory, nothing is left of it; sent again, it waits again', async () => {
    const { d, member, name } = await overAdmin();
    expect((await d.call('DELETE', `/Users/${member.id}`)).status).toBe(204);
    expect(await waiting(d)).toEqual([]);
    expect((await decide(d, member.id, 'approve')).status).toBe(404);
    expect((await memberOf(d, member.id)).status).toBe('active');
    await d.user(name, { externalId: 'ext-boss' });
    expect(await waiting(d)).toMatchObject([{ memberId: member.id }]);
    const listed = await s.t.call('GET', `/v1/organizations/${d.org.id}/directories`, { key: d.org.ownerKey });
    expect(listed.body.items).toMatchObject([{ users: 1 }]);
  });

  test('approving what would end the last owner is refused', async () => {
    const d = await s.directory();
    const owner = await s.t.make.member(d.org, { role: 'owner', name: 'last' });
    await d.user(`last@${d.org.key}.test`, { active: false });
    expect(await decide(d, owner.id, 'approve')).toMatchObject({ status: 409, body: { code: 'last_owner' } });
    expect(await memberOf(d, owner.id)).toMatchObject({ status: 'active', blocks: [] });
    expect(await waiting(d)).toHaveLength(1);
  });
});

test('an address that the organization has not proved names nobody by itself', async () => {
  const d = await s.directory();
  const invited = await s.t.call('POST', `/v1/organizations/${d.org.id}/invitations`, {
    key: d.org.ownerKey,
    body: { email: 'guest@elsewhere.test', role: 'member' },
  });
  const user = await d.user('guest@elsewhere.test');
  expect(user.id).toBe(invited.body.memberId);
  expect(await waiting(d)).toMatchObject([{ reason: 'address_not_verified' }]);
  expect((await memberOf(d, user.id)).status).toBe('invited');
  const { key } = await s.t.make.key(d.org, ['directory.manage', 'organization.view', 'team.view']);
  expect((await decide(d, user.id, 'approve', key)).status).toBe(200);
  expect(await memberOf(d, user.id)).toMatchObject({ status: 'pending', carriers: [{ source: 'directory' }] });
});

test('a second user of one directory for one member is 409', async () => {
  const d = await s.directory();
  await d.user('first', { emails: [{ value: `one@${d.org.key}.test`, primary: true }] });
  const second = await d.call('POST', '/Users', {
    schemas: [USER],
    userName: 'second',
    emails: [{ value: `ONE@${d.org.key}.test`, primary: true }],
  });
  expect(second).toMatchObject({
    status: 409,
    body: { scimType: 'uniqueness', detail: expect.stringContaining('address') },
  });
});

test('another directory’s requests are not to be found, and need the permission', async () => {
  const { member } = await overAdmin();
  const stranger = await s.directory();
  expect((await decide(stranger, member.id, 'approve')).status).toBe(404);
  const { key } = await s.t.make.key(stranger.org, ['member.view']);
  expect((await s.t.call('GET', `/v1/organizations/${stranger.org.id}/adoptions`, { key })).status).toBe(403);
});
