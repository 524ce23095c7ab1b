// A user's life as a directory tells it (design, sections 3 and 5): out and back, deleted and provisioned again, renamed,
// turned away readably. Orders of several sources are in test/directory/events-order.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer, Json } from '../support/server.ts';
import { ENTERPRISE, ERROR, GROUP, type ScimSetup, setupScim, type TestDirectory, USER } from './scim-setup.ts';

let s: ScimSetup;
let d: TestDirectory;
beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
});
afterAll(() => s[Symbol.asyncDispose]());

const at = (name: string, on = d) => `${name}@${on.org.key}.test`;
const rest = (method: string, path: string, body?: object, on = d): Promise<Answer> =>
  s.t.call(method, `/v1/organizations/${on.org.id}${path}`, { key: on.org.ownerKey, body });
const memberOf = async (id: string, on = d): Promise<Json> => (await rest('GET', `/members/${id}`, undefined, on)).body;
const say = (id: string, value: object, on = d) => on.patch(`/Users/${id}`, { op: 'replace', value });
const auditOf = async (id: string, on = d): Promise<string[]> =>
  (await rest('GET', `/audit-events?subjectId=${id}`, undefined, on)).body.items.map((item: Json) => item.action);

describe('out and back', () => {
  test('active=false suspends and ends sessions at once; groups and teams are there when it is true again', async () => {
    const team = await s.t.make.team(d.org, 'Kept');
    await rest('POST', '/mapping-rules', {
      source: 'scim.group',
      match: 'display_name',
      value: 'Kept',
      target: { team: team.id },
    });
    const user = await d.user(at('kept'), { externalId: 'kept' });
    const group = await d.group('Kept', [user.id]);
    const before = await memberOf(user.id);
    expect(before).toMatchObject({ status: 'active', teams: [{ id: team.id }] });
    await s.sql('delete from projection_due');

    expect((await say(user.id, { active: false })).body.active).toBe(false);
    expect(await memberOf(user.id)).toMatchObject({
      status: 'suspended',
      blocks: [{ source: 'directory', ref: d.id, reason: expect.stringContaining('active=false') }],
      teams: [{ id: team.id }],
    });
    expect(await s.sql('select priority from projection_due where subject_id = $1', [before.personId])).toEqual([
      { priority: 0 },
    ]);
    // still to be found, still in the group
    const filter = encodeURIComponent(`userName eq "${at('KEPT')}" and active eq false`);
    expect((await d.call('GET', `/Users?filter=${filter}`)).body).toMatchObject({
      totalResults: 1,
      Resources: [{ id: user.id, groups: [{ value: group.id }] }],
    });

    expect((await say(user.id, { active: true })).body).toMatchObject({ active: true, groups: [{ value: group.id }] });
    const { updatedAt: _, ...after } = await memberOf(user.id);
    expect(before).toMatchObject(after);
  });

  test('a second POST of somebody inactive, by externalId or userName, is the same one, active: 200', async () => {
    const user = await d.user(at('again'), { externalId: 'again' });
    const post = (more: object) => d.call('POST', '/Users', { schemas: [USER], userName: at('again'), ...more });
    expect(await post({ externalId: 'again' })).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } });
    await say(user.id, { active: false });
    const renamed = await post({ externalId: 'again', userName: at('again-renamed') });
    expect(renamed).toMatchObject({ status: 200, body: { id: user.id, active: true, userName: at('again-renamed') } });
    expect(renamed.headers.get('location')).toBe(`${s.scimUrl}/Users/${user.id}`);
    await say(user.id, { active: false });
    expect(await post({ userName: at('AGAIN-renamed') })).toMatchObject({ status: 200, body: { id: user.id } });
    expect((await memberOf(user.id)).status).toBe('active');
  });

  test('somebody else under the userName of an inactive one is told who is in the way', async () => {
    const user = await d.user(at('left'), { externalId: 'left-1' });
    await say(user.id, { active: false });
    const body = { schemas: [USER], userName: at('left'), externalId: 'left-2' };
    expect(await d.call('POST', '/Users', body)).toMatchObject({
      status: 409,
      body: { schemas: [ERROR], scimType: 'uniqueness', detail: expect.stringContaining(user.id) },
    });
  });

  test('DELETE is for good: 404 for it, gone from groups, and the member is out', async () => {
    const user = await d.user(at('deleted'));
    const group = await d.group('of the deleted', [user.id]);
    expect((await d.call('DELETE', `/Users/${user.id}`)).status).toBe(204);
    for (const [method, body] of [['GET'], ['DELETE'], ['PUT', { schemas: [USER], userName: 'x' }]] as const) {
      expect(await d.call(method, `/Users/${user.id}`, body)).toMatchObject({ status: 404, body: { status: '404' } });
    }
    expect((await d.call('GET', `/Groups/${group.id}`)).body.members ?? []).toEqual([]);
    expect(await memberOf(user.id)).toMatchObject({ status: 'removed', carriers: [], grants: [], teams: [] });
  });

  test('a role that was given by hand does not come back with somebody who was out for good', async () => {
    const user = await d.user(at('was-admin'), { externalId: 'was-admin' });
    await rest('PATCH', `/members/${user.id}`, { role: 'admin' });
    await d.call('DELETE', `/Users/${user.id}`);
    expect((await d.user(at('was-admin'), { externalId: 'was-admin' })).id).toBe(user.id);
    expect(await memberOf(user.id)).toMatchObject({ status: 'active', role: 'member', grants: [] });
  });

  test('an admin’s removal holds until the directory calls the person active anew; groups are facts and come along', async () => {
    const team = await s.t.make.team(d.org, 'Facts');
    const target = { team: team.id };
    await rest('POST', '/mapping-rules', { source: 'scim.group', match: 'display_name', value: 'Facts', target });
    const user = await d.user(at('removed'));
    const group = await d.group('Facts', [user.id]);
    expect((await rest('DELETE', `/members/${user.id}`)).status).toBe(204);
    await d.patch(`/Users/${user.id}`, { op: 'replace', path: 'title', value: 'x' });
    await say(user.id, { active: true });
    expect(await memberOf(user.id)).toMatchObject({ status: 'removed', teams: [] });
    expect((await d.call('GET', `/Groups/${group.id}`)).body.members).toMatchObject([{ value: user.id }]);
    await say(user.id, { active: false });
    await say(user.id, { active: true });
    expect(await memberOf(user.id)).toMatchObject({ status: 'active', teams: [{ id: team.id }] });
  });
});

