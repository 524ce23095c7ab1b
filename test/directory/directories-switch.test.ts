// A directory is switched off, on again and deleted: what becomes of its members, their teams and its tokens.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScimSetup, setupScim, type TestDirectory } from '../scim/scim-setup.ts';
import { eventually } from '../support/eventually.ts';
import type { Json, MadeOrganization } from '../support/server.ts';

let s: ScimSetup;
beforeAll(async () => {
  s = await setupScim();
});
afterAll(() => s[Symbol.asyncDispose]());

const call = (org: MadeOrganization, method: string, at: string, body?: unknown) =>
  s.t.call(method, `/v1/organizations/${org.id}${at}`, { key: org.ownerKey, body });
const directoryCall = (d: TestDirectory, method: string, at = '', body?: unknown) =>
  call(d.org, method, `/directories/${d.id}${at}`, body);
const memberOf = async (org: MadeOrganization, id: string): Promise<Json> =>
  (await call(org, 'GET', `/members/${id}`)).body;
const teamsOf = async (org: MadeOrganization, id: string): Promise<string[]> =>
  (await s.sql('select team_id from team_member where org_id = $1 and member_id = $2', [org.id, id])).map(
    (row) => row.team_id,
  );

/** A directory whose group Crew gives a team by a rule, with somebody in it. */
async function furnished(org?: MadeOrganization) {
  const d = await s.directory(org ? { org } : {});
  const team = await s.t.make.team(d.org, `Crew ${d.id.slice(-6)}`);
  const target = { team: team.id };
  const value = `Crew ${d.id.slice(-6)}`;
  await call(d.org, 'POST', '/mapping-rules', { source: 'scim.group', match: 'display_name', value, target });
  const name = `ada-${d.id.slice(-6)}@${d.org.key}.test`;
  const ada = await d.user(name, { externalId: 'ada', emails: [{ value: name, primary: true }] });
  await d.group(value, [ada.id]);
  expect(await teamsOf(d.org, ada.id)).toEqual([team.id]);
  return { d, team: team.id as string, ada: ada.id as string };
}

describe('switched off', () => {
  test('with release: its requests are refused, its members suspended, its teams rest; on again, all is back', async () => {
    const { d, team, ada } = await furnished();
    const off = await directoryCall(d, 'POST', '/deactivate', { grants: 'release' });
    expect(off).toMatchObject({ status: 200, body: { suspended: 1 } });
    expect((await memberOf(d.org, ada)).status).toBe('suspended');
    expect(await teamsOf(d.org, ada)).toEqual([]);
    const refused = await eventually(async () => {
      const answer = await d.call('GET', '/Users');
      return answer.status === 403 ? answer : undefined;
    });
    expect(refused.body).toMatchObject({ status: '403', detail: expect.stringContaining('switched off') });
    expect((await directoryCall(d, 'GET')).body).toMatchObject({ status: 'inactive', grants: 'release' });
    expect((await directoryCall(d, 'POST', '/deactivate', { grants: 'keep' })).status).toBe(409);

    expect(await directoryCall(d, 'POST', '/activate')).toMatchObject({ status: 200, body: { resumed: 1 } });
    expect((await memberOf(d.org, ada)).status).toBe('active');
    expect(await teamsOf(d.org, ada)).toEqual([team]);
    await eventually(async () => (await d.call('GET', `/Users/${ada}`)).status === 200);
    expect((await directoryCall(d, 'POST', '/activate')).status).toBe(409);
  });

  test('while requests are under way: who comes in later than that is refused, not left behind', async () => {
    const d = await s.directory();
    await d.user('earlier');
    const admin = new pg.Client({ connectionString: s.t.database.adminUrl });
    await admin.connect();
    await admin.query('begin');
    const off = `select * from deactivate_directory($1, $2, true, '{"kind":"system","id":"test"}')`;
    expect((await admin.query(off, [d.org.id, d.id])).rows).toMatchObject([{ suspended: 1 }]);
    const requests = [
      d.call('POST', '/Users', { userName: `new@${d.org.key}.test` }),
      d.call('POST', '/Users', { userName: 'without-address' }),
    ];
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await eventually(async () => (await s.sql(waiting)).length > 0);
    await admin.query('commit');
    await admin.end();
    for (const answer of await Promise.all(requests)) {
      expect(answer).toMatchObject({ status: 403, body: { detail: expect.stringContaining('switched off') } });
    }
    const { body } = await call(d.org, 'GET', '/members');
    expect(body.items.map((member: Json) => member.status)).toEqual(['suspended']);
  });

  test('with keep: nobody loses anything, and only the requests are refused', async () => {
    const { d, team, ada } = await furnished();
    expect(await directoryCall(d, 'POST', '/deactivate', { grants: 'keep' })).toMatchObject({ body: { suspended: 0 } });
    expect((await memberOf(d.org, ada)).status).toBe('active');
    expect(await teamsOf(d.org, ada)).toEqual([team]);
    await eventually(async () => (await d.call('GET', '/Users')).status === 403);
  });

  test('with release: whom another directory carries stays, until that one is switched off too', async () => {
    const { d, ada } = await furnished();
    const second = await s.directory({ org: d.org });
    const { address } = await memberOf(d.org, ada);
    const twin = await second.user('twin', { externalId: 'twin', emails: [{ value: address, primary: true }] });
    expect(twin.id).toBe(ada);
    expect((await directoryCall(d, 'POST', '/deactivate', { grants: 'release' })).body.suspended).toBe(0);
    expect((await memberOf(d.org, ada)).status).toBe('active');
    expect((await directoryCall(second, 'POST', '/deactivate', { grants: 'release' })).body.suspended).toBe(1);
    expect((await memberOf(d.org, ada)).status).toBe('suspended');
    await directoryCall(d, 'POST', '/activate');
    expect((await memberOf(d.org, ada)).status).toBe('active');
  });

  test('whom the directory had blocked stays blocked when it is switched on again', async () => {
    const { d, ada } = await furnished();
    await d.patch(`/Users/${ada}`, { op: 'replace', path: 'active', value: false });
    await directoryCall(d, 'POST', '/deactivate', { grants: 'release' });
    await directoryCall(d, 'POST', '/activate');
    expect((await memberOf(d.org, ada)).status).toBe('suspended');
  });

  test('with release is refused where the last owner would go, and nothing has changed', async () => {
    const { d, ada } = await furnished();
    const role = await call(d.org, 'PATCH', `/members/${ada}`, { role: 'owner' });
    expect(role.status).toBe(200);
    const refused = await directoryCall(d, 'POST', '/deactivate', { grants: 'release' });
    expect(refused.status).toBe(409);
    expect((await memberOf(d.org, ada)).status).toBe('active');
    expect((await directoryCall(d, 'GET')).body.status).toBe('active');
    expect((await d.call('GET', '/Users')).status).toBe(200);
  });
});

