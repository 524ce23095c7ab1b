// Agents and agentic applications (draft-abbey-scim-agent-extension-00): whatever a directory can do with a user's own
// attributes it can do with theirs, and nothing follows from it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { Answer, Json } from '../support/server.ts';
import { GROUP, PATCH, type ScimSetup, setupScim, type TestDirectory } from './scim-setup.ts';

const CORE = 'urn:ietf:params:scim:schemas:core:2.0:';
const SEARCH = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';
const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';

let s: ScimSetup;
beforeAll(async () => {
  s = await setupScim();
});
afterAll(() => s[Symbol.asyncDispose]());

const replace = (path: string, value: unknown) => ({ op: 'replace', path, value });
const namesOf = ({ body }: Answer): string[] => body.Resources.map(({ name }: Json) => name);

describe.each(['Agent', 'AgenticApplication'])('an %s', (kind) => {
  const at = `/${kind}s`;
  let d: TestDirectory;
  beforeAll(async () => {
    d = await s.directory();
  });

  const body = (name: string, more: object = {}) => ({ schemas: [`${CORE}${kind}`], name, ...more });
  const make = async (name: string, more: object = {}): Promise<Json> => {
    const answer = await d.call('POST', at, body(name, more));
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const find = (filter: string) => d.call('GET', `${at}?filter=${encodeURIComponent(filter)}`);

  test('is made, read, replaced, patched and deleted, each change a version', async () => {
    const made = await d.call(
      'POST',
      at,
      body('Helper', { externalId: 'x-1', displayName: 'Help Desk', active: true }),
    );
    const { id } = made.body;
    expect(made.headers.get('location')).toBe(`${s.scimUrl}${at}/${id}`);
    expect(made.body).toMatchObject({
      ...body('Helper', { externalId: 'x-1', displayName: 'Help Desk', active: true }),
      meta: { resourceType: kind, location: `${s.scimUrl}${at}/${id}`, version: 'W/"1"' },
    });
    expect((await d.call('GET', `${at}/${id}`)).body).toEqual(made.body);
    const replaced = await d.call('PUT', `${at}/${id}`, body('Helper 2', { description: 'Answers' }));
    expect(replaced.body).toMatchObject({ name: 'Helper 2', description: 'Answers', meta: { version: 'W/"2"' } });
    expect(replaced.body.displayName ?? replaced.body.externalId ?? replaced.body.active).toBeUndefined();
    const patched = await d.patch(`${at}/${id}`, replace('active', 'False'), { op: 'remove', path: 'description' });
    expect(patched).toMatchObject({
      status: 200,
      body: { name: 'Helper 2', active: false, meta: { version: 'W/"3"' } },
    });
    expect(patched.body.description).toBeUndefined();
    const again = await d.patch(`${at}/${id}`, replace('active', false));
    expect(again.body).toEqual(patched.body);
    expect((await d.call('DELETE', `${at}/${id}`)).status).toBe(204);
    expect((await d.call('GET', `${at}/${id}`)).status).toBe(404);
    expect((await d.call('DELETE', `${at}/${id}`)).status).toBe(404);
  });

  test('keeps its name for itself in its directory, whatever the case, and only there', async () => {
    const { id } = await make('Unique');
    const { id: other } = await make('Another');
    const refused = { status: 409, body: { scimType: 'uniqueness', status: '409' } };
    expect(await d.call('POST', at, body('uNIQUE'))).toMatchObject(refused);
    expect(await d.call('PUT', `${at}/${other}`, body('UNIQUE'))).toMatchObject(refused);
    expect(await d.patch(`${at}/${other}`, replace('name', 'unique'))).toMatchObject(refused);
    expect((await d.call('PUT', `${at}/${id}`, body('UNIQUE'))).body.name).toBe('UNIQUE');
    const beside = await s.directory({ org: d.org });
    expect((await beside.call('POST', at, body('Unique'))).status).toBe(201);
    const same = kind === 'Agent' ? 'AgenticApplication' : 'Agent';
    expect((await d.call('POST', `/${same}s`, { schemas: [`${CORE}${same}`], name: 'Unique' })).status).toBe(201);
  });

  test('is refused without a name, with a wrong type, under another schema and by a PATCH that takes its name', async () => {
    const { id } = await make('Named');
    const invalid = { status: 400, body: { scimType: 'invalidValue' } };
    for (const wrong of [
      body(''),
      { schemas: [`${CORE}${kind}`] },
      body('x', { active: 'perhaps' }),
      body('n'.repeat(600)),
    ])
      expect(await d.call('POST', at, wrong), JSON.stringify(wrong)).toMatchObject(invalid);
    expect(await d.call('POST', at, { schemas: [GROUP], name: 'x' })).toMatchObject(invalid);
    expect(await d.patch(`${at}/${id}`, { op: 'remove', path: 'name' })).toMatchObject({ status: 400 });
    expect(await d.patch(`${at}/${id}`, replace('owner', 'x'))).toMatchObject({ status: 400 });
    expect((await d.call('GET', `${at}/${id}`)).body.meta.version).toBe('W/"1"');
  });

  test('is changed under the version that a client knows, and under no other', async () => {
    const { id } = await make('Versioned');
    const path = `${at}/${id}`;
    const under = (tag: string) => ({ headers: { 'if-match': tag } });
    const ops = { schemas: [PATCH], Operations: [replace('displayName', 'One')] };
    expect((await d.call('PATCH', path, ops, under('W/"1"'))).headers.get('etag')).toBe('W/"2"');
    for (const method of ['PATCH', 'PUT', 'DELETE'])
      expect((await d.call(method, path, method === 'PATCH' ? ops : body('Versioned'), under('W/"1"'))).status).toBe(
        412,
      );
    expect((await d.call('GET', path, undefined, { headers: { 'if-none-match': 'W/"2"' } })).status).toBe(304);
    const both = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        d.patch(path, { op: 'add', path: n % 2 ? 'description' : 'displayName', value: `${n}` }),
      ),
    );
    expect(both.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 200));
    expect((await d.call('GET', path)).body.meta.version).toBe('W/"14"');
  });

  test('is found by every attribute, sorted, and shown as far as is asked', async () => {
    const own = await s.directory();
    d = own;
    for (const [n, name] of ['delta', 'Alpha', 'charlie', 'Bravo'].entries())
      await make(name, { displayName: `No ${n}`, active: n % 2 === 0, externalId: `e${n}` });
    expect(namesOf(await find('name eq "ALPHA"'))).toEqual(['Alpha']);
    expect(namesOf(await find('externalId eq "e2" or displayName eq "no 0"')).sort()).toEqual(['charlie', 'delta']);
    expect(namesOf(await find('active eq true and not (name sw "d")'))).toEqual(['charlie']);
    expect(namesOf(await find('meta.resourceType eq "User"'))).toEqual([]);
    expect(await find('userName eq "x"')).toMatchObject({ status: 400, body: { scimType: 'invalidFilter' } });
    expect(namesOf(await d.call('GET', `${at}?sortBy=name`))).toEqual(['Alpha', 'Bravo', 'charlie', 'delta']);
    expect(namesOf(await d.call('GET', `${at}?sortBy=displayName&sortOrder=descending`))).toEqual([
      'Bravo',
      'charlie',
      'Alpha',
      'delta',
    ]);
    const { body: shown } = await d.call('GET', `${at}?attributes=name&count=1&sortBy=name`);
    expect(shown).toMatchObject({ totalResults: 4, itemsPerPage: 1 });
    expect(Object.keys(shown.Resources[0]).sort()).toEqual(['id', 'name', 'schemas']);
    const searched = await d.call('POST', `${at}/.search`, {
      schemas: [SEARCH],
      filter: 'name co "a"',
      excludedAttributes: ['meta'],
    });
    expect(searched.body.totalResults).toBe(4);
    expect(searched.body.Resources[0].meta).toBeUndefined();
  });

  test('is walked by index and by cursor without losing one, while others go', async () => {
    d = await s.directory();
    const all = Array.from({ length: 23 }, (_, n) => `walker-${n}`);
    const ids = new Map<string, string>();
    for (const name of all) ids.set(name, (await make(name)).id);
    const seen: string[] = [];
    for (let start = 1; start <= all.length; start += 5) {
      const page = await d.call('GET', `${at}?startIndex=${start}&count=5`);
      seen.push(...namesOf(page));
      await d.call('DELETE', `${at}/${ids.get(seen[start - 1]!)}`);
    }
    expect(seen).toEqual(all);
    const left: string[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const page: Answer = await d.call('GET', `${at}?count=4&sortBy=name&cursor=${cursor}`);
      expect(page.body.totalResults).toBe(18);
      left.push(...namesOf(page));
      cursor = page.body.nextCursor;
    }
    expect(left).toEqual([...left].sort());
    expect(left.length).toBe(18);
  });

  test('comes in a bulk request, and its change is in the audit and the journal', async () => {
    d = await s.directory();
    const operations = [
      { method: 'PATCH', path: `${at}/bulkId:a`, data: { schemas: [PATCH], Operations: [replace('active', false)] } },
      { method: 'POST', path: at, bulkId: 'a', data: body('Bulky') },
      { method: 'DELETE', path: `${at}/bulkId:a` },
    ];
    const { body: answer } = await d.call('POST', '/Bulk', { schemas: [BULK], Operations: operations });
    expect(answer.Operations.map(({ status }: Json) => status)).toEqual(['200', '201', '204']);
    const events = await s.sql(
      'select action, data from audit_event where org_id = $1 and subject_kind = $2 order by id',
      [d.org.id, 'agent'],
    );
    expect(events.map(({ action, data }) => [action, data.kind, data.version])).toEqual([
      ['agent.created', kind, 1],
      ['agent.updated', kind, 2],
      ['agent.deleted', kind, 2],
    ]);
  });

  test('is no member, takes no seat, and goes with its directory', async () => {
    d = await s.directory();
    const { id } = await make('Nobody', { active: true });
    const key = d.org.ownerKey;
    const path = `/v1/organizations/${d.org.id}`;
    const members = await s.t.call('GET', `${path}/members`, { key });
    expect(members.body.items).toEqual([]);
    expect((await d.call('GET', '/Users')).body.totalResults).toBe(0);
    await d.group('Helpers');
    const refused = await d.patch(`/Groups/${(await d.call('GET', '/Groups')).body.Resources[0].id}`, {
      op: 'add',
      path: 'members',
      value: [{ value: id }],
    });
    expect(refused).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } });
    expect(
      (await s.t.call('POST', `${path}/directories/${d.id}/deactivate`, { key, body: { grants: 'release' } })).status,
    ).toBe(200);
    // whichever process still takes the directory for active, the database does not
    expect((await d.patch(`${at}/${id}`, replace('active', false))).status).toBe(403);
    expect((await d.call('POST', at, body('Late'))).status).toBe(403);
    expect((await d.call('DELETE', `${at}/${id}`)).status).toBe(403);
    await eventually(async () => (await d.call('GET', `${at}/${id}`)).status === 403);
    expect((await s.t.call('DELETE', `${path}/directories/${d.id}`, { key })).status).toBeLessThan(300);
    expect(await s.sql('select id from directory_agent where org_id = $1', [d.org.id])).toEqual([]);
  });
});

