// A directory's user at an address that the organization has not proved: accepted, waiting, no mail, until an admin
// releases one or all, the person confirms by the mailed link, or the domain is verified (design, section 3).
import { afterAll, beforeAll, expect, test } from 'vitest';
import { acceptInvitation } from '../../src/invitations/accept-invitation.ts';
import { type ScimSetup, setupScim, type TestDirectory } from '../scim/scim-setup.ts';
import { type Answer, type Json, testContext } from '../support/server.ts';

let s: ScimSetup;
beforeAll(async () => {
  s = await setupScim();
});
afterAll(() => s[Symbol.asyncDispose]());

const rest = (d: TestDirectory, method: string, path: string, key = d.org.ownerKey): Promise<Answer> =>
  s.t.call(method, `/v1/organizations/${d.org.id}${path}`, { key });
const memberOf = async (d: TestDirectory, id: string): Promise<Json> => (await rest(d, 'GET', `/members/${id}`)).body;
const mails = async (invitationId: string) =>
  (await s.sql(`select from graphile_worker._private_jobs where payload ->> 'invitationId' = $1`, [invitationId]))
    .length;

/** As the browser that pressed Accept on the mailed link. */
async function confirm(d: TestDirectory, invitationId: string): Promise<string> {
  const browserHash = Buffer.from('browser');
  await s.sql('update invitation set browser_hash = $1 where id = $2', [browserHash, invitationId]);
  return acceptInvitation(s.t, testContext(), { orgId: d.org.id, invitationId, browserHash, by: 'link' });
}

test('nothing is mailed before the release; the confirmed address makes the member active, and offers nothing', async () => {
  const d = await s.directory();
  const user = await d.user('guest@elsewhere.test');
  expect(user.active).toBe(true);
  expect(await memberOf(d, user.id)).toMatchObject({
    status: 'pending',
    pending: { reason: 'address_not_verified', explanation: expect.stringContaining('Verify the domain') },
  });
  expect(await s.sql('select from invitation where org_id = $1', [d.org.id])).toEqual([]);

  const released = await rest(d, 'POST', `/members/${user.id}/release`);
  expect(released).toMatchObject({ status: 200, body: { memberId: user.id } });
  const { invitationId } = released.body;
  expect(await mails(invitationId)).toBe(1);
  expect((await memberOf(d, user.id)).status).toBe('pending');
  expect(await rest(d, 'POST', `/members/${user.id}/release`)).toMatchObject({
    status: 409,
    body: { code: 'invitation_pending' },
  });

  const personId = await confirm(d, invitationId);
  expect(await memberOf(d, user.id)).toMatchObject({
    status: 'active',
    personId,
    role: 'member',
    carriers: [{ source: 'directory', ref: d.id }],
    grants: [],
  });
  // the directory alone wants them here
  await d.call('DELETE', `/Users/${user.id}`);
  expect((await memberOf(d, user.id)).status).toBe('removed');
});

test('who is let go before they confirm cannot confirm any more, and a blocked one does not come in', async () => {
  const d = await s.directory();
  const [gone, blocked] = [await d.user('gone@elsewhere.test'), await d.user('blocked@elsewhere.test')];
  const release = async (user: Json) => (await rest(d, 'POST', `/members/${user.id}/release`)).body.invitationId;
  const [first, second] = [await release(gone), await release(blocked)];
  await d.call('DELETE', `/Users/${gone.id}`);
  await expect(confirm(d, first)).rejects.toMatchObject({ code: 'invitation_cancelled' });
  await d.patch(`/Users/${blocked.id}`, { op: 'replace', value: { active: false } });
  await expect(confirm(d, second)).rejects.toMatchObject({ code: 'conflict', data: { reason: 'blocked' } });
  expect(await rest(d, 'POST', `/members/${blocked.id}/release`)).toMatchObject({ status: 409 });
  await d.patch(`/Users/${blocked.id}`, { op: 'replace', value: { active: true } });
  await confirm(d, second);
  expect((await memberOf(d, blocked.id)).status).toBe('active');
});

test('all who wait are released at once, and told who cannot be; nobody twice', async () => {
  const d = await s.directory();
  for (const name of ['one', 'two', 'three']) await d.user(`${name}@many.test`);
  const nobody = await d.user('no-address');
  expect(await rest(d, 'POST', `/members/${nobody.id}/release`)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('No address') },
  });
  const { key } = await s.t.make.key(d.org, ['member.view']);
  expect((await rest(d, 'POST', '/members/release', key)).status).toBe(403);
  expect((await rest(d, 'POST', '/members/release')).body).toEqual({ released: 3, refused: [], more: false });
  expect((await rest(d, 'POST', '/members/release')).body).toEqual({ released: 0, refused: [], more: false });
  const { body } = await rest(d, 'GET', '/invitations');
  expect(body.items.map((item: Json) => item.email).sort()).toEqual([
    'one@many.test',
    'three@many.test',
    'two@many.test',
  ]);
});

test('only somebody who waits can be released, and only by those who may invite', async () => {
  const d = await s.directory();
  const active = await s.t.make.member(d.org);
  expect(await rest(d, 'POST', `/members/${active.id}/release`)).toMatchObject({
    status: 409,
    body: { code: 'conflict' },
  });
  const stranger = await s.directory();
  const elsewhere = await stranger.user('x@elsewhere.test');
  expect((await rest(d, 'POST', `/members/${elsewhere.id}/release`)).status).toBe(404);
});

test('verifying the domain admits all who wait for it, but nobody who is blocked', async () => {
  const d = await s.directory();
  const domain = `late-${d.org.key}.test`;
  const waiting = await d.user(`waits@${domain}`);
  const blocked = await d.user(`blocked@${domain}`);
  await d.patch(`/Users/${blocked.id}`, { op: 'replace', value: { active: false } });
  const body = { domain, verified: true };
  await s.t.call('POST', `/v1/organizations/${d.org.id}/domains`, { key: s.t.operatorKey, body });
  expect((await memberOf(d, waiting.id)).status).toBe('active');
  expect((await memberOf(d, blocked.id)).status).toBe('suspended');
});
