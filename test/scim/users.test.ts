// /Users over a real port: RFC 7644 section 3.3 to 3.6.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENTERPRISE, ERROR, type ScimSetup, setupScim, type TestDirectory, USER } from './scim-setup.ts';

let s: ScimSetup;
let d: TestDirectory;
beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
});
afterAll(() => s[Symbol.asyncDispose]());

const full = (name: string) => ({
  schemas: [USER, ENTERPRISE],
  externalId: `ext-${name}`,
  userName: `${name}@${d.org.key}.test`,
  name: { givenName: 'Ada', familyName: 'Lovelace', formatted: 'Ada Lovelace' },
  displayName: 'Ada Lovelace',
  active: true,
  emails: [{ value: `${name}@${d.org.key}.test`, type: 'work', primary: true }],
  phoneNumbers: [{ value: '+49 30 123', type: 'work' }],
  [ENTERPRISE]: { department: 'Engines', employeeNumber: '7' },
});

describe('users', () => {
  test('are made, with everything stated, an address and an ETag', async () => {
    const answer = await d.call('POST', '/Users', full('ada'));
    expect(answer.status).toBe(201);
    expect(answer.headers.get('content-type')).toBe('application/scim+json; charset=utf-8');
    expect(answer.headers.get('location')).toBe(`${s.scimUrl}/Users/${answer.body.id}`);
    expect(answer.headers.get('etag')).toBe('W/"1"');
    expect(answer.body).toMatchObject(full('ada'));
    expect(answer.body.meta).toMatchObject({
      resourceType: 'User',
      location: `${s.scimUrl}/Users/${answer.body.id}`,
      version: 'W/"1"',
    });
    const read = await d.call('GET', `/Users/${answer.body.id}`);
    expect(read.status).toBe(200);
    expect(read.body).toEqual(answer.body);
  });

  test('become members with a person', async () => {
    const user = await d.user(`member@${d.org.key}.test`);
    const [member] = await s.sql('select status, person_id from member where id = $1', [user.id]);
    expect(member).toMatchObject({ status: 'active', person_id: expect.any(String) });
  });
});

test('errors have the SCIM form', async () => {
  const answer = await d.call('GET', '/Users/nobody');
  expect(answer).toMatchObject({ status: 404, body: { schemas: [ERROR], status: '404', detail: expect.any(String) } });
});
