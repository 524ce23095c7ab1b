// Whole lifecycles as Okta sends them: OIN apps (PATCH for activation, PUT for the profile) and AIW apps (PUT for
// everything), after Okta's own SCIM 2.0 reference and its published test steps.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../support/server.ts';
import { GROUP, type ScimSetup, setupScim, type TestDirectory, USER } from './scim-setup.ts';

let s: ScimSetup;
beforeAll(async () => {
  s = await setupScim();
});
afterAll(() => s[Symbol.asyncDispose]());

function newUser(d: TestDirectory, name: string): Json {
  return {
    schemas: [USER],
    userName: `${name}@${d.org.key}.test`,
    name: { givenName: 'Otto', familyName: 'Okta' },
    emails: [{ primary: true, value: `${name}@${d.org.key}.test`, type: 'work' }],
    displayName: 'Otto Okta',
    locale: 'en-US',
    externalId: `00u${name}`,
    groups: [],
    password: '1mz050nq',
    active: true,
  };
}

describe('Okta', () => {
  test('an OIN app assigns, changes, deactivates and assigns again', async () => {
    const d = await s.directory({ profile: 'okta' });
    const find = () =>
      d.call(
        'GET',
        `/Users?filter=${encodeURIComponent(`userName eq "otto@${d.org.key}.test"`)}&startIndex=1&count=100`,
      );
    expect((await find()).body).toMatchObject({ totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] });
    const created = await d.call('POST', '/Users', newUser(d, 'otto'));
    expect(created).toMatchObject({ status: 201, body: { id: expect.any(String), active: true, locale: 'en-US' } });
    expect(created.body).not.toHaveProperty('password');
    const { id } = created.body;

    const duplicate = await d.call('POST', '/Users', newUser(d, 'otto'));
    expect(duplicate).toMatchObject({ status: 409, body: { scimType: 'uniqueness', status: '409' } });

    // GET, then PUT of the merged body, which echoes what the service said
    const body = { ...(await d.call('GET', `/Users/${id}`)).body, name: { givenName: 'Otto', familyName: 'Other' } };
    body.emails[0].display = 'Otto';
    const changed = await d.call('PUT', `/Users/${id}`, body);
    expect(changed).toMatchObject({ status: 200, body: { id, name: { familyName: 'Other' } } });

    const off = await d.patch(`/Users/${id}`, { op: 'replace', value: { active: false } });
    expect(off).toMatchObject({ status: 200, body: { active: false } });
    expect((await find()).body).toMatchObject({ totalResults: 1, Resources: [{ id, active: false }] });

    // assigned again: some of Okta's apps repeat the POST
    const again = await d.call('POST', '/Users', newUser(d, 'otto'));
    expect(again).toMatchObject({ status: 200, body: { id, active: true } });
    const on = await d.patch(`/Users/${id}`, { op: 'replace', value: { active: true, password: 'x' } });
    expect(on).toMatchObject({ status: 200, body: { id, active: true } });
  });

  test('an AIW app does all of it by PUT, groups with it', async () => {
    const d = await s.directory({ profile: 'okta' });
    const { id } = (await d.call('POST', '/Users', newUser(d, 'aiw'))).body;
    const other = (await d.call('POST', '/Users', newUser(d, 'second'))).body;
    const off = await d.call('PUT', `/Users/${id}`, { ...newUser(d, 'aiw'), active: false });
    expect(off).toMatchObject({ status: 200, body: { id, active: false } });
    expect((await d.call('PUT', `/Users/${id}`, { ...newUser(d, 'aiw'), active: true })).body.active).toBe(true);

    const group = await d.call('POST', '/Groups', { schemas: [GROUP], displayName: 'Sales', members: [{ value: id }] });
    expect(group).toMatchObject({ status: 201, body: { displayName: 'Sales', members: [{ value: id }] } });
    const members = [{ value: other.id, display: 'second' }];
    const put = await d.call('PUT', `/Groups/${group.body.id}`, { ...group.body, displayName: 'Sellers', members });
    expect(put).toMatchObject({ status: 200, body: { displayName: 'Sellers', members: [{ value: other.id }] } });
    expect(put.body.members).toHaveLength(1);
    const found = await d.call(
      'GET',
      `/Groups?filter=${encodeURIComponent('displayName eq "sellers"')}&startIndex=1&count=100`,
    );
    expect(found.body).toMatchObject({ totalResults: 1, Resources: [{ id: group.body.id }] });
    expect((await d.call('GET', `/Users/${other.id}`)).body.groups).toEqual([
      {
        value: group.body.id,
        $ref: `${s.scimUrl}/Groups/${group.body.id}`,
        display: 'Sellers',
        type: 'direct',
      },
    ]);
  });

  test('group push: renames with every change, removes and adds in one, replaces the list', async () => {
    const d = await s.directory({ profile: 'okta' });
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => d.user(`${name}@${d.org.key}.test`)));
    const group = await d.group('Pushed', [a.id]);
    const rename = { op: 'replace', value: { id: group.id, displayName: 'Pushed' } };
    const mixed = await d.patch(
      `/Groups/${group.id}`,
      rename,
      { op: 'remove', path: `members[value eq "${a.id}"]` },
      { op: 'add', path: 'members', value: [{ value: b.id, display: 'b' }] },
    );
    expect(mixed.status).toBe(204);
    expect(await membersOf(d, group.id)).toEqual([b.id]);
    await d.patch(`/Groups/${group.id}`, { op: 'replace', value: { id: group.id, displayName: 'Renamed' } });
    await d.patch(`/Groups/${group.id}`, { op: 'replace', path: 'members', value: [{ value: c.id }, { value: a.id }] });
    const read = await d.call('GET', `/Groups/${group.id}`);
    expect(read.body.displayName).toBe('Renamed');
    expect(await membersOf(d, group.id)).toEqual([a.id, c.id].sort());
    expect(read.body.meta.version).toBe('W/"4"');
    expect((await d.call('DELETE', `/Groups/${group.id}`)).status).toBe(204);
    expect((await d.call('GET', `/Groups/${group.id}`)).status).toBe(404);
  });

  test('imports by pages of 100, in a stable order, with whole numbers', async () => {
    const d = await s.directory({ profile: 'okta' });
    for (let n = 0; n < 25; n += 1) await d.user(`import${n}`);
    const seen: string[] = [];
    for (let startIndex = 1; startIndex <= 25; startIndex += 10) {
      const { body } = await d.call('GET', `/Users?startIndex=${startIndex}&count=10`);
      expect(body).toMatchObject({ totalResults: 25, startIndex, itemsPerPage: body.Resources.length });
      seen.push(...body.Resources.map((user: Json) => user.id));
    }
    expect(new Set(seen).size).toBe(25);
  });
});

async function membersOf(d: TestDirectory, groupId: string): Promise<string[]> {
  const { body } = await d.call('GET', `/Groups/${groupId}`);
  return body.members.map((member: Json) => member.value).sort();
}
