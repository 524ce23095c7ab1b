// /Users over a real port: RFC 7644 section 3.3 to 3.6, versions, projections, pages, and what a user becomes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../support/server.ts';
import { ENTERPRISE, type ScimSetup, setupScim, type TestDirectory, USER } from './scim-setup.ts';

let s: ScimSetup;
let d: TestDirectory;
beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
});
afterAll(() => s[Symbol.asyncDispose]());

const full = (name: string): Json => ({
  schemas: [USER, ENTERPRISE],
  externalId: `ext-${name}`,
  userName: `${name}@${d.org.key}.test`,
  name: { givenName: 'Ada', familyName: 'Lovelace', formatted: 'Ada Lovelace' },
  displayName: 'Ada Lovelace',
  active: true,
  emails: [{ value: `${name}@${d.org.key}.test`, type: 'work', primary: true }],
  phoneNumbers: [{ value: '+49 (30) 123', type: 'work' }],
  [ENTERPRISE]: { department: 'Engines', employeeNumber: '7' },
});

describe('a user', () => {
  test('is made, with everything stated, an address and an ETag', async () => {
    const before = s.changes();
    const answer = await d.call('POST', '/Users', full('ada'));
    expect(answer.status).toBe(201);
    expect(answer.headers.get('content-type')).toBe('application/scim+json; charset=utf-8');
    expect(answer.headers.get('location')).toBe(`${s.scimUrl}/Users/${answer.body.id}`);
    expect(answer.headers.get('etag')).toBe('W/"1"');
    expect(answer.body).toMatchObject(full('ada'));
    expect(answer.body.meta).toEqual({
      resourceType: 'User',
      created: expect.stringMatching(/^\d{4}-.*Z$/),
      lastModified: answer.body.meta.created,
      location: `${s.scimUrl}/Users/${answer.body.id}`,
      version: 'W/"1"',
    });
    expect((await d.call('GET', `/Users/${answer.body.id}`)).body).toEqual(answer.body);
    expect(s.changes()).toBe(before + 1);
  });

  test('becomes a member with a person, or waits where the address is not proved', async () => {
    const status = async (id: string) =>
      (await s.sql('select status, pending_reason from member where id = $1', [id]))[0];
    const inside = await d.user('inside', { emails: [{ value: `inside@${d.org.key}.test`, type: 'work' }] });
    expect(await status(inside.id)).toEqual({ status: 'active', pending_reason: null });
    const guest = await d.user('guest@elsewhere.test');
    expect(guest.active).toBe(true);
    expect(await status(guest.id)).toEqual({ status: 'pending', pending_reason: 'address_not_verified' });
    const nobody = await d.user('no-address');
    expect(await status(nobody.id)).toEqual({ status: 'pending', pending_reason: 'no_address' });
  });

  test('at a subdomain of a domain that includes them is a member at once', async () => {
    const org = await s.t.make.organization();
    const d = await s.directory({ org });
    const address = `/v1/organizations/${org.key}/domains/${org.key}.test`;
    const include = { key: org.ownerKey, body: { includeSubdomains: true } };
    expect((await s.t.call('PATCH', address, include)).status).toBe(200);
    const { id } = await d.user(`ada@deep.mail.${org.key}.test`);
    const found = await s.sql('select status, pending_reason from member where id = $1', [id]);
    expect(found).toEqual([{ status: 'active', pending_reason: null }]);
    const renamed = await d.patch(`/Users/${id}`, { op: 'replace', path: 'name.givenName', value: 'Ada' });
    expect(renamed.status).toBe(200);
    const person = 'select p.given_name from person p join member m on m.person_id = p.id where m.id = $1';
    expect(await s.sql(person, [id])).toEqual([{ given_name: 'Ada' }]);
  });

  test('is replaced as a whole; what is not stated is gone, a block is not', async () => {
    const { body } = await d.call('POST', '/Users', full('whole'));
    await d.patch(`/Users/${body.id}`, { op: 'replace', value: { active: false } });
    const replaced = await d.call('PUT', `/Users/${body.id}`, { schemas: [USER], userName: `whole@${d.org.key}.test` });
    expect(replaced.status).toBe(200);
    const { id, meta, ...rest } = replaced.body;
    expect(rest).toEqual({ schemas: [USER], userName: `whole@${d.org.key}.test`, active: false });
    expect(meta.version).toBe('W/"3"');
    expect((await d.call('GET', `/Users/${id}`)).body).toEqual(replaced.body);
  });

  test('is found in place after a rename, whatever the case', async () => {
    const { body } = await d.call('POST', '/Users', full('maiden'));
    const rename = { op: 'replace', path: 'userName', value: `Married@${d.org.key}.test` };
    expect((await d.patch(`/Users/${body.id}`, rename)).status).toBe(200);
    const find = async (name: string) =>
      (await d.call('GET', `/Users?filter=${encodeURIComponent(`userName eq "${name}@${d.org.key}.test"`)}`)).body
        .totalResults;
    expect([await find('maiden'), await find('married'), await find('MARRIED')]).toEqual([0, 1, 1]);
    const taken = await d.call('POST', '/Users', {
      ...full('x'),
      userName: `MARRIED@${d.org.key}.TEST`,
      externalId: 'other',
    });
    expect(taken).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } });
  });

  test('that returns after a DELETE is the same member by externalId only', async () => {
    const { body } = await d.call('POST', '/Users', full('returns'));
    await d.call('DELETE', `/Users/${body.id}`);
    const back = await d.call('POST', '/Users', full('returns'));
    expect(back).toMatchObject({ status: 201, body: { id: body.id } });
    await d.call('DELETE', `/Users/${body.id}`);
    const stranger = await d.call('POST', '/Users', { ...full('returns'), externalId: 'somebody-else' });
    expect(stranger.status).toBe(201);
    expect(stranger.body.id).not.toBe(body.id);
  });

  test('who is a member already is adopted, and keeps what others gave', async () => {
    const member = await s.t.make.member(d.org, { name: 'adopted' });
    const { body } = await d.call('POST', '/Users', full('adopted'));
    expect(body.id).toBe(member.id);
    await d.call('DELETE', `/Users/${body.id}`);
    const [left] = await s.sql('select status from member where id = $1', [member.id]);
    expect(left.status).toBe('active');
  });
});