test('the root lists all types in one order, and a filter that only some know finds theirs', async () => {
  const d = await s.directory();
  await d.user('b-user', { displayName: 'B' });
  await d.group('C');
  for (const [kind, name] of [
    ['Agent', 'A'],
    ['AgenticApplication', 'D'],
  ] as const)
    await d.call('POST', `/${kind}s`, { schemas: [`${CORE}${kind}`], name, displayName: name });
  const kinds = async (query: string) =>
    (await d.call('GET', `/?${query}`)).body.Resources.map(({ meta }: Json) => meta.resourceType);
  const sorted = ['Agent', 'User', 'Group', 'AgenticApplication'];
  expect(await kinds('sortBy=displayName')).toEqual(sorted);
  expect(await kinds('sortBy=displayName&sortOrder=descending')).toEqual(sorted.toReversed());
  expect(await kinds('sortBy=displayName&startIndex=3&count=1')).toEqual(['Group']);
  expect((await kinds('filter=active%20pr%20or%20agentType%20pr')).sort()).toEqual([]);
  expect((await kinds(`filter=${encodeURIComponent('name co "a" or name co "d"')}`)).sort()).toEqual([
    'Agent',
    'AgenticApplication',
  ]);
  const { body } = await d.call('GET', '/?count=2');
  expect([body.totalResults, body.itemsPerPage]).toEqual([4, 2]);
});
