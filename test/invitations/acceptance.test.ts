// The acceptance up to and behind Keycloak: pages, the browser's cookie, the answer at the entry, what becomes of member
// and person. The hops through the real Keycloak, in a real browser, are in test/e2e.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { acceptInvitation } from '../../src/invitations/accept-invitation.ts';
import { readBinding } from '../../src/invitations/browser-binding.ts';
import { type Json, type MadeOrganization, testContext } from '../support/server.ts';
import { type InviteSetup, KEYCLOAK_URL, setupInvitations } from './invite-setup.ts';

let s: InviteSetup;
let acme: MadeOrganization;

beforeAll(async () => {
  s = await setupInvitations({ poolSize: 20 });
  acme = await s.t.make.organization('acme');
});
afterAll(() => s[Symbol.asyncDispose]());

const HOUR = 3600;
let count = 0;

async function invited(body: Json = {}, org = acme): Promise<Json & { token: string }> {
  count += 1;
  const answer = await s.invite(org, { email: `guest${count}@elsewhere.test`, role: 'member', ...body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return { ...answer.body, token: s.tokenOf(answer.body) };
}

const memberOf = async (invitation: Json) =>
  (await s.sql('select status, role_key, person_id from member where id = $1', [invitation.memberId]))[0];

/** Every row of every table that an acceptance could touch. */
const everything = async () => {
  const tables = ['invitation', 'invitation_hop', 'member', 'carrier', 'access_grant', 'person', 'person_address'];
  const rows = [...tables, 'credential', 'audit_event', 'projection_due', 'graphile_worker._private_jobs'].map(
    // when the key that made the invitation was last used is written down a moment later
    (table) => s.sql(`select (to_jsonb(t) - 'last_used_at')::text as row from ${table} t order by 1`),
  );
  return Promise.all(rows);
};

test('reading the page changes nothing, however often, and gives nothing away', async () => {
  const team = await s.t.make.team(acme, 'Compilers');
  const invitation = await invited({
    teams: [team.key],
    message: '<script>alert(1)</script>\nSee you',
    role: 'manager',
  });
  const before = await everything();
  for (let index = 0; index < 3; index += 1) {
    const page = await s.page('GET', `/invitations/${invitation.token}`);
    expect(page.status).toBe(200);
    for (const part of ['acme', 'Manager', 'Compilers', 'g•••@e•••.test', 'Accept the invitation', 'UTC']) {
      expect(page.body).toContain(part);
    }
    expect(page.body).not.toContain(invitation.email);
    expect(page.body).not.toContain('<script');
    expect(page.body).toContain('&lt;script&gt;');
    expect(page.body).not.toMatch(/(src|href|action)="https?:/);
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.getSetCookie()).toEqual([]);
  }
  await s.page('HEAD', `/invitations/${invitation.token}`);
  expect(await everything()).toEqual(before);
});

test.each(['x', 'A'.repeat(43), `${'A'.repeat(42)}%00`])('a link that is none (%s) is told so', async (token) => {
  const page = await s.page('GET', `/invitations/${token}`);
  expect([page.status, page.body.includes('This link is not an invitation')]).toEqual([404, true]);
  expect((await s.page('POST', `/invitations/${token}/accept`)).status).toBe(404);
});

test('Accept binds the browser and asks Keycloak whose session it holds', async () => {
  const invitation = await invited();
  const { answer, cookie } = await s.accept(invitation.token);
  expect(answer.status).toBe(303);
  expect(answer.headers.getSetCookie()[0]).toMatch(
    /^db_invite=[^;]+; Max-Age=3600; Path=\/;.* HttpOnly; SameSite=Lax$/,
  );
  const location = new URL(answer.headers.get('location') ?? '');
  expect(location.href).toMatch(new RegExp(`^${KEYCLOAK_URL}/realms/drawbridge/protocol/openid-connect/auth\\?`));
  const query = Object.fromEntries(location.searchParams);
  expect(query).toMatchObject({ client_id: 'drawbridge', prompt: 'none', code_challenge_method: 'S256' });
  expect(query.redirect_uri).toBe(`${s.pagesUrl}/invitations/callback`);
  const stored = JSON.stringify(await everything());
  for (const secret of [query.state, query.nonce, query.code_challenge, cookie.split('.')[2]]) {
    expect(stored).not.toContain(secret);
  }
  expect((await memberOf(invitation)).status).toBe('invited');
});

test('a form on a foreign site cannot press Accept', async () => {
  const invitation = await invited();
  const path = `/invitations/${invitation.token}/accept`;
  const foreign = await s.page('POST', path, { 'sec-fetch-site': 'cross-site' });
  expect([foreign.status, foreign.headers.getSetCookie()]).toEqual([403, []]);
});

test('nobody is signed in: a stranger comes in by the link, a state is good once and in its own browser', async () => {
  const invitation = await invited();
  const { answer, cookie } = await s.accept(invitation.token);
  const state = new URL(answer.headers.get('location') ?? '').searchParams.get('state');
  const back = `/invitations/callback?error=login_required&state=${state}`;
  const elsewhere = await invited();
  const foreign = await s.accept(elsewhere.token);
  const next = await s.page('GET', back, { cookie });
  expect(next.status).toBe(303);
  const query = new URL(next.headers.get('location') ?? '').searchParams;
  expect(Object.fromEntries(query)).toMatchObject({
    kc_idp_hint: 'invitation',
    prompt: 'login',
    login_hint: invitation.email,
  });
  expect((await s.page('GET', back, { cookie })).status).toBe(400);
  const stolen = `/invitations/callback?error=login_required&state=${query.get('state')}`;
  expect((await s.page('GET', stolen, { cookie: foreign.cookie })).status).toBe(400);
  expect((await s.page('GET', '/invitations/callback?state=nonsense', { cookie })).status).toBe(400);
});

test('a sign-in that was refused, and a Keycloak that does not answer, are pages that say how to go on', async () => {
  for (const [query, status, words] of [
    ['error=access_denied', 403, 'was not completed'],
    ['code=anything', 503, 'does not answer'],
  ] as const) {
    const invitation = await invited();
    const { answer, cookie } = await s.accept(invitation.token);
    const state = new URL(answer.headers.get('location') ?? '').searchParams.get('state');
    const page = await s.page('GET', `/invitations/callback?${query}&state=${state}`, { cookie });
    expect([page.status, page.body.includes(words)]).toEqual([status, true]);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect((await s.page('GET', `/invitations/${invitation.token}`)).status).toBe(200);
  }
});

test('somebody with an account signs in first, with the address filled in', async () => {
  const employee = await s.t.make.member(acme, { name: 'employee' });
  const globex = await s.t.make.organization('globex');
  const invitation = await invited({ email: 'employee@acme.test' }, globex);
  const { answer, cookie } = await s.accept(invitation.token);
  const state = new URL(answer.headers.get('location') ?? '').searchParams.get('state');
  const next = await s.page('GET', `/invitations/callback?error=login_required&state=${state}`, { cookie });
  const query = new URL(next.headers.get('location') ?? '').searchParams;
  expect(query.get('kc_idp_hint')).toBeNull();
  expect(Object.fromEntries(query)).toMatchObject({ prompt: 'login', login_hint: 'employee@acme.test' });
  expect(await s.enter(cookie)).toMatchObject({ refusal: { code: 'sign_in_refused' } });

  const [{ person_id: personId }] = await s.sql('select person_id from member where id = $1', [employee.id]);
  const { orgId, invitationId, hash } = readBinding({ headers: { cookie } }, 'http://localhost')!;
  const stranger = (await s.sql(`select person_id from person_address where address_key <> 'employee@acme.test'`))[0];
  const by = (person: string) => ({ orgId, invitationId, browserHash: hash, by: { personId: person } });
  if (stranger) {
    await expect(acceptInvitation(s.t, testContext(), by(stranger.person_id))).rejects.toMatchObject({
      code: 'forbidden',
    });
  }
  expect(await acceptInvitation(s.t, testContext(), by(personId))).toBe(personId);
  expect(await memberOf(invitation)).toEqual({ status: 'active', role_key: 'member', person_id: personId });
});

test('the entry spends the invitation once: member active with role and team, person made, Keycloak made equal', async () => {
  const team = await s.t.make.team(acme, 'Rockets');
  const invitation = await invited({ role: 'manager', teamIds: [team.id], givenName: 'Ada', familyName: 'Lovelace' });
  const { cookie } = await s.accept(invitation.token);
  const entered = await s.enter(cookie);
  expect(entered).toEqual({ personId: expect.any(String) });
  const { personId } = entered as { personId: string };
  expect(await memberOf(invitation)).toEqual({ status: 'active', role_key: 'manager', person_id: personId });
  expect(await s.sql('select team_id from team_member where member_id = $1', [invitation.memberId])).toEqual([
    { team_id: team.id },
  ]);
  const grants = await s.sql('select target_kind, source, ref from access_grant where member_id = $1 order by 1', [
    invitation.memberId,
  ]);
  expect(grants).toEqual([
    { target_kind: 'role', source: 'invite', ref: invitation.id },
    { target_kind: 'team', source: 'invite', ref: invitation.id },
  ]);
  expect(await s.sql('select source from carrier where member_id = $1', [invitation.memberId])).toEqual([
    { source: 'invitation' },
  ]);
  const [person] = await s.sql('select given_name, family_name, sets_password from person where id = $1', [personId]);
  expect(person).toEqual({ given_name: 'Ada', family_name: 'Lovelace', sets_password: true });
  expect(s.keycloak.projected).toContain(personId);
  const read = await s.t.call('GET', `/v1/organizations/${acme.id}/invitations/${invitation.id}`, {
    key: acme.ownerKey,
  });
  expect(read.body).toMatchObject({ state: 'accepted', acceptedAt: expect.any(String) });
  const actions = await s.sql('select action, actor from audit_event where subject_id = any ($1) order by id', [
    [invitation.id, invitation.memberId],
  ]);
  expect(actions.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['invitation.created', 'member.admitted', 'member.teams_changed', 'invitation.accepted']),
  );
  expect(actions.at(-1)?.actor).toMatchObject({ kind: 'person', id: personId });
});

test('a tab closed at the password page is resumed by the same link, until there is a credential', async () => {
  const invitation = await invited();
  const first = await s.accept(invitation.token);
  const { personId } = (await s.enter(first.cookie)) as { personId: string };
  expect(await s.enter(first.cookie)).toEqual({ personId });

  const page = await s.page('GET', `/invitations/${invitation.token}`);
  expect([page.status, page.body.includes('Finish joining acme')]).toEqual([200, true]);
  const { cookie, answer } = await s.accept(invitation.token);
  expect(answer.status).toBe(303);
  expect(await s.enter(cookie)).toEqual({ personId });
  expect(await s.enter(first.cookie)).toMatchObject({ refusal: { code: 'no_invitation' } });

  s.keycloak.withCredential.add(personId);
  expect(await s.enter(cookie)).toMatchObject({ refusal: { code: 'invitation_used' } });
  expect((await s.accept(invitation.token)).answer.status).toBe(410);
  await s.sql('update person set has_credential = true where id = $1', [personId]);
  const used = await s.page('GET', `/invitations/${invitation.token}`);
  expect([used.status, used.body.includes('This invitation was used')]).toEqual([410, true]);
});

test('two browsers with one link: the one that pressed Accept last has it, and it is spent once', async () => {
  const invitation = await invited();
  const one = await s.accept(invitation.token);
  const two = await s.accept(invitation.token);
  const answers = await Promise.all([one, two, two, one, two].map(({ cookie }) => s.enter(cookie)));
  const persons = answers.flatMap((answer) => ('personId' in answer ? [answer.personId] : []));
  expect(new Set(persons).size).toBe(1);
  expect(answers.filter((answer) => 'refusal' in answer)).toHaveLength(2);
  const accepted = await s.sql(`select from audit_event where subject_id = $1 and action = 'invitation.accepted'`, [
    invitation.id,
  ]);
  expect(accepted).toHaveLength(1);
});

test('ten acceptances of one browser at once spend the invitation once', async () => {
  const invitation = await invited();
  const { cookie } = await s.accept(invitation.token);
  const binding = readBinding({ headers: { cookie } }, 'http://localhost')!;
  const input = { ...binding, browserHash: binding.hash, by: 'link' as const };
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10 }, () => acceptInvitation(s.t, testContext(), input)),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'invitation_used' });
  }
  expect(await s.sql('select from person_address where address = $1', [invitation.email])).toHaveLength(1);
});

