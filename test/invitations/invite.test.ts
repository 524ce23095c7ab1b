// Making, listing, resending and cancelling invitations over HTTP, and what the database holds afterwards.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MadeOrganization } from '../support/server.ts';
import { type InviteSetup, setupInvitations } from './invite-setup.ts';

let s: InviteSetup;
let acme: MadeOrganization;

beforeAll(async () => {
  s = await setupInvitations({ poolSize: 20 });
  acme = await s.t.make.organization('acme');
});
afterAll(() => s[Symbol.asyncDispose]());

const path = (org: MadeOrganization, rest = '') => `/v1/organizations/${org.id}/invitations${rest}`;
const HOUR = 3600;

test('an invitation is one transaction: row, waiting member, audit event, mail job', async () => {
  const team = await s.t.make.team(acme, 'Research');
  const made = await s.invite(acme, {
    email: ' Grace@Elsewhere.Test ',
    role: 'manager',
    teamIds: [team.id],
    message: 'Welcome!',
    givenName: 'Grace',
    familyName: 'Hopper',
  });
  expect(made.status).toBe(201);
  expect(made.headers.get('location')).toBe(path(acme, `/${made.body.id}`));
  expect(made.body).toMatchObject({
    email: 'Grace@Elsewhere.Test',
    state: 'pending',
    role: 'manager',
    teams: [{ key: team.key }],
    delivery: 'queued',
    sentCount: 1,
    lastSentAt: null,
    acceptedAt: null,
  });
  const lifetime = Date.parse(made.body.expiresAt) - Date.parse(made.body.createdAt);
  expect(lifetime).toBe(7 * 24 * HOUR * 1000);
  const [member] = await s.sql(
    'select status, role_key, address_key, person_id, display_name from member where id = $1',
    [made.body.memberId],
  );
  expect(member).toEqual({
    status: 'invited',
    role_key: 'member',
    address_key: 'grace@elsewhere.test',
    person_id: null,
    display_name: 'Grace Hopper',
  });
  const events = await s.sql(
    `select e.action, e.data, p.personal from audit_event e left join audit_personal p on p.event_id = e.id
     where e.subject_id = $1`,
    [made.body.id],
  );
  expect(events).toMatchObject([{ action: 'invitation.created', personal: { address: 'Grace@Elsewhere.Test' } }]);
  expect(JSON.stringify(events[0]?.data)).not.toContain('lsewhere');
  const jobs = await s.sql(
    `select j.payload from graphile_worker._private_jobs j where j.payload->>'invitationId' = $1`,
    [made.body.id],
  );
  expect(jobs).toEqual([
    { payload: { template: 'invitation', orgId: acme.id, invitationId: made.body.id, sentCount: 1 } },
  ]);
});

test('a link is stored as a hash only: no table and no job holds the secret', async () => {
  const { body } = await s.invite(acme, { email: 'secret@elsewhere.test', role: 'member' });
  const token = s.tokenOf(body);
  const tables = await s.sql<{ name: string }>(
    `select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables
     where schemaname in ('public', 'graphile_worker')`,
  );
  for (const { name } of tables) {
    const found = await s.sql(`select 1 from ${name} t where t::text like '%' || $1 || '%'`, [token]);
    expect(found, name).toEqual([]);
  }
  expect(await s.sql(`select kind from credential where hash = sha256($1::bytea)`, [Buffer.from(token)])).toEqual([
    { kind: 'invitation' },
  ]);
  expect(s.t.logLines.join('')).not.toContain(token);
});

test.each([
  ['not an address', { email: 'nobody', role: 'member' }, 400, 'invalid_value'],
  ['two @', { email: 'a@b@c.test', role: 'member' }, 400, 'invalid_value'],
  ['a line break', { email: 'a@b.test\nbcc: c@d.test', role: 'member' }, 400, 'invalid_value'],
  ['a domain without a dot', { email: 'a@localhost', role: 'member' }, 400, 'invalid_value'],
  ['an unknown role', { email: 'a@b.test', role: 'emperor' }, 400, 'invalid_value'],
  ['an unknown team', { email: 'a@b.test', role: 'member', teams: ['nowhere'] }, 400, 'invalid_value'],
  ['no role', { email: 'a@b.test' }, 400, 'invalid_request'],
  ['an unknown field', { email: 'a@b.test', role: 'member', colour: 'red' }, 400, 'invalid_request'],
  ['a lifetime of a year', { email: 'a@b.test', role: 'member', expiresInHours: 9000 }, 400, 'invalid_request'],
])('%s is refused, and nothing is left of it', async (_what, body, status, code) => {
  const before = await s.sql('select count(*) from member');
  const answer = await s.invite(acme, body);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(await s.sql('select count(*) from member')).toEqual(before);
});