describe('blocks', () => {
  test('one that is left by a DELETE keeps the person out until that directory, or an override, lifts it', async () => {
    const org = d.org;
    const member = await s.t.make.member(org, { name: 'tombstone' });
    await d.user(at('tombstone'), { externalId: 'tombstone' });
    await say(member.id, { active: false });
    await d.call('DELETE', `/Users/${member.id}`);
    expect(await memberOf(member.id)).toMatchObject({ status: 'suspended', carriers: [{ source: 'manual' }] });
    expect(await rest('POST', `/members/${member.id}/reactivate`)).toMatchObject({ status: 409 });

    const body = { directoryId: d.id, reason: 'Called: still with us' };
    const { key } = await s.t.make.key(org, ['member.manage', 'member.view']);
    const override = (bearer: string) =>
      s.t.call('POST', `/v1/organizations/${org.id}/members/${member.id}/override-block`, { key: bearer, body });
    expect(await override(key)).toMatchObject({ status: 403, body: { code: 'role_ceiling' } });
    expect(await override(org.ownerKey)).toMatchObject({ status: 200, body: { status: 'active', blocks: [] } });
    expect(await override(org.ownerKey)).toMatchObject({ status: 409, body: { code: 'conflict' } });
    expect(await auditOf(member.id)).toContain('member.block_overridden');
  });

  test('an override holds while the directory repeats itself, and ends when it says active=false anew', async () => {
    const user = await d.user(at('overridden'));
    await say(user.id, { active: false });
    await rest('POST', `/members/${user.id}/override-block`, { directoryId: d.id, reason: 'x' });
    await say(user.id, { active: false, title: 'changed' });
    expect((await d.call('GET', `/Users/${user.id}`)).body).toMatchObject({ active: false, title: 'changed' });
    expect((await memberOf(user.id)).status).toBe('active');
    await say(user.id, { active: true });
    await say(user.id, { active: false });
    expect((await memberOf(user.id)).status).toBe('suspended');
  });
});