test('an acceptance and a cancellation at once: one of them, never both', async () => {
  for (let round = 0; round < 5; round += 1) {
    const invitation = await invited();
    const { cookie } = await s.accept(invitation.token);
    const [entered, cancelled] = await Promise.all([
      s.enter(cookie),
      s.t.call('POST', `/v1/organizations/${acme.id}/invitations/${invitation.id}/cancel`, { key: acme.ownerKey }),
    ]);
    const { status } = await memberOf(invitation);
    if ('personId' in entered) expect([cancelled.status, status]).toEqual([409, 'active']);
    else {
      expect([cancelled.status, status]).toEqual([200, 'removed']);
      // a cancellation that is done before the entry begins has untied the browser already
      expect(['invitation_cancelled', 'no_invitation']).toContain(entered.refusal.code);
    }
  }
});

test('an invitation that expires on the way is not taken any more', async () => {
  const invitation = await invited({ expiresInHours: 1 });
  const { cookie, answer } = await s.accept(invitation.token);
  const state = new URL(answer.headers.get('location') ?? '').searchParams.get('state');
  s.t.clock.advance(HOUR + 1);
  expect(await s.enter(cookie)).toMatchObject({ refusal: { code: 'invitation_expired' } });
  expect((await s.page('GET', `/invitations/callback?error=login_required&state=${state}`, { cookie })).status).toBe(
    400,
  );
  expect((await s.accept(invitation.token)).answer.status).toBe(410);
  s.t.clock.advance(-HOUR - 1);
});

