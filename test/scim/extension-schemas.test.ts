// Attributes of an organization's own schemas, on the wire: validated, kept, returned as declared, patched, found, sorted.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../support/server.ts';
import { declareSchema } from './extension-setup.ts';
import { ENTERPRISE, GROUP, type ScimSetup, setupScim, type TestDirectory, USER } from './scim-setup.ts';

// Entra's guide has customers declare under this prefix
const ACME = 'urn:ietf:params:scim:schemas:extension:acme:2.0:User';
const TEAM = 'urn:acme:team';

let s: ScimSetup;
let d: TestDirectory;
beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
  await declareSchema(s, d, {
    urn: ACME,
    name: 'Acme',
    description: 'Of Acme',
    attributes: [
      { name: 'badge', uniqueness: 'server', description: 'The badge' },
      { name: 'level', type: 'integer', canonicalValues: ['1', '2'] },
      { name: 'since', type: 'dateTime' },
      { name: 'born', mutability: 'immutable' },
      { name: 'pin', mutability: 'writeOnly', returned: 'never' },
      { name: 'notes', returned: 'request' },
      { name: 'kind', returned: 'always' },
      { name: 'tags', multiValued: true },
      { name: 'desk', type: 'complex', subAttributes: [{ name: 'floor', type: 'integer' }, { name: 'room' }] },
    ],
  });
  await declareSchema(s, d, {
    urn: TEAM,
    name: 'Team',
    resourceTypes: ['User', 'Group'],
    attributes: [{ name: 'code', required: true, mutability: 'immutable' }, { name: 'color' }],
  });
});
afterAll(() => s[Symbol.asyncDispose]());

const get = async (path: string): Promise<Json> => (await d.call('GET', path)).body;
const named = async (filter: string): Promise<string[]> => {
  const { status, body } = await d.call('GET', `/Users?filter=${encodeURIComponent(filter)}`);
  expect({ status, body }).toMatchObject({ status: 200 });
  return body.Resources.map((user: Json) => user.userName).sort();
};

const AGENTS = ['Agent', 'AgenticApplication'].map((name) => `urn:ietf:params:scim:schemas:core:2.0:${name}`);

describe('discovery', () => {
  test('shows them as they were declared', async () => {
    const { Resources } = await get('/Schemas');
    expect(Resources.map((each: Json) => each.id)).toEqual([USER, ENTERPRISE, ACME, TEAM, GROUP, ...AGENTS]);
    const acme = await get(`/Schemas/${ACME.toUpperCase()}`);
    expect(acme).toMatchObject({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
      name: 'Acme',
      meta: { resourceType: 'Schema', location: `${s.scimUrl}/Schemas/${ACME}` },
    });
    expect(acme.attributes[0]).toEqual({
      name: 'badge',
      type: 'string',
      multiValued: false,
      description: 'The badge',
      required: false,
      caseExact: false,
      mutability: 'readWrite',
      returned: 'default',
      uniqueness: 'server',
    });
    expect((await get('/ResourceTypes/User')).schemaExtensions).toEqual(
      [ENTERPRISE, ACME, TEAM].map((schema) => ({ schema, required: false })),
    );
    expect((await get('/ResourceTypes/Group')).schemaExtensions).toEqual([{ schema: TEAM, required: false }]);
  });
});

