// Groups that are too large to be answered in one piece: what is read is one state of the group, and neither its size
// nor a slow client costs memory or a connection to the database (law 9).
import { once } from 'node:events';
import http from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { Json } from '../support/server.ts';
import { type ScimSetup, setupScim, type TestDirectory } from './scim-setup.ts';

const MEMBERS = 20_000;

let s: ScimSetup;
let d: TestDirectory;
beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
  await s.sql(
    `with made as (insert into member (org_id, status, pending_reason, role_key, display_name)
       select $1, 'pending', 'no_address', default_role, 'bulk' from organization, generate_series(1, $3) where org_id = $1
       returning id)
     insert into directory_user (org_id, directory_id, member_id, user_name, user_name_key, active, resource)
     select $1, $2, id, id::text, id::text, true, jsonb_build_object('displayName', 'Called "' || right(id::text, 4) || '"') from made`,
    [d.org.id, d.id, MEMBERS],
  );
  await s.sql('analyze');
});
afterAll(() => s[Symbol.asyncDispose]());

/** A group of every user, or of the first ones. */
async function groupOf(displayName: string, count = MEMBERS): Promise<{ group: Json; ids: string[] }> {
  const group = await d.group(displayName);
  const rows = await s.sql<{ member_id: string }>(
    `with joined as (insert into group_member (org_id, group_id, member_id)
       select org_id, $2, member_id from directory_user where org_id = $1 order by member_id limit $3 returning member_id)
     select member_id from joined order by member_id`,
    [d.org.id, group.id, count],
  );
  return { group, ids: rows.map((row) => row.member_id) };
}

/** A GET whose answer is not read yet. */
async function unread(path: string): Promise<http.IncomingMessage> {
  const request = http.get(`${s.scimUrl}${path}`, { headers: { authorization: `Bearer ${d.token}` } });
  const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
  return answer;
}

async function textOf(answer: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

const isIdle = async () => {
  const { open, idle, waiting } = s.t.db.connections;
  return open === idle && waiting === 0;
};

describe('a group of 20,000', () => {
  let group: Json;
  let ids: string[];
  beforeAll(async () => {
    ({ group, ids } = await groupOf('Everybody'));
  });

  test('is read whole, with its version', async () => {
    const answer = await d.call('GET', `/Groups/${group.id}`);
    const { members, ...rest } = answer.body;
    expect(rest).toEqual({ ...group, members: undefined });
    expect(members).toEqual(ids.map((value) => ({ value, $ref: `${s.scimUrl}/Users/${value}`, type: 'User' })));
    expect(answer.headers.get('etag')).toBe(rest.meta.version);
    const known = { headers: { 'if-none-match': rest.meta.version } };
    expect(await d.call('GET', `/Groups/${group.id}`, undefined, known)).toMatchObject({ status: 304, body: '' });
  });

  test('shows of its members what is asked for', async () => {
    const shown = async (query: string) => (await d.call('GET', `/Groups/${group.id}?${query}`)).body;
    const id = ids.at(-1)!;
    const last = async (query: string) => (await shown(query)).members.at(-1);
    expect(await last('attributes=members')).toEqual({ value: id, $ref: `${s.scimUrl}/Users/${id}`, type: 'User' });
    expect(await last('attributes=members.value')).toEqual({ value: id });
    expect(await last('attributes=members.display')).toEqual({ display: `Called "${id.slice(-4)}"` });
    expect(await last('excludedAttributes=members.$ref,displayName')).toEqual({ value: id, type: 'User' });
    expect(await shown('excludedAttributes=members')).not.toHaveProperty('members');
    expect(await shown('attributes=displayName')).toMatchObject({ displayName: 'Everybody' });
  });

  test('stands in lists and searches like any other', async () => {
    const small = await groupOf('Some of them', 3);
    const alone = await groupOf('Nobody', 0);
    const valuesOf = (found: Json) => found.members.map((member: Json) => member.value);
    const query = encodeURIComponent('displayName ne "x"');
    const listed = (await d.call('GET', `/Groups?filter=${query}`)).body;
    expect(listed).toMatchObject({ totalResults: 3, itemsPerPage: 3, startIndex: 1 });
    expect(listed.Resources.map((found: Json) => found.id)).toEqual([group.id, small.group.id, alone.group.id]);
    expect(listed.Resources.map(valuesOf)).toEqual([ids, small.ids, []]);
    const one = encodeURIComponent('displayName eq "everybody"');
    expect(valuesOf((await d.call('GET', `/Groups?filter=${one}`)).body.Resources[0])).toEqual(ids);
    const searched = await d.call('POST', '/.search', {
      filter: 'displayName eq "everybody"',
      attributes: ['members'],
    });
    expect(valuesOf(searched.body.Resources[0])).toEqual(ids);
  });

  test('is replaced by difference: what stays is not written again', async () => {
    const { group: other, ids: all } = await groupOf('Replaced');
    const since = async () =>
      (await s.sql<{ id: string; xmin: string }>(
        'select member_id as id, xmin::text from group_member where group_id = $1 order by member_id',
        [other.id],
      )) as Json[];
    const before = await since();
    const kept = all.slice(5).map((value) => ({ value }));
    const put = await d.call('PUT', `/Groups/${other.id}?excludedAttributes=members`, {
      displayName: 'Replaced',
      members: kept,
    });
    expect(put).toMatchObject({ status: 200, body: { meta: { version: 'W/"2"' } } });
    expect(await since()).toEqual(before.slice(5));
    const again = await d.call('PUT', `/Groups/${other.id}?excludedAttributes=members`, {
      displayName: 'Replaced',
      members: kept,
    });
    expect(again.body.meta.version).toBe('W/"2"');
    const unknown = [...kept, { value: crypto.randomUUID() }];
    const refused = await d.call('PUT', `/Groups/${other.id}`, { displayName: 'Replaced', members: unknown });
    expect(refused).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } });
    expect(await since()).toEqual(before.slice(5));
  });
});

describe('a client that reads slowly', () => {
  test('gets the state that the ETag names, whatever changes meanwhile, and holds no connection', async () => {
    const { group, ids } = await groupOf('Changing');
    const answer = await unread(`/Groups/${group.id}`);
    await eventually(isIdle);
    expect((await d.patch(`/Groups/${group.id}`, { op: 'remove', path: 'members' })).status).toBeLessThan(300);
    const read = JSON.parse(await textOf(answer));
    expect(read.members.map((member: Json) => member.value)).toEqual(ids);
    expect(answer.headers.etag).toBe(read.meta.version);
    const after = await d.call('GET', `/Groups/${group.id}`);
    expect(after.body.members).toEqual([]);
    expect(after.body.meta.version).not.toBe(read.meta.version);
  });

  test('may leave in the middle of it', async () => {
    const { group, ids } = await groupOf('Left');
    const before = s.observed.length;
    const answer = await unread(`/Groups/${group.id}?attributes=members.display`);
    answer.destroy();
    await eventually(async () => s.observed.length === before + 1);
    await eventually(isIdle);
    expect((await d.call('GET', `/Groups/${group.id}`)).body.members).toHaveLength(ids.length);
  });
});