describe('names and addresses', () => {
  test('userName is one user’s in any case and Unicode form, by POST, PUT and PATCH', async () => {
    await d.user('Zoë.Ünal');
    const other = await d.user('other');
    const taken = { status: 409, body: { schemas: [ERROR], status: '409', scimType: 'uniqueness' } };
    const decomposed = 'zoë.ünal'.normalize('NFD').toUpperCase();
    expect(await d.call('POST', '/Users', { schemas: [USER], userName: decomposed })).toMatchObject(taken);
    expect(await d.call('PUT', `/Users/${other.id}`, { schemas: [USER], userName: decomposed })).toMatchObject(taken);
    expect(await say(other.id, { userName: decomposed })).toMatchObject(taken);
    expect(await say(other.id, { userName: 'OTHER' })).toMatchObject({ status: 200, body: { userName: 'OTHER' } });
    const elsewhere = await s.directory({ org: d.org });
    expect((await elsewhere.user('zoë.ünal')).id).not.toBe(other.id);
  });

  test('a new userName and e-mail, in place: same member, same person, new address', async () => {
    const email = (name: string) => ({ emails: [{ value: at(name), type: 'work', primary: true }] });
    const user = await d.user(at('maiden'), { externalId: 'renamed', ...email('maiden') });
    const before = await memberOf(user.id);
    expect((await say(user.id, { userName: at('married'), ...email('married') })).status).toBe(200);
    expect(await memberOf(user.id)).toMatchObject({
      personId: before.personId,
      status: 'active',
      address: at('married'),
    });
    expect(await s.sql('select address from person_address where person_id = $1', [before.personId])).toEqual([
      { address: at('married') },
    ]);
    // the old address is free for somebody else
    const next = await d.user(at('maiden'), { externalId: 'next' });
    expect((await memberOf(next.id)).personId).not.toBe(before.personId);
  });

  test('an address that is somebody else’s is waited for: the account keeps the old one', async () => {
    await d.user(at('holder'));
    const user = await d.user(at('wisher'));
    expect((await say(user.id, { emails: [{ value: at('holder'), primary: true }] })).status).toBe(200);
    expect(await memberOf(user.id)).toMatchObject({ status: 'active', address: at('wisher') });
    expect(await auditOf(user.id)).toContain('member.address_change_waits');
  });

  test.each([false, true])(
    'a recycled address is a new member and a new person (old one had a credential: %s)',
    async (had) => {
      const name = had ? 'recycled-with' : 'recycled';
      const first = await d.user(at(name), { externalId: `${name}-1` });
      const old = await memberOf(first.id);
      await s.sql('update person set has_credential = $2 where id = $1', [old.personId, had]);
      await d.call('DELETE', `/Users/${first.id}`);
      await s.sql('delete from projection_due');
      const second = await d.user(at(name), { externalId: `${name}-2` });
      expect(second.id).not.toBe(first.id);
      const fresh = await memberOf(second.id);
      expect(fresh).toMatchObject({ status: 'active', address: at(name) });
      expect(fresh.personId).not.toBe(old.personId);
      // the old account is made equal to having no address, at once
      expect(await s.sql('select priority from projection_due where subject_id = $1', [old.personId])).toEqual([
        { priority: 0 },
      ]);
      expect(await s.sql('select from person_address where person_id = $1', [old.personId])).toEqual([]);

      // and whoever had it first returns as who they were, without it
      const back = await d.user(`${name}-back`, {
        externalId: `${name}-1`,
        emails: [{ value: at(name), primary: true }],
      });
      expect(back.id).toBe(first.id);
      expect(await memberOf(first.id)).toMatchObject({ status: 'pending', personId: old.personId, address: null });
      await say(first.id, { emails: [{ value: at(`${name}-new`), primary: true }] });
      expect(await memberOf(first.id)).toMatchObject({
        status: 'active',
        personId: old.personId,
        address: at(`${name}-new`),
      });
      expect((await memberOf(second.id)).address).toBe(at(name));
    },
  );

  test('of two directories the first one added names the member; what it leaves open, the other says', async () => {
    const first = await s.directory();
    const second = await s.directory({ org: first.org });
    const name = at('twice', first);
    const user = await second.user(name, { displayName: 'Second', name: { givenName: 'S', familyName: 'Second' } });
    const read = () => memberOf(user.id, first);
    expect(await read()).toMatchObject({ displayName: 'Second', givenName: 'S' });
    await first.user(name, { displayName: 'First' });
    expect(await read()).toMatchObject({ displayName: 'First', givenName: 'S', familyName: 'Second' });
    await say(user.id, { displayName: 'Second again', name: { givenName: 'T' } }, second);
    expect(await read()).toMatchObject({ displayName: 'First', givenName: 'T' });
    await first.call('DELETE', `/Users/${user.id}`);
    expect(await read()).toMatchObject({ displayName: 'Second again', status: 'active' });
  });
});

