// REST: what an organization declares as its own SCIM schemas, what is refused, and that stored values outlive changes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScimSetup, setupScim, type TestDirectory } from '../scim/scim-setup.ts';
import { eventually } from '../support/eventually.ts';
import type { Json } from '../support/server.ts';

let s: ScimSetup;
let d: TestDirectory;
beforeAll(async () => {
  s = await setupScim();
});
afterAll(() => s[Symbol.asyncDispose]());

const URN = 'urn:ietf:params:scim:schemas:extension:acme:2.0:User';

const path = (id = '') => `/v1/organizations/${d.org.id}/extension-schemas${id === '' ? '' : `/${id}`}`;
const call = (method: string, at: string, body?: unknown) => s.t.call(method, at, { key: d.org.ownerKey, body });
const declare = (body: object) =>
  call('POST', path(), { urn: URN, name: 'Acme', attributes: [{ name: 'badge' }], ...body });

async function declared(body: object): Promise<Json> {
  const answer = await declare(body);
  expect(answer.body).toMatchObject({ id: expect.any(String) });
  expect(answer.status).toBe(201);
  await seen(answer.body.urn);
  return answer.body;
}

/** A change is told to every process at its commit, and is heard a moment later. */
const seen = (urn: string, status = 200) =>
  eventually(async () => (await d.call('GET', `/Schemas/${urn}`)).status === status);

describe('a schema', () => {
  beforeAll(async () => {
    d = await s.directory();
  });

  test('is declared with defaults filled in, shown, listed and audited', async () => {
    const { status, body, headers } = await declare({
      attributes: [{ name: 'badge' }, { name: 'page', type: 'reference', referenceTypes: ['external'] }],
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.any(String),
      urn: URN,
      name: 'Acme',
      description: '',
      resourceTypes: ['User'],
      attributes: [
        {
          name: 'badge',
          type: 'string',
          description: '',
          multiValued: false,
          required: false,
          caseExact: false,
          mutability: 'readWrite',
          returned: 'default',
          uniqueness: 'none',
        },
        expect.objectContaining({ name: 'page', type: 'reference', caseExact: true, referenceTypes: ['external'] }),
      ],
      createdAt: expect.any(String),
      modifiedAt: expect.any(String),
    });
    expect(headers.get('location')).toBe(path(body.id));
    expect((await call('GET', path(body.id))).body).toEqual(body);
    expect((await call('GET', path())).body).toEqual({ items: [body] });
    const events = await s.sql('select action, data from audit_event where subject_id = $1', [body.id]);
    expect(events).toEqual([{ action: 'extension_schema.declared', data: { urn: URN } }]);
  });

  test('has a URN of its own', async () => {
    const taken = await declare({ urn: URN.toUpperCase() });
    expect(taken).toMatchObject({ status: 409, body: { code: 'uniqueness' } });
    for (const urn of [`${URN}:deeper`, URN.slice(0, -':User'.length)]) {
      expect(await declare({ urn })).toMatchObject({ status: 409, body: { code: 'conflict' } });
    }
    for (const urn of [
      'urn:ietf:params:scim:schemas:core:2.0:User',
      'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
      'URN:ietf:params:scim:schemas:extension:Enterprise:2.0:User:more',
      'urn:ietf:params:scim:api:messages:2.0:PatchOp',
      'http://acme.test/schema',
      'urn:acme:with space',
      'urn:acme:a"b',
    ]) {
      expect(await declare({ urn }), urn).toMatchObject({ status: 400, body: { code: 'invalid_value' } });
    }
  });

  test.each<[string, object]>([
    ['no such type', { type: 'date' }],
    ['readOnly, which nothing would ever set', { mutability: 'readOnly' }],
    ['global uniqueness', { uniqueness: 'global' }],
    ['what is no characteristic', { length: 3 }],
    ['a name that is none', { name: '1st' }],
    ['a name with a dot', { name: 'a.b' }],
    ['a name that every object has', { name: 'constructor' }],
    ['__proto__', { name: '__proto__' }],
    ['complex without parts', { type: 'complex' }],
    ['parts of what is not complex', { subAttributes: [{ name: 'x' }] }],
    ['complex inside complex', { type: 'complex', subAttributes: [{ name: 'x', type: 'complex' }] }],
    ['two parts of one name', { type: 'complex', subAttributes: [{ name: 'x' }, { name: 'X' }] }],
    ['a required part', { type: 'complex', subAttributes: [{ name: 'x', required: true }] }],
    ['writeOnly and returned', { mutability: 'writeOnly' }],
    ['a unique list', { multiValued: true, uniqueness: 'server' }],
    ['a unique boolean', { type: 'boolean', uniqueness: 'server' }],
    ['reference types of a string', { referenceTypes: ['User'] }],
  ])('is refused with %s', async (_, attribute) => {
    const { status, body } = await declare({ urn: 'urn:acme:refused', attributes: [{ name: 'x', ...attribute }] });
    expect({ status, detail: body.detail }).toEqual({ status: 400, detail: expect.stringMatching(/\w/) });
  });

  test('is refused with two attributes of one name, none, too many, or a unique one of groups', async () => {
    for (const attributes of [
      [{ name: 'x' }, { name: 'X' }],
      [],
      Array.from({ length: 101 }, (_, n) => ({ name: `x${n}` })),
    ]) {
      expect((await declare({ urn: 'urn:acme:refused', attributes })).status).toBe(400);
    }
    const unique = { resourceTypes: ['User', 'Group'], attributes: [{ name: 'x', uniqueness: 'server' }] };
    expect((await declare({ urn: 'urn:acme:refused', ...unique })).status).toBe(400);
    const wide = Array.from({ length: 90 }, (_, n) => ({ name: `x${n}`, description: 'd'.repeat(900) }));
    expect((await declare({ urn: 'urn:acme:refused', attributes: wide })).status).toBe(400);
  });

  test('is one of twenty at most', async () => {
    d = await s.directory();
    for (let n = 0; n < 20; n += 1) expect((await declare({ urn: `urn:acme:number${n}` })).status).toBe(201);
    expect(await declare({ urn: 'urn:acme:number20' })).toMatchObject({ status: 409, body: { code: 'conflict' } });
  });

  test('needs the permission to manage directories', async () => {
    const { key } = await s.t.make.key(d.org, ['member.view']);
    expect((await s.t.call('GET', path(), { key })).status).toBe(403);
    expect((await call('GET', path('no-id'))).status).toBe(404);
    expect((await call('GET', path(d.org.id))).status).toBe(404);
  });
});

