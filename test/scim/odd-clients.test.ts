// What clients send a little differently from the RFCs, and that has one sensible meaning; and next to it what has none.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENTERPRISE, GROUP, PATCH, type ScimSetup, setupScim, type TestDirectory, USER } from './scim-setup.ts';

const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';
const SEARCH = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';

let s: ScimSetup;
let d: TestDirectory;
beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
});
afterAll(() => s[Symbol.asyncDispose]());

describe('an address', () => {
  test('may have a plus for a space, or for itself where spaces are %20', async () => {
    const { id } = await d.user('plus+sign');
    await d.user('plus sign');
    const found = async (query: string) =>
      (await d.call('GET', `/Users?${query}`)).body.Resources.map((user: { userName: string }) => user.userName);
    expect(await found('filter=userName%20eq%20"plus+sign"')).toEqual(['plus+sign']);
    expect(await found('count=5&filter=(userName%20eq%20"plus+sign")&startIndex=1')).toEqual(['plus+sign']);
    expect(await found('filter=userName%20eq%20"plus%2Bsign"')).toEqual(['plus+sign']);
    expect(await found('filter=userName+eq+"plus%2Bsign"')).toEqual(['plus+sign']);
    expect(await found('filter=userName+eq+"plus+sign"')).toEqual(['plus sign']);
    expect(await found('filter=userName+eq+"plus%20sign"')).toEqual(['plus sign']);
    expect((await d.call('GET', `/Users/${id}?attributes=userName,+title`)).body.userName).toBe('plus+sign');
  });

  test('may be joined with a slash too many, and the root can be asked', async () => {
    const { id } = await d.user('double-slash', { displayName: 'Root asked' });
    await d.group('Root asked');
    expect((await d.call('GET', `//Users/${id}`)).status).toBe(200);
    const { body } = await d.call('GET', '/?filter=displayName%20eq%20"root%20asked"&attributes=displayName');
    expect(body).toMatchObject({ totalResults: 2, Resources: [{ displayName: 'Root asked' }, {}] });
    expect((await d.call('POST', '/', {})).status).toBe(405);
    expect((await d.call('GET', '/?filter=shoeSize%20pr')).body.scimType).toBe('invalidFilter');
  });

  test('with a filter in single quotes is refused, not answered with nobody', async () => {
    const answer = await d.call('GET', "/Users?filter=userName%20eq%20'double-slash'");
    expect([answer.status, answer.body.scimType]).toEqual([400, 'invalidFilter']);
  });
});

test('attributes may be given one by one, and what is no list not twice', async () => {
  const { id } = await d.user('one-by-one', { title: 'T', nickName: 'N' });
  const { body } = await d.call('GET', `/Users/${id}?attributes=userName&attributes=title`);
  expect(Object.keys(body).sort()).toEqual(['id', 'schemas', 'title', 'userName']);
  expect((await d.call('GET', '/Users?count=1&count=2')).body.scimType).toBe('invalidValue');
  expect((await d.call('GET', '/Users?filter=title%20pr&filter=nickName%20pr')).body.scimType).toBe('invalidFilter');
});

test('a bulk PATCH may be the bare list of its operations, as in the example of the RFC', async () => {
  const { id } = await d.user('bare-list', { nickName: 'N' });
  const data = [
    { op: 'remove', path: 'nickName' },
    { op: 'add', path: 'title', value: 'Dave' },
  ];
  const Operations = [{ method: 'PATCH', path: `/Users/${id}`, version: 'W/"1"', data }];
  const { body } = await d.call('POST', '/Bulk', { schemas: [BULK], Operations });
  expect(body.Operations).toMatchObject([{ status: '200', version: 'W/"2"' }]);
  const user = (await d.call('GET', `/Users/${id}`)).body;
  expect([user.nickName, user.title]).toEqual([undefined, 'Dave']);
});