test('a member, a pending address and a suspended member are three different answers', async () => {
  const active = await s.t.make.member(acme, { name: 'active' });
  const here = await s.invite(acme, { email: 'ACTIVE@acme.test', role: 'member' });
  expect(here.status).toBe(409);
  expect(here.body).toMatchObject({ code: 'already_member', memberId: active.id });

  const first = await s.invite(acme, { email: 'twice@elsewhere.test', role: 'member' });
  const second = await s.invite(acme, { email: 'Twice@elsewhere.test', role: 'manager' });
  expect(second.status).toBe(409);
  expect(second.body).toMatchObject({ code: 'invitation_pending', invitationId: first.body.id });

  const stopped = await s.t.make.member(acme, { name: 'stopped' });
  await s.sql(`insert into block (org_id, member_id, source, ref, reason) values ($1, $2, 'admin', $1, 'test');`, [
    acme.id,
    stopped.id,
  ]);
  await s.sql(`update member set status = 'suspended' where id = $1`, [stopped.id]);
  const suspended = await s.invite(acme, { email: 'stopped@acme.test', role: 'member' });
  expect(suspended.status).toBe(409);
  expect(suspended.body).toMatchObject({ code: 'conflict', advice: 'reactivate', memberId: stopped.id });
});

test('of twenty invitations of one address at once, one is made', async () => {
  const body = { email: 'rush@elsewhere.test', role: 'member' };
  const answers = await Promise.all(Array.from({ length: 20 }, () => s.invite(acme, body)));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  const others = answers.filter(({ status }) => status !== 201);
  expect(new Set(others.map((answer) => `${answer.status} ${answer.body.code}`))).toEqual(
    new Set(['409 invitation_pending']),
  );
});

test('twenty invitations at once for the last five seats: five are made, and a cancelled one frees its seat', async () => {
  const small = await s.t.make.organization('small');
  await s.t.make.member(small, { name: 'first' });
  await s.sql('update organization set seat_limit = 6 where org_id = $1', [small.id]);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => s.invite(small, { email: `p${index}@elsewhere.test`, role: 'member' })),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
  const refused = answers.filter(({ status }) => status !== 201);
  expect(new Set(refused.map((answer) => `${answer.status} ${answer.body.code}`))).toEqual(new Set(['409 seat_limit']));

  const one = answers.find(({ status }) => status === 201)!.body;
  await s.t.call('POST', path(small, `/${one.id}/cancel`), { key: small.ownerKey });
  expect((await s.invite(small, { email: 'next@elsewhere.test', role: 'member' })).status).toBe(201);
  expect((await s.invite(small, { email: 'last@elsewhere.test', role: 'member' })).body.code).toBe('seat_limit');
  s.t.clock.advance(8 * 24 * HOUR);
  expect((await s.invite(small, { email: 'last@elsewhere.test', role: 'member' })).status).toBe(201);
  s.t.clock.advance(-8 * 24 * HOUR);
});

test('nobody offers a role beyond their own rights, and only full control offers full control', async () => {
  const inviterOnly = await s.t.make.key(acme, ['member.invite', 'organization.view', 'team.view', 'member.view']);
  const low = await s.invite(acme, { email: 'low@elsewhere.test', role: 'member' }, inviterOnly.key);
  expect(low.status).toBe(201);
  const high = await s.invite(acme, { email: 'high@elsewhere.test', role: 'admin' }, inviterOnly.key);
  expect([high.status, high.body.code]).toEqual([403, 'role_ceiling']);
  expect(high.body.missing).toContain('audit.view');
  const owner = await s.invite(acme, { email: 'high@elsewhere.test', role: 'owner' }, inviterOnly.key);
  expect([owner.status, owner.body.code]).toEqual([403, 'role_ceiling']);
  const byOwner = await s.invite(acme, { email: 'high@elsewhere.test', role: 'owner' });
  expect(byOwner.status).toBe(201);
  const again = await s.t.call('POST', path(acme, `/${byOwner.body.id}/resend`), { key: inviterOnly.key });
  expect([again.status, again.body.code]).toEqual([403, 'role_ceiling']);
  const reader = await s.t.make.key(acme, ['member.view']);
  const refused = await s.invite(acme, { email: 'x@elsewhere.test', role: 'member' }, reader.key);
  expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
});

test('resending makes a new link, kills the old one and is limited to five in an hour', async () => {
  const { body: first } = await s.invite(acme, { email: 'again@elsewhere.test', role: 'member' });
  const resend = () => s.t.call('POST', path(acme, `/${first.id}/resend`), { key: acme.ownerKey });
  const second = await resend();
  expect(second.body).toMatchObject({ id: first.id, sentCount: 2, delivery: 'queued', state: 'pending' });
  expect((await s.page('GET', `/invitations/${s.tokenOf(first)}`)).status).toBe(410);
  expect((await s.page('GET', `/invitations/${s.tokenOf(first)}`)).body).toContain('There is a newer link');
  expect((await s.page('GET', `/invitations/${s.tokenOf(second.body)}`)).status).toBe(200);
  for (let count = 3; count <= 6; count += 1) expect((await resend()).body.sentCount).toBe(count);
  const limited = await resend();
  expect([limited.status, limited.body.code]).toEqual([429, 'too_many_requests']);
  expect(limited.body.retryAfterSeconds).toBeGreaterThan(0);
  s.t.clock.advance(HOUR + 1);
  expect((await resend()).body.sentCount).toBe(7);
});