describe('references', () => {
  test('a manager may be named before they exist', async () => {
    const manager = { value: '0199a5f2-7c1e-7d3a-8f62-3f0e4f6f2b11' };
    const user = await d.user('reports', { schemas: [USER, ENTERPRISE], [ENTERPRISE]: { manager } });
    expect((await d.call('GET', `/Users/${user.id}`)).body[ENTERPRISE].manager).toMatchObject(manager);
    const boss = await d.user('boss');
    const path = `${ENTERPRISE}:manager`;
    expect((await d.patch(`/Users/${user.id}`, { op: 'replace', path, value: boss.id })).status).toBe(200);
    const filter = encodeURIComponent(`${ENTERPRISE}:manager.value eq "${boss.id}"`);
    expect((await d.call('GET', `/Users?filter=${filter}`)).body.totalResults).toBe(1);
  });

  test('a group inside a group is refused with what to do instead, by type and by id', async () => {
    const inner = await d.group('inner');
    const outer = await d.group('outer');
    const refused = {
      status: 400,
      body: { scimType: 'invalidValue', detail: expect.stringContaining('inside groups') },
    };
    for (const member of [{ value: inner.id, type: 'Group' }, { value: inner.id }]) {
      const body = { schemas: [GROUP], displayName: 'nested', members: [member] };
      expect(await d.call('POST', '/Groups', body)).toMatchObject(refused);
      expect(await d.call('PUT', `/Groups/${outer.id}`, { ...body, displayName: 'outer' })).toMatchObject(refused);
      const add = { op: 'add', path: 'members', value: [member] };
      expect(await d.patch(`/Groups/${outer.id}`, add)).toMatchObject(refused);
    }
    expect((await d.call('GET', '/Groups?filter=displayName%20eq%20%22nested%22')).body.totalResults).toBe(0);
    // another directory's group is nothing that this one could name
    const foreign = await (await s.directory({ org: d.org })).group('foreign');
    const add = { op: 'add', path: 'members', value: [{ value: foreign.id }] };
    const answer = await d.patch(`/Groups/${outer.id}`, add);
    expect(answer).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('no user of this directory') },
    });
  });
});

test('full seats are a 409 that says what to do, nothing is made, and the organization gets one alert', async () => {
  const full = await s.directory();
  const limit = (seatLimit: number | null) =>
    s.t.call('PATCH', `/v1/organizations/${full.org.id}`, { key: s.t.operatorKey, body: { seatLimit } });
  await limit(1);
  const seated = await full.user(at('seated', full));
  for (const name of ['late', 'later']) {
    const answer = await full.call('POST', '/Users', { schemas: [USER], userName: at(name, full) });
    expect(answer).toMatchObject({
      status: 409,
      body: {
        schemas: [ERROR],
        status: '409',
        detail: "All 1 seats of the plan are taken. Free a seat or raise the plan's limit.",
      },
    });
  }
  expect((await full.call('GET', '/Users')).body.totalResults).toBe(1);
  expect((await auditOf(full.id, full)).filter((action) => action === 'alert.seat_limit')).toHaveLength(1);
  // a seat is free with whoever is suspended; their way back is refused until there is one again
  await say(seated.id, { active: false }, full);
  await full.user(at('late', full));
  expect(await say(seated.id, { active: true }, full)).toMatchObject({ status: 409 });
  expect((await full.call('GET', `/Users/${seated.id}`)).body.active).toBe(false);
  await limit(null);
  expect((await say(seated.id, { active: true }, full)).status).toBe(200);
});

test('two directories that state the same new person at once make one member between them', async () => {
  const first = await s.directory();
  const second = await s.directory({ org: first.org });
  for (let round = 0; round < 15; round += 1) {
    const body = { schemas: [USER], userName: at(`race${round}`, first) };
    const answers = await Promise.all([first, second].map((directory) => directory.call('POST', '/Users', body)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(answers[0]?.body.id).toBe(answers[1]?.body.id);
    expect((await memberOf(answers[0]?.body.id, first)).carriers).toHaveLength(2);
  }
});

test('two POSTs of one directory for one person at once: one is made, the other is told that it exists', async () => {
  for (let round = 0; round < 15; round += 1) {
    const body = { schemas: [USER], userName: at(`twin${round}`), externalId: `twin${round}` };
    const answers = await Promise.all([1, 2].map(() => d.call('POST', '/Users', body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ scimType: 'uniqueness' });
  }
});