describe('a change of a schema', () => {
  let schema: Json;
  beforeAll(async () => {
    d = await s.directory();
    schema = await declared({
      attributes: [
        { name: 'badge' },
        { name: 'unused' },
        { name: 'desk', type: 'complex', subAttributes: [{ name: 'floor', type: 'integer' }, { name: 'room' }] },
      ],
    });
    await d.user('ada', { [URN]: { badge: 'B1', desk: { floor: 3, room: 'x' } } });
  });

  const replace = (body: object) => call('PUT', path(schema.id), { urn: URN, name: 'Acme', ...body });
  const badge = { name: 'badge' };
  const desk = (...parts: object[]) => ({ name: 'desk', type: 'complex', subAttributes: parts });
  const floor = { name: 'floor', type: 'integer' };
  const room = { name: 'room' };

  test('is refused where a stored value would lose its attribute or its shape', async () => {
    for (const attributes of [
      [desk(floor, room)],
      [{ name: 'badge', type: 'integer' }, desk(floor, room)],
      [{ name: 'badge', multiValued: true }, desk(floor, room)],
      [badge, desk(floor)],
      [badge, desk({ name: 'floor' }, room)],
      [{ name: 'Badge' }, desk(floor, room)],
    ]) {
      expect(await replace({ attributes }), JSON.stringify(attributes)).toMatchObject({
        status: 409,
        body: { code: 'conflict', detail: expect.stringContaining('1 users or groups hold values') },
      });
    }
    const attributes = [badge, desk(floor, room)];
    expect((await replace({ urn: 'urn:acme:moved', attributes })).status).toBe(409);
    expect((await replace({ resourceTypes: ['Group'], attributes })).status).toBe(409);
    expect((await call('GET', path(schema.id))).body).toEqual(schema);
  });

  test('may add and drop what nobody states, and later requests are held to it', async () => {
    const attributes = [{ ...badge, required: true }, desk(floor, room), { name: 'level', type: 'integer' }];
    expect((await replace({ attributes })).status).toBe(200);
    await eventually(async () => {
      const shown = (await d.call('GET', `/Schemas/${URN}`)).body;
      return shown.attributes.map((each: Json) => each.name).join() === 'badge,desk,level';
    });
    const created = await d.call('POST', '/Users', { userName: 'bob', [URN]: { level: 1 } });
    expect(created).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } });
    expect(created.body.detail).toContain(`${URN}:badge`);
    const without = await d.user('bob');
    expect((await d.patch(`/Users/${without.id}`, { op: 'replace', path: 'active', value: false })).status).toBe(200);
  });

  test('is seen by both directories of the organization, and by no other organization', async () => {
    const second = await s.directory({ org: d.org });
    const other = await s.directory();
    expect((await second.call('GET', `/Schemas/${URN}`)).status).toBe(200);
    expect((await other.call('GET', `/Schemas/${URN}`)).status).toBe(404);
    expect(JSON.stringify((await other.call('GET', '/ResourceTypes')).body)).not.toContain(URN);
    const created = await other.user('eve', { [URN]: { badge: 'B1' } });
    expect(created[URN]).toBeUndefined();
    const found = await other.call('GET', `/Users?filter=${encodeURIComponent(`${URN}:badge eq "B1"`)}`);
    expect(found).toMatchObject({ status: 400, body: { scimType: 'invalidFilter' } });
    for (const [method, body] of [
      ['GET'],
      ['PUT', { urn: URN, name: 'x', attributes: [badge] }],
      ['DELETE'],
    ] as const) {
      const at = `/v1/organizations/${other.org.id}/extension-schemas/${schema.id}`;
      expect((await s.t.call(method, at, { key: other.org.ownerKey, body })).status).toBe(404);
      expect((await s.t.call(method, path(schema.id), { key: other.org.ownerKey, body })).status).toBe(404);
    }
  });

  test('deletes it only with its values, which then are gone from every user', async () => {
    expect(await call('DELETE', path(schema.id))).toMatchObject({ status: 409, body: { code: 'conflict' } });
    const [ada] = (await d.call('GET', '/Users?filter=userName%20eq%20%22ada%22')).body.Resources;
    expect(ada[URN]).toEqual({ badge: 'B1', desk: { floor: 3, room: 'x' } });
    expect((await call('DELETE', `${path(schema.id)}?values=remove`)).status).toBe(204);
    await seen(URN, 404);
    const { body } = await d.call('GET', `/Users/${ada.id}`);
    expect(body[URN]).toBeUndefined();
    expect(body.schemas).not.toContain(URN);
    expect(body.meta.version).not.toBe(ada.meta.version);
    expect((await call('GET', path())).body).toEqual({ items: [] });
  });
});