describe('versions', () => {
  test('guard changes and spare answers', async () => {
    const { body } = await d.call('POST', '/Users', full('versioned'));
    const path = `/Users/${body.id}`;
    const ifMatch = (tag: string) => ({ headers: { 'if-match': tag } });
    const ifNoneMatch = (tag: string) => ({ headers: { 'if-none-match': tag } });
    expect((await d.call('GET', path, undefined, ifNoneMatch('W/"1"'))).status).toBe(304);
    expect((await d.call('GET', path, undefined, ifNoneMatch('"7", W/"1"'))).status).toBe(304);
    expect((await d.call('GET', path, undefined, ifNoneMatch('W/"2"'))).status).toBe(200);
    const put = { ...full('versioned'), title: 'x' };
    expect((await d.call('PUT', path, put, ifMatch('W/"2"'))).status).toBe(412);
    expect((await d.call('PUT', path, put, ifMatch('nonsense'))).status).toBe(412);
    expect((await d.call('PUT', path, put, ifMatch('W/"1"'))).headers.get('etag')).toBe('W/"2"');
    const operations = { schemas: [], Operations: [{ op: 'replace', path: 'title', value: 'y' }] };
    const message = { ...operations, schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'] };
    expect((await d.call('PATCH', path, message, ifMatch('W/"1"'))).status).toBe(412);
    expect((await d.call('PATCH', path, message, ifMatch('*'))).status).toBe(200);
    expect((await d.call('DELETE', path, undefined, ifMatch('W/"1"'))).status).toBe(412);
    expect((await d.call('DELETE', path, undefined, ifMatch('W/"3"'))).status).toBe(204);
  });

  test('stay where nothing changes, by PUT and by PATCH', async () => {
    const { body } = await d.call('POST', '/Users', full('unchanged'));
    const put = await d.call('PUT', `/Users/${body.id}`, full('unchanged'));
    expect(put.body).toEqual(body);
    const patch = await d.patch(
      `/Users/${body.id}`,
      { op: 'replace', path: 'title', value: 'x' },
      { op: 'remove', path: 'title' },
    );
    expect(patch.body).toEqual(body);
  });
});

describe('projections', () => {
  test.each([
    ['attributes=userName', ['id', 'schemas', 'userName']],
    ['attributes=USERNAME,name.givenName', ['id', 'name', 'schemas', 'userName']],
    [`attributes=${ENTERPRISE}:department`, [ENTERPRISE, 'id', 'schemas']],
    ['attributes=meta.version,shoeSize', ['id', 'meta', 'schemas']],
    [
      'excludedAttributes=emails,phoneNumbers,meta,id,externalId',
      [ENTERPRISE, 'active', 'displayName', 'id', 'name', 'schemas', 'userName'],
    ],
  ])('%s', async (query, keys) => {
    const name = `p${query.length}${query.charCodeAt(12)}`;
    const created = await d.call('POST', `/Users?${query}`, full(name));
    expect(Object.keys(created.body).sort()).toEqual([...keys].sort());
    const read = await d.call('GET', `/Users/${created.body.id}?${query}`);
    expect(read.body).toEqual(created.body);
    const filter = encodeURIComponent(`externalId eq "ext-${name}"`);
    expect((await d.call('GET', `/Users?filter=${filter}&${query}`)).body.Resources).toEqual([created.body]);
  });

  test('a sub-attribute shows alone', async () => {
    const { body } = await d.call('POST', '/Users?attributes=name.givenName,emails.value', full('parts'));
    expect(body.name).toEqual({ givenName: 'Ada' });
    expect(body.emails).toEqual([{ value: `parts@${d.org.key}.test` }]);
  });

  test('a PATCH shows part and changes all', async () => {
    const { body } = await d.call('POST', '/Users', full('patched-part'));
    const message = {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'add', path: 'title', value: 'x' }],
    };
    const shown = await d.call('PATCH', `/Users/${body.id}?attributes=userName`, message);
    expect(Object.keys(shown.body).sort()).toEqual(['id', 'schemas', 'userName']);
    expect((await d.call('GET', `/Users/${body.id}`)).body).toMatchObject({ ...full('patched-part'), title: 'x' });
  });
});