test('the ceiling holds when the offer is taken: the role has grown, or the inviter holds it no more', async () => {
  const org = await s.t.make.organization();
  const key = await s.t.make.key(org, [
    'member.invite',
    'organization.view',
    'team.view',
    'member.view',
    'team.manage',
  ]);
  const answer = await s.invite(org, { email: 'grown@elsewhere.test', role: 'manager' }, key.key);
  expect(answer.status).toBe(201);
  const { cookie } = await s.accept(s.tokenOf(answer.body));
  await s.sql(`update role set permissions = permissions || '{key.manage}' where org_id = $1 and key = 'manager'`, [
    org.id,
  ]);
  expect(await s.enter(cookie)).toMatchObject({ refusal: { code: 'role_ceiling' } });
  expect((await memberOf(answer.body)).status).toBe('invited');
  await s.sql(
    `update role set permissions = array_remove(permissions, 'key.manage') where org_id = $1 and key = 'manager'`,
    [org.id],
  );
  expect(await s.enter(cookie)).toEqual({ personId: expect.any(String) });

  const admin = await s.t.make.member(org, { name: 'admin', role: 'admin' });
  const [{ person_id: personId }] = await s.sql('select person_id from member where id = $1', [admin.id]);
  const offer = (await s.invite(org, { email: 'shrunk@elsewhere.test', role: 'admin' })).body;
  await s.sql(`update invitation set inviter = jsonb_build_object('kind', 'person', 'id', $2::text) where id = $1`, [
    offer.id,
    personId,
  ]);
  const taking = await s.accept(s.tokenOf(offer));
  await s.sql(`update member set role_key = 'member' where id = $1`, [admin.id]);
  expect(await s.enter(taking.cookie)).toMatchObject({ refusal: { code: 'role_ceiling' } });
});

