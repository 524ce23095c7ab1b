// The sign-in policy over REST: what enforcing asks for first, what it answers, and who break-glass owners can be.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDirectoryUser } from '../../src/directory/change-directory-user.ts';
import { newId } from '../../src/ids.ts';
import { OIDC } from '../support/example-requests.ts';
import { type Json, type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let org: MadeOrganization;
let base: string;
let owner: Json;

beforeAll(async () => {
  t = await setup();
});
afterAll(() => t[Symbol.asyncDispose]());
beforeEach(async () => {
  org = await t.make.organization();
  base = `/v1/organizations/${org.id}`;
  owner = await t.make.member(org, { role: 'owner', name: 'owner' });
});

const read = async () => (await t.call('GET', `${base}/sign-in-policy`, { key: org.ownerKey })).body;
const change = (body: Json, key = org.ownerKey) => t.call('PATCH', `${base}/sign-in-policy`, { key, body });
const name = (memberId: string, key = org.ownerKey) =>
  t.call('POST', `${base}/sign-in-policy/break-glass`, { key, body: { memberId } });
const sql = (text: string, values: unknown[] = []) => t.db.query<Json>(org.id, { text, values: [org.id, ...values] });
const missingOf = (answer: { body: Json }) => answer.body.missing.map(({ code }: Json) => code);

async function activeConnection(of = org): Promise<string> {
  const path = `/v1/organizations/${of.id}/connections`;
  const made = await t.call('POST', path, { key: of.ownerKey, body: { ...OIDC, displayName: 'Company' } });
  const activate = { key: of.ownerKey, body: { untested: true } };
  expect((await t.call('POST', `${path}/${made.body.id}/activate`, activate)).status).toBe(200);
  return made.body.id;
}

/** A test sign-in that has succeeded, as the owner's key would have asked for it. */
async function passedTest(connectionId: string, hoursAgo = 1): Promise<void> {
  const [key] = await sql('select id from api_key where org_id = $1');
  await sql(
    `insert into connection_test (org_id, connection_id, principal, outcome, trust_version, trace_id, at, expires_at)
      select $1, id, $3, 'passed', trust_version, $4, $5, $5 from connection where org_id = $1 and id = $2`,
    [connectionId, `api_key ${key.id}`, newId(), new Date(t.clock.now().getTime() - hoursAgo * 3_600_000)],
  );
}

/** What the poll of Keycloak's events writes when the owner has signed in. */
async function proved(memberId = owner.id): Promise<void> {
  expect((await name(memberId)).status).toBe(201);
  await sql('update break_glass set ready_at = now(), proved_at = now() where org_id = $1 and member_id = $2', [
    memberId,
  ]);
}

describe('enforcing', () => {
  test('is off at first', async () => {
    expect(await read()).toEqual({
      enforcement: 'off',
      enforcedAt: null,
      guests: 'exempt',
      maxSessionSeconds: null,
      secondFactor: 'off',
      breakGlass: [],
    });
  });

  test('names everything that is missing, until nothing is', async () => {
    const refused = await change({ enforcement: 'enforced' });
    expect([refused.status, missingOf(refused)]).toEqual([
      409,
      ['no_active_connection', 'no_recent_test', 'no_break_glass'],
    ]);
    const connection = await activeConnection();
    expect(missingOf(await change({ enforcement: 'enforced' }))).toEqual(['no_recent_test', 'no_break_glass']);
    await passedTest(connection);
    expect(missingOf(await change({ enforcement: 'enforced' }))).toEqual(['no_break_glass']);
    expect((await name(owner.id)).body).toMatchObject({ memberId: owner.id, usable: true, provedAt: null });
    expect(missingOf(await change({ enforcement: 'enforced' }))).toEqual(['no_break_glass']);
    await proved();
    expect((await read()).enforcement).toBe('off');
    const done = await change({ enforcement: 'enforced' });
    expect(done.body).toMatchObject({
      policy: { enforcement: 'enforced', enforcedAt: expect.any(String) },
      notice: expect.stringContaining('Forgot password?'),
    });
  });

  test('names a verified domain whose people would have no way in', async () => {
    const connection = await activeConnection();
    await passedTest(connection);
    await proved();
    const domain = { domain: `second.${org.key}.test`, verified: true };
    await t.call('POST', `${base}/domains`, { key: t.operatorKey, body: domain });
    const refused = await change({ enforcement: 'enforced' });
    expect(missingOf(refused)).toEqual(['domain_uncovered']);
    expect(refused.body.detail).toContain(domain.domain);
    const domains = { key: org.ownerKey, body: { domains: [`${org.key}.test`, domain.domain] } };
    await t.call('PATCH', `${base}/connections/${connection}`, domains);
    expect(missingOf(await change({ enforcement: 'enforced' }))).not.toContain('domain_uncovered');
  });

  test('counts only a test of the last 24 hours, by the one who enforces, of the present settings', async () => {
    const connection = await activeConnection();
    await proved();
    await passedTest(connection, 25);
    expect(missingOf(await change({ enforcement: 'enforced' }))).toEqual(['no_recent_test']);
    await passedTest(connection);
    expect(missingOf(await change({ enforcement: 'enforced' }, t.operatorKey))).toEqual(['no_recent_test']);
    const patched = { key: org.ownerKey, body: { clientId: 'another' } };
    expect((await t.call('PATCH', `${base}/connections/${connection}`, patched)).status).toBe(200);
    expect(missingOf(await change({ enforcement: 'enforced' }))).toEqual(['no_recent_test']);
  });

  test('an owner who may not come in any more is none', async () => {
    const connection = await activeConnection();
    await passedTest(connection);
    const second = await t.make.member(org, { role: 'owner' });
    await proved(second.id);
    const suspend = { key: org.ownerKey, body: { reason: 'away' } };
    await t.call('POST', `${base}/members/${second.id}/suspend`, suspend);
    expect(missingOf(await change({ enforcement: 'enforced' }))).toEqual(['no_break_glass']);
    expect((await read()).breakGlass).toMatchObject([{ memberId: second.id, usable: false }]);
  });

  test('an operator may do it without test and owner, recorded, but never without a connection', async () => {
    const override = { reason: 'migration night' };
    expect((await change({ enforcement: 'enforced', override })).status).toBe(403);
    expect(missingOf(await change({ enforcement: 'enforced', override }, t.operatorKey))).toEqual([
      'no_active_connection',
    ]);
    await activeConnection();
    expect((await change({ enforcement: 'enforced', override }, t.operatorKey)).status).toBe(200);
    const [event] = await sql(
      `select e.data, p.personal from audit_event e join audit_personal p on p.org_id = e.org_id and p.event_id = e.id
        where e.org_id = $1 and e.action = 'sign_in_policy.enforced'`,
    );
    expect(event).toMatchObject({
      data: { overridden: ['no_recent_test', 'no_break_glass'] },
      personal: { reason: 'migration night' },
    });
  });

  test('marks everybody whom it touches, behind those who lose their access, and counts who was never linked', async () => {
    const connection = await activeConnection();
    await passedTest(connection);
    await proved();
    const people = [owner, await t.make.member(org), await t.make.member(org)];
    await t.db.realm({ text: 'delete from projection_due' });
    const { body } = await change({ enforcement: 'enforced' });
    expect(body).toMatchObject({ peopleDue: 3, neverLinked: 2 });
    const marks = await t.db.realm({ text: 'select subject_id, priority from projection_due' });
    expect(marks.map(({ priority }) => priority)).toEqual([1, 1, 1]);
    expect(marks.map(({ subject_id }) => subject_id).sort()).toEqual(people.map(({ personId }) => personId).sort());
    await t.db.realm({ text: 'delete from projection_due' });
    expect((await change({ maxSessionSeconds: 3600 })).body).toMatchObject({ peopleDue: 0, notice: null });
    expect((await change({ enforcement: 'off' })).body).toMatchObject({
      peopleDue: 3,
      policy: { enforcement: 'off', enforcedAt: null, maxSessionSeconds: 3600 },
      notice: expect.stringContaining('allowed again'),
    });
  });

  test('needs full control', async () => {
    const { key } = await t.make.key(org, ['connection.manage', 'organization.view']);
    expect((await change({ guests: 'held' }, key)).body.code).toBe('role_ceiling');
    expect((await name(owner.id, key)).body.code).toBe('role_ceiling');
  });
});

describe('a break-glass owner', () => {
  const links = () => sql('select member_id from identity where org_id = $1');
  const linkTo = (connection: string, memberId: string) =>
    sql(
      `insert into identity (org_id, connection_id, issuer, subject, member_id, linked_by, linked_at)
        values ($1, $2, 'https://idp.test', $3::text, $3::uuid, 'test', now())`,
      [connection, memberId],
    );

  test('loses the link, is signed out everywhere, and no connection can link them again', async () => {
    const connection = await activeConnection();
    await linkTo(connection, owner.id);
    await t.db.realm({ text: 'delete from projection_due' });
    expect((await name(owner.id)).status).toBe(201);
    expect(await links()).toEqual([]);
    const marks = await t.db.realm({ text: 'select subject_id, priority from projection_due' });
    expect(marks).toEqual([{ subject_id: owner.personId, priority: 0 }]);
    await expect(linkTo(connection, owner.id)).rejects.toThrow('break-glass owner');
    const approval = { key: org.ownerKey, body: { memberId: owner.id } };
    expect((await t.call('POST', `${base}/connections/${connection}/approvals`, approval)).status).toBe(409);
  });

  test('is named once, however often it is asked', async () => {
    await proved();
    expect((await name(owner.id)).body).toMatchObject({ provedAt: expect.any(String) });
    const named = await sql(`select 1 from audit_event where org_id = $1 and action = 'break_glass.named'`);
    expect(named).toHaveLength(1);
  });

  test('is nobody without full control, nobody who waits, and nobody of another domain', async () => {
    const plain = await t.make.member(org);
    expect((await name(plain.id)).status).toBe(409);
    expect((await name(newId())).status).toBe(400);
    const home = await t.make.organization();
    const stranger = await t.make.member(home, { name: 'stranger' });
    await sql(
      `insert into member (org_id, person_id, status, role_key, address) values ($1, $2, 'active', 'owner', $3)`,
      [stranger.personId, stranger.address],
    );
    const [guest] = await sql('select id from member where org_id = $1 and person_id = $2', [stranger.personId]);
    const refused = await name(guest.id);
    expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining('Another organization')]);
  });

  test('is nobody whom the company of another organization signs in', async () => {
    const other = await t.make.organization();
    await t.db.query(other.id, {
      text: `insert into member (org_id, person_id, status, role_key) values ($1, $2, 'active', 'member')`,
      values: [other.id, owner.personId],
    });
    expect((await name(owner.id)).status).toBe(201);
    await activeConnection(other);
    expect((await read()).breakGlass).toMatchObject([{ usable: false }]);
    await t.call('DELETE', `${base}/sign-in-policy/break-glass/${owner.id}`, { key: org.ownerKey });
    expect((await name(owner.id)).status).toBe(409);
  });

  test('is no directory: one that states them keeps them out, and one that comes later must not adopt them', async () => {
    const directoryId = await t.make.directory(org);
    const push = (local: string) =>
      createDirectoryUser(
        t,
        { orgId: org.id, directoryId },
        {
          ...{ userName: local, externalId: local, active: true, address: `${local}@${org.key}.test` },
          ...{ displayName: local, givenName: local, familyName: local, email: `${local}@${org.key}.test` },
          resource: JSON.stringify({ userName: local }),
        },
      );
    const stated = await t.make.member(org, { name: 'stated' });
    await push('stated');
    const roles = `${base}/members/${stated.id}`;
    expect((await t.call('PATCH', roles, { key: org.ownerKey, body: { role: 'owner' } })).status).toBe(200);
    const refused = await name(stated.id);
    expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining('directory')]);
    await proved();
    await push('owner');
    const waiting = await t.call('GET', `${base}/adoptions`, { key: org.ownerKey });
    expect(waiting.body.items).toMatchObject([{ memberId: owner.id, reason: 'break_glass' }]);
    const approve = `${base}/directories/${directoryId}/adoptions/${owner.id}/approve`;
    const answer = await t.call('POST', approve, { key: org.ownerKey });
    expect([answer.status, answer.body.detail]).toEqual([409, expect.stringContaining('break-glass')]);
    expect((await read()).breakGlass).toMatchObject([{ memberId: owner.id, usable: true }]);
  });

  test('may go, but not as the last one while enforcement is on', async () => {
    const connection = await activeConnection();
    await passedTest(connection);
    await proved();
    await change({ enforcement: 'enforced' });
    const end = (id: string) => t.call('DELETE', `${base}/sign-in-policy/break-glass/${id}`, { key: org.ownerKey });
    expect((await end(owner.id)).status).toBe(409);
    const second = await t.make.member(org, { role: 'owner' });
    await proved(second.id);
    expect((await end(owner.id)).status).toBe(204);
    expect((await end(owner.id)).status).toBe(404);
    expect((await read()).breakGlass).toMatchObject([{ memberId: second.id }]);
  });

  test('who is removed is none any more', async () => {
    await proved();
    await t.make.member(org, { role: 'owner' });
    expect((await t.call('DELETE', `${base}/members/${owner.id}`, { key: org.ownerKey })).status).toBe(204);
    expect((await read()).breakGlass).toEqual([]);
  });
});