describe('deleted', () => {
  test('only once it is off; released, whoever nothing else carries is removed', async () => {
    const { d, ada } = await furnished();
    expect((await directoryCall(d, 'DELETE')).status).toBe(409);
    await directoryCall(d, 'POST', '/deactivate', { grants: 'release' });
    expect(await directoryCall(d, 'DELETE')).toMatchObject({ status: 200, body: { members: 1, removed: 1 } });
    expect((await memberOf(d.org, ada)).status).toBe('removed');
    expect((await directoryCall(d, 'GET')).status).toBe(404);
    await eventually(async () => (await d.call('GET', '/Users')).status === 401);
    const left = await s.sql(
      `select (select count(*) from directory_user where directory_id = $1)
        + (select count(*) from directory_group where directory_id = $1)
        + (select count(*) from directory_count where directory_id = $1) as rows`,
      [d.id],
    );
    expect(left).toEqual([{ rows: '0' }]);
  });

  test('kept, its members and their teams are theirs by hand', async () => {
    const { d, team, ada } = await furnished();
    await directoryCall(d, 'POST', '/deactivate', { grants: 'keep' });
    expect(await directoryCall(d, 'DELETE')).toMatchObject({ status: 200, body: { members: 1, removed: 0 } });
    expect((await memberOf(d.org, ada)).status).toBe('active');
    expect(await teamsOf(d.org, ada)).toEqual([team]);
    const reasons = await s.sql('select source, ref from access_grant where org_id = $1 and target = $2', [
      d.org.id,
      team,
    ]);
    expect(reasons).toEqual([{ source: 'manual', ref: `directory:${d.id}` }]);
  });

  test('not while a connection is paired with it', async () => {
    const { d } = await furnished();
    const connection = {
      protocol: 'oidc',
      displayName: 'Paired',
      clientId: 'drawbridge',
      clientSecret: 'a-secret-of-the-idp',
      directoryId: d.id,
    };
    expect((await call(d.org, 'POST', '/connections', connection)).status).toBe(201);
    await directoryCall(d, 'POST', '/deactivate', { grants: 'keep' });
    const refused = await directoryCall(d, 'DELETE');
    expect(refused).toMatchObject({ status: 409, body: { detail: expect.stringContaining('paired') } });
  });

  test('its journal ends with the default retention', async () => {
    const { d } = await furnished();
    await s.scim.close();
    await directoryCall(d, 'POST', '/deactivate', { grants: 'release' });
    await directoryCall(d, 'DELETE');
    const count = async () =>
      (await s.sql('select count(*)::int as n from scim_journal where directory_id = $1', [d.id]))[0]?.n;
    expect(await count()).toBeGreaterThan(0);
    const later = (days: number) => new Date(s.t.clock.now().getTime() + days * 86_400_000);
    await s.sql('select drop_old_journal($1)', [later(29)]);
    expect(await count()).toBeGreaterThan(0);
    await s.sql('select drop_old_journal($1)', [later(31)]);
    expect(await count()).toBe(0);
  });
});
