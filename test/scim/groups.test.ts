// /Groups over a real port; what a change of members costs (law 9), and what concurrent changes leave.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Queryable } from '../../src/db/database.ts';
import { updateDirectoryGroup } from '../../src/directory/change-directory-group.ts';
import { findDirectoryGroup } from '../../src/directory/directory-group-queries.ts';
import type { Json } from '../support/server.ts';
import { GROUP, type ScimSetup, setupScim, type TestDirectory } from './scim-setup.ts';

let s: ScimSetup;
let d: TestDirectory;
beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
});
afterAll(() => s[Symbol.asyncDispose]());

const memberIds = async (id: string): Promise<string[]> =>
  (await d.call('GET', `/Groups/${id}`)).body.members.map((member: Json) => member.value);

describe('a group', () => {
  test('is made, read, replaced and deleted', async () => {
    const [a, b] = [await d.user('ga', { displayName: 'A' }), await d.user('gb')];
    const body = {
      schemas: [GROUP],
      displayName: 'Made',
      externalId: 'ext',
      members: [{ value: a.id }, { value: a.id }],
    };
    const made = await d.call('POST', '/Groups', body);
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe(`${s.scimUrl}/Groups/${made.body.id}`);
    expect(made.body).toEqual({
      schemas: [GROUP],
      id: made.body.id,
      displayName: 'Made',
      externalId: 'ext',
      members: [{ value: a.id, $ref: `${s.scimUrl}/Users/${a.id}`, type: 'User' }],
      meta: expect.objectContaining({ resourceType: 'Group', version: 'W/"1"' }),
    });
    expect((await d.call('GET', `/Groups/${made.body.id}`)).body).toEqual(made.body);
    const named = await d.call('GET', `/Groups/${made.body.id}?attributes=members.value,members.display`);
    expect(named.body.members).toEqual([{ value: a.id, display: 'A' }]);
    const replaced = await d.call('PUT', `/Groups/${made.body.id}`, { displayName: 'Put', members: [{ value: b.id }] });
    expect(replaced.body).toMatchObject({ displayName: 'Put', members: [{ value: b.id }] });
    expect(replaced.body).not.toHaveProperty('externalId');
    const emptied = await d.call('PUT', `/Groups/${made.body.id}`, { displayName: 'Put' });
    expect(emptied.body.members).toEqual([]);
    expect((await d.call('DELETE', `/Groups/${made.body.id}`)).status).toBe(204);
  });

  test('has a name of its own in its directory, whatever the case', async () => {
    await d.group('Unique');
    const again = await d.call('POST', '/Groups', { schemas: [GROUP], displayName: 'UNIQUE' });
    expect(again).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } });
    const other = await d.group('Other');
    const rename = { op: 'replace', path: 'displayName', value: 'unique' };
    expect((await d.patch(`/Groups/${other.id}`, rename)).status).toBe(409);
  });

  test('a PATCH that names members answers 204, or the part that is asked for', async () => {
    const a = await d.user('patched-member');
    const group = await d.group('Patched');
    const add = { op: 'add', path: 'members', value: [{ value: a.id }] };
    expect(await d.patch(`/Groups/${group.id}`, add)).toMatchObject({ status: 204, body: '' });
    const shown = await d.patch(`/Groups/${group.id}?attributes=displayName`, add);
    expect(shown).toMatchObject({ status: 200, body: { displayName: 'Patched', id: group.id } });
    expect(shown.body).not.toHaveProperty('members');
    const guarded = (tag: string) =>
      d.call(
        'PATCH',
        `/Groups/${group.id}`,
        { Operations: [{ op: 'remove', path: 'members' }] },
        { headers: { 'if-match': tag } },
      );
    expect((await guarded('W/"1"')).status).toBe(412);
    expect(await guarded('W/"2"')).toMatchObject({ status: 200, body: { displayName: 'Patched', members: [] } });
  });

  test('a PATCH that names no member answers the group while it is small, to a client of no known make', async () => {
    const users = await Promise.all(Array.from({ length: 101 }, (_, n) => d.user(`one-of-many-${n}`)));
    const ids = users.map((user) => user.id);
    const group = await d.group('Growing', ids.slice(0, 100));
    const rename = { op: 'replace', path: 'displayName', value: 'Grown' };
    const small = await d.patch(`/Groups/${group.id}`, rename);
    expect(small).toMatchObject({ status: 200, body: { displayName: 'Grown', meta: { version: 'W/"2"' } } });
    expect(small.body).toEqual((await d.call('GET', `/Groups/${group.id}`)).body);
    expect(small.headers.get('etag')).toBe('W/"2"');
    await d.patch(`/Groups/${group.id}`, { op: 'add', path: 'members', value: [{ value: ids[100] }] });
    expect(await d.patch(`/Groups/${group.id}`, rename)).toMatchObject({ status: 204, body: '' });
    const without = await d.patch(`/Groups/${group.id}?excludedAttributes=members`, rename);
    expect(without).toMatchObject({ status: 200, body: { displayName: 'Grown' } });
    const asked = await d.patch(`/Groups/${group.id}?attributes=members`, rename);
    expect(asked.body.members).toHaveLength(101);

    for (const profile of ['entra', 'okta']) {
      const known = await s.directory({ profile });
      const theirs = await known.group('Small');
      expect((await known.patch(`/Groups/${theirs.id}`, rename)).status).toBe(204);
    }
  });

  test('a PATCH that cannot be carried out changes nothing', async () => {
    const a = await d.user('all-or-nothing');
    const group = await d.group('Whole');
    const answer = await d.patch(
      `/Groups/${group.id}`,
      { op: 'replace', path: 'displayName', value: 'Changed' },
      { op: 'add', path: 'members', value: [{ value: a.id }, { value: crypto.randomUUID() }] },
    );
    expect(answer.status).toBe(400);
    expect((await d.call('GET', `/Groups/${group.id}`)).body).toEqual(group);
  });

  test('members are chosen by name or type too', async () => {
    const [a, b] = [await d.user('choose-a'), await d.user('choose-b')];
    const group = await d.group('Chosen', [a.id, b.id]);
    await d.patch(`/Groups/${group.id}`, { op: 'remove', path: 'members[display eq "CHOOSE-A"]' });
    expect(await memberIds(group.id)).toEqual([b.id]);
    await d.patch(`/Groups/${group.id}`, { op: 'remove', path: 'members[type eq "User"]' });
    expect(await memberIds(group.id)).toEqual([]);
  });
});