describe('lists', () => {
  test('sort, page, count and search alike', async () => {
    const own = await s.directory();
    const names = ['delta', 'Alpha', 'charlie', 'Bravo', 'echo'];
    for (const name of names) {
      await own.user(name, name === 'echo' ? {} : { title: name.toUpperCase(), emails: [{ value: `${name}@x.test` }] });
    }
    const listed = async (query: string) => (await own.call('GET', `/Users?${query}`)).body;
    const namesOf = (body: Json) => body.Resources.map((user: Json) => user.userName);
    expect(namesOf(await listed('sortBy=userName'))).toEqual(['Alpha', 'Bravo', 'charlie', 'delta', 'echo']);
    expect(namesOf(await listed('sortBy=userName&sortOrder=descending&count=2'))).toEqual(['echo', 'delta']);
    expect(namesOf(await listed('sortBy=title'))).toEqual(['Alpha', 'Bravo', 'charlie', 'delta', 'echo']);
    expect(namesOf(await listed('sortBy=emails&sortOrder=descending'))[0]).toBe('echo');
    expect(namesOf(await listed('sortBy=meta.created'))).toEqual(names);
    expect(await listed('startIndex=2&count=2')).toMatchObject({ totalResults: 5, startIndex: 2, itemsPerPage: 2 });
    expect(await listed('startIndex=0&count=-1')).toMatchObject({ totalResults: 5, startIndex: 1, itemsPerPage: 0 });
    expect(await listed('startIndex=9')).toMatchObject({ totalResults: 5, itemsPerPage: 0, Resources: [] });
    const filter = 'title pr and userName sw "a" or userName eq "ECHO"';
    expect(await listed(`filter=${encodeURIComponent(filter)}&count=1`)).toMatchObject({
      totalResults: 2,
      itemsPerPage: 1,
    });
    const search = {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'],
      filter,
      sortBy: 'userName',
      attributes: ['userName'],
    };
    const found = await own.call('POST', '/Users/.search', search);
    expect(found.body).toMatchObject({ totalResults: 2 });
    expect(namesOf(found.body)).toEqual(['Alpha', 'echo']);
    expect(Object.keys(found.body.Resources[0]).sort()).toEqual(['id', 'schemas', 'userName']);
  });

  test('walked by index while others go, lose nobody who stays', async () => {
    const own = await s.directory();
    const made = await Promise.all(Array.from({ length: 60 }, (_, n) => own.user(`walk${n}`)));
    const seen = new Set<string>();
    let gone = made.map((user) => user.id).sort();
    for (let startIndex = 1; ; startIndex += 10) {
      const { body } = await own.call('GET', `/Users?startIndex=${startIndex}&count=10`);
      for (const user of body.Resources) seen.add(user.id);
      if (body.Resources.length < 10) break;
      // of those seen already, three go away
      for (const id of gone.slice(0, 3)) await own.call('DELETE', `/Users/${id}`);
      gone = gone.slice(3);
    }
    expect(gone.filter((id) => !seen.has(id))).toEqual([]);
  });

  test("a manager's address is shown from when there is such a user, the name where it is asked for", async () => {
    const own = await s.directory();
    const boss = await own.user('boss', { displayName: 'The Boss' });
    const clerk = await own.user('clerk', { [ENTERPRISE]: { manager: { value: boss.id } } });
    const address = `${s.scimUrl}/Users/${boss.id}`;
    const asked = encodeURIComponent(`${ENTERPRISE}:manager.displayName`);
    const [byId, named] = await Promise.all([
      own.call('GET', `/Users/${clerk.id}`),
      own.call('GET', `/Users/${clerk.id}?attributes=${asked}`),
    ]);
    expect(byId.body[ENTERPRISE]).toEqual({ manager: { value: boss.id, $ref: address } });
    expect(named.body[ENTERPRISE]).toEqual({ manager: { displayName: 'The Boss' } });
  });

  test('attributes that come with a filter are shown whole', async () => {
    const own = await s.directory();
    const emails = [{ value: `asked@${own.org.key}.test`, type: 'work' }];
    const { id } = await own.user('asked', { emails, title: 'Engineer' });
    const asked = encodeURIComponent('emails[type eq "work, or home"].value,title');
    expect((await own.call('GET', `/Users/${id}?attributes=${asked}`)).body).toMatchObject({
      emails: [{ value: emails[0]!.value }],
      title: 'Engineer',
    });
  });

  test('the root search finds users and groups', async () => {
    const own = await s.directory();
    const user = await own.user('u', { displayName: 'Same' });
    const group = await own.group('Same');
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'];
    const search = (body: object) => own.call('POST', '/.search', { schemas, ...body });
    const both = await search({ filter: 'displayName eq "same"' });
    expect(both.body.totalResults).toBe(2);
    expect(both.body.Resources.map((each: Json) => each.id)).toEqual([user.id, group.id]);
    expect((await search({ filter: 'displayName eq "same"', startIndex: 2, count: 1 })).body.Resources[0].id).toBe(
      group.id,
    );
    expect((await search({ filter: 'userName eq "u"' })).body).toMatchObject({ totalResults: 1 });
    expect((await search({ filter: 'shoeSize eq "u"' })).status).toBe(400);
  });
});