describe('an object of a PATCH', () => {
  const patched = async (id: string, ...Operations: object[]) =>
    d.call('PATCH', `/Users/${id}`, { schemas: [PATCH], Operations });

  test('may be in a list of one, or JSON text', async () => {
    const { id } = await d.user('wrapped', { emails: [{ value: 'wrapped@acme.test', type: 'work' }] });
    const { status, body } = await patched(
      id,
      { op: 'add', value: [{ title: 'T' }] },
      { op: 'replace', value: '{"nickName": "N", "name": {"givenName": "G"}}' },
      { op: 'add', path: 'name', value: ' {"familyName": "F"}' },
      { op: 'add', path: ENTERPRISE, value: ['{"department": "D"}'] },
      { op: 'add', path: 'emails', value: '{"value": "second@acme.test", "type": "home"}' },
      { op: 'add', path: 'emails[type eq "work"]', value: ['{"display": "at work"}'] },
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({
      title: 'T',
      nickName: 'N',
      name: { givenName: 'G', familyName: 'F' },
      emails: [
        { value: 'wrapped@acme.test', type: 'work', display: 'at work' },
        { value: 'second@acme.test', type: 'home' },
      ],
      [ENTERPRISE]: { department: 'D' },
    });
    const group = await d.group('Wrapped');
    const Operations = [{ op: 'add', path: 'members', value: [JSON.stringify({ value: id })] }];
    expect((await d.call('PATCH', `/Groups/${group.id}`, { schemas: [PATCH], Operations })).status).toBe(204);
    expect((await d.call('GET', `/Groups/${group.id}`)).body.members).toMatchObject([{ value: id }]);
  });

  test('stays a text where its keys are not those of the attribute', async () => {
    const { id } = await d.user('text');
    const { body } = await patched(id, { op: 'add', path: 'entitlements', value: '{"plan":"gold"}' });
    expect(body.entitlements).toEqual([{ value: '{"plan":"gold"}' }]);
  });

  test('is refused where it is none, or states another id, and nothing changes', async () => {
    const { id } = await d.user('no-object');
    for (const value of ['{title}', '"title"', '[]', [], [{ title: 'T' }, { title: 'U' }], [[{ title: 'T' }]], 7]) {
      const { status, body } = await patched(id, { op: 'add', path: 'nickName', value: 'N' }, { op: 'add', value });
      expect([status, body.scimType], JSON.stringify(value)).toEqual([400, 'invalidValue']);
    }
    const other = [{ id: '0199cafe-0000-7000-8000-000000000000', title: 'T' }];
    for (const value of [other, JSON.stringify(other[0])]) {
      expect((await patched(id, { op: 'replace', value })).body.scimType).toBe('mutability');
    }
    expect((await d.call('GET', `/Users/${id}`)).body).toMatchObject({ meta: { version: 'W/"1"' } });
  });
});

describe('schemas', () => {
  test('of a resource may be left out, have more or be unheard of, but not be of something else', async () => {
    const made = async (schemas: unknown, userName: string) =>
      (await d.call('POST', '/Users', { ...(schemas !== undefined && { schemas }), userName })).status;
    expect(await made(undefined, 'schemas-1')).toBe(201);
    expect(await made([], 'schemas-2')).toBe(201);
    expect(await made(['urn:scim:schemas:core:1.0', USER.toUpperCase()], 'schemas-3')).toBe(201);
    expect(await made([GROUP], 'schemas-4')).toBe(400);
    expect(await made([PATCH], 'schemas-5')).toBe(400);
    // OneLogin
    expect(await made(['urn:scim:schemas:core:2.0'], 'schemas-7')).toBe(201);
    expect(await made(USER, 'schemas-6')).toBe(400);
  });

  test('have the URNs of the drafts where OneLogin states them', async () => {
    const enterprise = 'urn:scim:schemas:extension:enterprise:2.0';
    const body = {
      schemas: ['urn:scim:schemas:core:2.0', enterprise],
      userName: 'draft-urns',
      [enterprise]: { department: 'Engines' },
    };
    const { id } = (await d.call('POST', '/Users', body)).body;
    const put = await d.call('PUT', `/Users/${id}?`, { ...body, [enterprise]: { department: 'Looms' } });
    expect(put.body).toMatchObject({ schemas: [USER, ENTERPRISE], [ENTERPRISE]: { department: 'Looms' } });
    const path = `${enterprise}:costCenter`;
    const patched = await d.patch(`/Users/${id}`, { op: 'replace', path, value: '7' });
    expect(patched.body[ENTERPRISE]).toEqual({ department: 'Looms', costCenter: '7' });
  });

  test('of a message may be left out or empty', async () => {
    const { id } = await d.user('messages');
    const Operations = [{ op: 'replace', path: 'title', value: 'T' }];
    for (const schemas of [undefined, null, [], [PATCH]]) {
      expect((await d.call('PATCH', `/Users/${id}`, { schemas, Operations })).status).toBe(200);
    }
    for (const schemas of [undefined, [], [SEARCH]]) {
      expect((await d.call('POST', '/Users/.search', { schemas, count: 0 })).status).toBe(200);
    }
    for (const schemas of [undefined, [], [BULK]]) {
      expect((await d.call('POST', '/Bulk', { schemas, Operations: [] })).status).toBe(200);
    }
    expect((await d.call('POST', '/Bulk', { schemas: [PATCH], Operations: [] })).body.scimType).toBe('invalidSyntax');
  });
});

describe('a reference', () => {
  test('may be nothing but the address of the user', async () => {
    const boss = await d.user('ref-boss');
    const ada = await d.user('ref-ada', { [ENTERPRISE]: { manager: { $ref: `../Users/${boss.id}` } } });
    const manager = { value: boss.id, $ref: `${s.scimUrl}/Users/${boss.id}` };
    expect((await d.call('GET', `/Users/${ada.id}`)).body[ENTERPRISE]).toEqual({ manager });
    const group = await d.call('POST', '/Groups', {
      schemas: [GROUP],
      displayName: 'By address',
      members: [{ $ref: boss.meta.location }],
    });
    expect(group.body.members).toMatchObject([{ value: boss.id }]);
    const change = { op: 'add', path: 'members', value: [{ $ref: `Users/${ada.id}` }] };
    expect((await d.patch(`/Groups/${group.body.id}`, change)).status).toBe(204);
    expect((await d.call('GET', `/Groups/${group.body.id}`)).body.members).toHaveLength(2);
  });

  test('to anything else is no member', async () => {
    const group = await d.group('By no address');
    for (const $ref of [group.meta.location, 'Users/', '', 7]) {
      const answer = await d.patch(`/Groups/${group.id}`, { op: 'add', path: 'members', value: [{ $ref }] });
      expect([answer.status, answer.body.scimType]).toEqual([400, 'invalidValue']);
    }
  });
});

test('an e-mail without a type is the address of who has no other', async () => {
  const address = `untyped@${d.org.key}.test`;
  const member = async (id: string) =>
    (await s.t.call('GET', `/v1/organizations/${d.org.id}/members/${id}`, { key: d.org.ownerKey })).body;
  const user = await d.user('untyped', { emails: [{ value: address }] });
  expect(await member(user.id)).toMatchObject({ address, status: 'active' });
  const named = await d.user(`named@${d.org.key}.test`, { emails: [{ value: `other@${d.org.key}.test` }] });
  expect(await member(named.id)).toMatchObject({ address: `named@${d.org.key}.test` });
});

test('an empty externalId is none: two users may have it, and nobody returns by it', async () => {
  const first = await d.user('no-external-1', { externalId: '' });
  expect(first.externalId).toBeUndefined();
  const second = await d.user('no-external-2', { externalId: '' });
  expect(second.id).not.toBe(first.id);
  await d.group('no external 1', [], { externalId: '' });
  await d.group('no external 2', [], { externalId: '' });
  const { body } = await d.call('PUT', `/Users/${second.id}`, { userName: 'no-external-2', externalId: '' });
  expect(body.externalId).toBeUndefined();
});