test('a directory that blocks the member before the acceptance has the last word', async () => {
  const invitation = await invited();
  const { cookie } = await s.accept(invitation.token);
  await s.sql(`insert into block (org_id, member_id, source, ref, reason) values ($1, $2, 'directory', $1, 'test')`, [
    acme.id,
    invitation.memberId,
  ]);
  expect(await s.enter(cookie)).toMatchObject({ refusal: { code: 'conflict' } });
  expect(await s.sql('select status from invitation where id = $1', [invitation.id])).toEqual([{ status: 'pending' }]);
});

test('Keycloak down: the acceptance is committed, its mark stays, and the link goes on later', async () => {
  const invitation = await invited();
  const { cookie } = await s.accept(invitation.token);
  s.keycloak.failing = true;
  expect(await s.enter(cookie)).toMatchObject({ refusal: { code: 'account_not_ready' } });
  const { status, person_id: personId } = await memberOf(invitation);
  expect(status).toBe('active');
  expect(await s.sql(`select kind from projection_due where subject_id = $1`, [personId])).toEqual([
    { kind: 'person' },
  ]);
  s.keycloak.failing = false;
  expect(await s.enter(cookie)).toEqual({ personId });
});

test('without the cookie of a browser that accepted, the entry signs nobody in', async () => {
  const invitation = await invited();
  const { cookie } = await s.accept(invitation.token);
  for (const wrong of [
    '',
    'db_invite=',
    'db_invite=a.b.c',
    `${cookie}x`,
    cookie.replace(/.$/, (end) => (end === 'A' ? 'B' : 'A')),
  ]) {
    expect(await s.enter(wrong)).toMatchObject({ refusal: { code: 'no_invitation' } });
  }
  expect((await memberOf(invitation)).status).toBe('invited');
});

test('over https a cookie counts that only this host can have set', async () => {
  const { cookie } = await s.accept((await invited()).token);
  const read = (header: string) => readBinding({ headers: { cookie: header } }, 'https://drawbridge.test');
  expect(read(cookie)).toBeUndefined();
  expect(read(`__Host-${cookie}`)).toMatchObject({ hash: expect.any(Buffer) });
});