describe('concurrent changes', () => {
  test('50 PATCHes of one group at once lose nothing', async () => {
    const users = await Promise.all(Array.from({ length: 50 }, (_, n) => d.user(`crowd-${n}`)));
    const start = users.slice(0, 25).map((user) => user.id);
    const group = await d.group('Crowd', start);
    const answers = await Promise.all(
      users.map((user, n) =>
        d.patch(
          `/Groups/${group.id}`,
          n < 25
            ? { op: 'remove', path: `members[value eq "${user.id}"]` }
            : { op: 'add', path: 'members', value: [{ value: user.id }] },
          { op: 'replace', value: { id: group.id, displayName: n === 30 ? 'Crowd renamed' : 'Crowd' } },
        ),
      ),
    );
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([204]));
    const expected = users.slice(25).map((user) => user.id);
    expect((await memberIds(group.id)).sort()).toEqual(expected.sort());
  });

  test('50 PATCHes of one user at once all take effect', async () => {
    const { id } = await d.user('busy');
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        d.patch(`/Users/${id}`, { op: 'add', path: 'phoneNumbers', value: [{ value: `+${n}`, type: 'work' }] }),
      ),
    );
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    const { body } = await d.call('GET', `/Users/${id}`);
    expect(body.phoneNumbers).toHaveLength(50);
    expect(body.meta.version).toBe('W/"51"');
  });

  test('of many POSTs with one userName exactly one makes a user', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        d.call('POST', '/Users', { userName: n % 2 ? 'Once' : 'once', externalId: `once-${n}` }),
      ),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, ...Array.from({ length: 19 }, () => 409)]);
    expect(answers.find((answer) => answer.status === 409)!.body.scimType).toBe('uniqueness');
  });

  test('groups that share members change at once without a deadlock that anybody sees', async () => {
    const users = await Promise.all(Array.from({ length: 12 }, (_, n) => d.user(`shared-${n}`)));
    const groups = await Promise.all(Array.from({ length: 6 }, (_, n) => d.group(`Shared ${n}`)));
    const all = users.map((user) => ({ value: user.id }));
    const rounds = groups.flatMap((group, n) => [
      d.patch(`/Groups/${group.id}`, { op: 'add', path: 'members', value: n % 2 ? all : all.toReversed() }),
      d.patch(`/Groups/${group.id}`, { op: 'replace', path: 'members', value: all.slice(n) }),
    ]);
    expect(new Set((await Promise.all(rounds)).map((answer) => answer.status))).toEqual(new Set([204]));
  });
});

describe('cost', () => {
  /** Rows of group_member, in table and indexes, that this transaction has read so far. */
  async function rowsRead(tx: Queryable): Promise<number> {
    const [row] = await tx.query<{ reads: string }>({
      text: `select pg_stat_get_xact_tuples_returned('group_member'::regclass)
        + (select sum(pg_stat_get_xact_tuples_returned(indexrelid)) from pg_index where indrelid = 'group_member'::regclass) as reads`,
    });
    return Number(row!.reads);
  }

  const readsOf = (work: () => Promise<unknown>): Promise<number> =>
    s.t.db.inSharedTransaction(d.org.id, async (tx) => {
      const before = await rowsRead(tx);
      await work();
      return (await rowsRead(tx)) - before;
    });

  test('adding or removing one member, and a look without members, read none of the others', async () => {
    const group = await d.group('Large');
    const one = await d.user('one-of-many');
    await s.sql(
      `with made as (insert into member (org_id, status, pending_reason, role_key, display_name)
         select $1, 'pending', 'no_address', default_role, 'bulk' from organization, generate_series(1, 3000) where org_id = $1
         returning id),
       users as (insert into directory_user (org_id, directory_id, member_id, user_name, user_name_key, active, resource)
         select $1, $2, id, id::text, id::text, true, '{}' from made)
       insert into group_member (org_id, group_id, member_id) select $1, $3, id from made`,
      [d.org.id, d.id, group.id],
    );
    await s.sql('analyze');
    const scope = { orgId: d.org.id, directoryId: d.id };
    const change = (add: string[], remove: string[]) => () =>
      updateDirectoryGroup(s.t, scope, group.id, undefined, undefined, { replace: false, add, remove });
    // a session that has done it often plans it once for any parameters
    for (let n = 0; n < 8; n += 1) await s.t.db.inSharedTransaction(d.org.id, change([], [one.id]));
    expect(await readsOf(change([one.id], []))).toBeLessThan(20);
    expect(await readsOf(change([], [one.id]))).toBeLessThan(20);
    expect(await readsOf(() => findDirectoryGroup(s.t, scope, group.id, undefined))).toBe(0);
    expect(await readsOf(() => findDirectoryGroup(s.t, scope, group.id, {}))).toBeGreaterThanOrEqual(3000);
  });
});