describe('a user', () => {
  test('keeps what it states, whether or not schemas lists the URN, and schemas says so afterwards', async () => {
    const stated = {
      badge: 'K1',
      level: 2,
      since: '2026-01-31T12:00:00+01:00',
      tags: ['a'],
      desk: { floor: 1, room: 'x' },
    };
    const made = await d.user('kept', { [ACME.toUpperCase()]: { ...stated, unheardOf: 1 } });
    expect(made[ACME]).toEqual(stated);
    expect(made.schemas).toEqual([USER, ACME]);
    expect(await get(`/Users/${made.id}`)).toEqual(made);
    const put = await d.call('PUT', `/Users/${made.id}`, { schemas: [USER], userName: 'kept' });
    expect(put.body[ACME]).toBeUndefined();
    expect(put.body.schemas).toEqual([USER]);
  });

  test.each([
    ['a text for an integer', { level: '2' }],
    ['a time without a zone', { since: '2026-01-31T12:00:00' }],
    ['a year that no calendar has', { since: '0000-01-01T00:00:00Z' }],
    ['an object for a text', { badge: {} }],
    ['two values for one', { badge: ['a', 'b'] }],
    ['a text for parts', { desk: 'x' }],
  ])('is refused with %s', async (_, extension) => {
    const answer = await d.call('POST', '/Users', { userName: 'refused', [ACME]: extension });
    expect(answer).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } });
  });

  test('must state what is required where it states the extension', async () => {
    const answer = await d.call('POST', '/Users', { userName: 'partial', [TEAM]: { color: 'red' } });
    expect(answer).toMatchObject({ status: 400, body: { detail: `${TEAM}:code is required.` } });
    const { id } = await d.user('partial');
    const patch = await d.patch(`/Users/${id}`, { op: 'add', path: `${TEAM}:color`, value: 'red' });
    expect(patch).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } });
  });

  test('is patched by URN paths, by a URN key without a path, and by whole extensions', async () => {
    const { id } = await d.user('patched', { [ACME]: { badge: 'P1' } });
    const patched = await d.patch(
      `/Users/${id}`,
      { op: 'add', path: `${ACME}:tags`, value: ['a', 'b'] },
      { op: 'replace', path: `${ACME}:desk.floor`, value: 3 },
      { op: 'Replace', value: { [`${ACME}:level`]: 1, [TEAM]: { code: 'c' } } },
    );
    expect(patched.body).toMatchObject({
      schemas: [USER, ACME, TEAM],
      [ACME]: { badge: 'P1', tags: ['a', 'b'], desk: { floor: 3 }, level: 1 },
      [TEAM]: { code: 'c' },
    });
    const removed = await d.patch(
      `/Users/${id}`,
      { op: 'remove', path: `${ACME}:badge` },
      { op: 'remove', path: TEAM },
    );
    // an immutable value goes with its extension only if it may go at all
    expect(removed).toMatchObject({ status: 400, body: { scimType: 'mutability' } });
    expect((await d.patch(`/Users/${id}`, { op: 'remove', path: ACME })).body[ACME]).toBeUndefined();
    const unknown = await d.patch(`/Users/${id}`, { op: 'add', path: `${ACME}:nothing`, value: 1 });
    expect(unknown).toMatchObject({ status: 400, body: { scimType: 'invalidPath' } });
  });

  test('sets what is immutable once', async () => {
    const { id } = await d.user('fixed');
    const at = `/Users/${id}`;
    const set = (value: string) => d.patch(at, { op: 'add', path: `${ACME}:born`, value });
    expect((await set('1')).body[ACME]).toEqual({ born: '1' });
    expect((await set('1')).status).toBe(200);
    const refused = { status: 400, body: { scimType: 'mutability' } };
    expect(await set('2')).toMatchObject(refused);
    expect(await d.patch(at, { op: 'remove', path: `${ACME}:born` })).toMatchObject(refused);
    expect(await d.call('PUT', at, { userName: 'fixed', [ACME]: { born: '2' } })).toMatchObject(refused);
    expect(await d.call('PUT', at, { userName: 'fixed' })).toMatchObject(refused);
    expect((await d.call('PUT', at, { userName: 'fixed', [ACME]: { born: '1', level: 1 } })).status).toBe(200);
  });

  test('has a unique value that no other user of the directory has, until it lets go of it', async () => {
    const first = await d.user('unique1', { [ACME]: { badge: 'U1' } });
    const second = await d.user('unique2', { [ACME]: { badge: 'U2' } });
    const taken = { status: 409, body: { scimType: 'uniqueness' } };
    expect(await d.call('POST', '/Users', { userName: 'unique3', [ACME]: { badge: 'u1' } })).toMatchObject(taken);
    const take = () => d.patch(`/Users/${second.id}`, { op: 'replace', path: `${ACME}:badge`, value: 'U1' });
    expect(await take()).toMatchObject(taken);
    const elsewhere = await s.directory({ org: d.org });
    await elsewhere.user('unique4', { [ACME]: { badge: 'U1' } });
    await d.call('DELETE', `/Users/${first.id}`);
    expect((await take()).body[ACME]).toEqual({ badge: 'U1' });
    expect(await named(`${ACME}:badge eq "u1"`)).toEqual(['unique2']);
  });
});