test('an expired invitation reads as expired at once, and a resend gives it a full new lifetime', async () => {
  const { body } = await s.invite(acme, { email: 'late@elsewhere.test', role: 'member', expiresInHours: 24 });
  s.t.clock.advance(24 * HOUR + 1);
  const read = await s.t.call('GET', path(acme, `/${body.id}`), { key: acme.ownerKey });
  expect(read.body.state).toBe('expired');
  expect((await s.page('GET', `/invitations/${s.tokenOf(body)}`)).body).toContain('This invitation has expired');
  const expired = await s.t.call('GET', path(acme, '?state=expired'), { key: acme.ownerKey });
  expect(expired.body.items.map((item: { id: string }) => item.id)).toContain(body.id);

  const anew = await s.t.call('POST', path(acme, `/${body.id}/resend`), { key: acme.ownerKey });
  expect(anew.body).toMatchObject({ state: 'pending', sentCount: 2 });
  expect(Date.parse(anew.body.expiresAt)).toBeGreaterThan(s.t.clock.now().getTime() + 6.9 * 24 * HOUR * 1000);
  expect((await s.page('GET', `/invitations/${s.tokenOf(anew.body)}`)).status).toBe(200);
  expect((await s.page('GET', `/invitations/${s.tokenOf(body)}`)).status).toBe(410);
});

test('an expired address can be invited anew; the member who waits stays the same', async () => {
  const { body: first } = await s.invite(acme, { email: 'slow@elsewhere.test', role: 'member', expiresInHours: 1 });
  s.t.clock.advance(HOUR + 1);
  const second = await s.invite(acme, { email: 'slow@elsewhere.test', role: 'manager' });
  expect(second.status).toBe(201);
  expect(second.body.memberId).toBe(first.memberId);
  const resent = await s.t.call('POST', path(acme, `/${first.id}/resend`), { key: acme.ownerKey });
  expect([resent.status, resent.body.code]).toEqual([409, 'invitation_pending']);
});

test('cancelling kills the link at once and lets go of the waiting member; the address can be invited again', async () => {
  const { body } = await s.invite(acme, { email: 'gone@elsewhere.test', role: 'member' });
  const cancel = () => s.t.call('POST', path(acme, `/${body.id}/cancel`), { key: acme.ownerKey });
  expect((await cancel()).body.state).toBe('cancelled');
  expect((await cancel()).body.state).toBe('cancelled');
  const page = await s.page('GET', `/invitations/${s.tokenOf(body)}`);
  expect([page.status, page.body.includes('was cancelled')]).toEqual([410, true]);
  expect((await s.accept(s.tokenOf(body))).answer.status).toBe(410);
  expect(await s.sql('select status from member where id = $1', [body.memberId])).toEqual([{ status: 'removed' }]);
  const again = await s.invite(acme, { email: 'gone@elsewhere.test', role: 'member' });
  expect(again.status).toBe(201);
  expect(again.body.memberId).toBe(body.memberId);
});

test('a list has states and pages, and another organization sees none of it', async () => {
  const org = await s.t.make.organization();
  const other = await s.t.make.organization();
  const ids: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    ids.unshift((await s.invite(org, { email: `${name}@elsewhere.test`, role: 'member' })).body.id);
  }
  const list = (query: string) => s.t.call('GET', path(org, query), { key: org.ownerKey });
  const first = await list('?limit=2');
  expect(first.body.items.map((item: { id: string }) => item.id)).toEqual(ids.slice(0, 2));
  const second = await list(`?limit=2&cursor=${first.body.nextCursor}`);
  expect(second.body).toEqual({ items: [expect.objectContaining({ id: ids[2] })] });
  expect((await list('?state=accepted')).body.items).toEqual([]);
  expect((await list('?state=strange')).status).toBe(400);
  for (const [method, rest] of [
    ['GET', ''],
    ['POST', '/resend'],
    ['POST', '/cancel'],
  ] as const) {
    const foreign = await s.t.call(method, path(other, `/${ids[0]}${rest}`), { key: other.ownerKey });
    expect(foreign.status).toBe(404);
  }
});

test('somebody whom a directory deactivated and deleted is not invited around its block', async () => {
  const org = await s.t.make.organization();
  const directory = await s.t.make.directory(org);
  const [created] = await s.sql(
    `select member_id from scim_create_user($1, $2, '{"kind":"directory","id":"d"}',
      row('eve@${org.key}.test', 'e1', false, 'eve@${org.key}.test', 'Eve', null, null, 'eve@${org.key}.test', '{}')::directory_user_input)`,
    [org.id, directory],
  );
  await s.sql(`select scim_delete_user($1, $2, $3, '{"kind":"directory","id":"d"}', null)`, [
    org.id,
    directory,
    created.member_id,
  ]);
  const answer = await s.invite(org, { email: `eve@${org.key}.test`, role: 'member' });
  expect(answer.status).toBe(409);
  expect(answer.body.advice).toBe('reactivate');
});