describe('what is returned', () => {
  let id: string;
  beforeAll(async () => {
    const extension = { pin: '1234', notes: 'n', kind: 'k', level: 7, desk: { floor: 1, room: 'r' } };
    id = (await d.user('shown', { [ACME]: extension })).id;
  });
  const shown = async (query: string) => (await get(`/Users/${id}${query}`))[ACME];

  test('follows each attribute, never showing what never is', async () => {
    expect(await shown('')).toEqual({ kind: 'k', level: 7, desk: { floor: 1, room: 'r' } });
    expect(await shown('?attributes=userName')).toEqual({ kind: 'k' });
    expect(await shown(`?attributes=${ACME}`)).toEqual({ kind: 'k', level: 7, desk: { floor: 1, room: 'r' } });
    expect(await shown(`?attributes=${ACME}:notes,${ACME}:pin`)).toEqual({ kind: 'k', notes: 'n' });
    expect(await shown(`?attributes=${ACME}:desk.room`)).toEqual({ kind: 'k', desk: { room: 'r' } });
    expect(await shown(`?excludedAttributes=${ACME}`)).toEqual({ kind: 'k' });
    expect(await shown(`?excludedAttributes=${ACME}:kind,${ACME}:desk.floor`)).toEqual({
      kind: 'k',
      level: 7,
      desk: { room: 'r' },
    });
    const list = await get('/Users?filter=userName%20eq%20%22shown%22');
    expect(list.Resources[0][ACME]).toEqual({ kind: 'k', level: 7, desk: { floor: 1, room: 'r' } });
    expect(JSON.stringify(list)).not.toContain('1234');
  });

  test('cannot be found out by filter or order either', async () => {
    for (const query of [`filter=${ACME}:pin sw "1"`, `filter=${ACME}:pin pr`, `sortBy=${ACME}:pin`]) {
      expect((await d.call('GET', `/Users?${encodeURI(query)}`)).status).toBe(400);
    }
  });
});

describe('users', () => {
  test('are found and sorted by them', async () => {
    await d.user('sort1', { [ACME]: { level: 10, badge: 'S1' } });
    await d.user('sort2', { [ACME]: { level: 9 } });
    const { Resources } = await get(
      `/Users?filter=${encodeURIComponent('userName sw "sort"')}&sortBy=${ACME}:level&sortOrder=descending`,
    );
    expect(Resources.map((user: Json) => user.userName)).toEqual(['sort1', 'sort2']);
    expect(await named(`${ACME}:level ge 10 and userName sw "sort"`)).toEqual(['sort1']);
    expect(await named(`${ACME}:badge eq "s1"`)).toEqual(['sort1']);
  });
});

describe('a group', () => {
  test('has the schemas that extend groups', async () => {
    const group = await d.group('Extended', [], { [TEAM]: { code: 'c1' }, [ACME]: { badge: 'x' } });
    expect(group[TEAM]).toEqual({ code: 'c1' });
    expect(group[ACME]).toBeUndefined();
    expect(group.schemas).toEqual([GROUP, TEAM]);
    const found = await get(`/Groups?filter=${encodeURIComponent(`${TEAM}:code eq "C1"`)}`);
    expect(found.Resources).toHaveLength(1);
    const replaced = await d.call('PUT', `/Groups/${group.id}`, { displayName: 'Extended', [TEAM]: { code: 'c2' } });
    expect(replaced).toMatchObject({ status: 400, body: { scimType: 'mutability' } });
    const patched = await d.patch(`/Groups/${group.id}?attributes=${TEAM}`, {
      op: 'add',
      path: `${TEAM}:color`,
      value: 'red',
    });
    expect(patched.body[TEAM]).toEqual({ code: 'c1', color: 'red' });
  });
});
