// A PATCH works from what its process remembers of the user: whatever another process did meanwhile stays done, and what is
// stored decides what is answered.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RecentUsers } from '../../src/directory/recent-users.ts';
import { createTestClock } from '../support/server.ts';
import { declareSchema } from './extension-setup.ts';
import { PATCH, type ScimSetup, type TestDirectory, USER } from './scim-setup.ts';
import { type SecondProcess, setupTwoProcesses } from './second-process.ts';

const BADGE = 'urn:example:badge:2.0:User';

let two: Awaited<ReturnType<typeof setupTwoProcesses>>;
let s: ScimSetup;
let other: SecondProcess;
let d: TestDirectory;

beforeAll(async () => {
  two = await setupTwoProcesses();
  ({ s, other } = two);
  d = await s.directory();
  const badge = { name: 'badge', type: 'string', mutability: 'immutable' };
  await declareSchema(s, d, { urn: BADGE, name: 'Badge', attributes: [badge] });
});
afterAll(() => two[Symbol.asyncDispose]());

/** A user whom the first process remembers. */
const remembered = async (userName: string, more: Record<string, unknown> = {}) => {
  const { id } = await d.user(userName, more);
  await d.call('GET', `/Users/${id}`);
  return `/Users/${id}`;
};
const replace = (path: string, value: unknown) => ({ op: 'replace', path, value });

test('what another process changed meanwhile stays changed', async () => {
  const path = await remembered('both@acme.test');
  await other.patch(d.token, path, replace('title', 'Pilot'));
  const { status, body } = await d.patch(path, replace('name.givenName', 'Bo'));
  expect([status, body.title, body.name.givenName, body.meta.version]).toEqual([200, 'Pilot', 'Bo', 'W/"3"']);
  expect(await other.get(d.token, path)).toEqual(body);
});

test('what is nothing new by memory, and something new by what is stored, is done', async () => {
  const path = await remembered('again@acme.test', { title: 'Cook' });
  await other.patch(d.token, path, replace('title', 'Baker'));
  expect((await d.patch(path, replace('title', 'Cook'))).body.title).toBe('Cook');
  expect((await other.get(d.token, path)).title).toBe('Cook');
});

test('what memory would refuse is decided by what is stored, and what it would allow as well', async () => {
  const path = await remembered('home@acme.test');
  const gone = { op: 'remove', path: 'emails[type eq "home"]' };
  const refused = await d.patch(path, gone);
  await other.patch(d.token, path, { op: 'add', path: 'emails', value: [{ type: 'home', value: 'h@home.test' }] });
  expect([refused.status, (await d.patch(path, gone)).status]).toEqual([400, 200]);
  expect((await other.get(d.token, path)).emails).toBeUndefined();

  const badged = await remembered('badge@acme.test');
  await other.patch(d.token, badged, { op: 'add', path: `${BADGE}:badge`, value: 'one' });
  const second = await d.patch(badged, { op: 'add', path: `${BADGE}:badge`, value: 'two' });
  expect([second.status, second.body.scimType]).toEqual([400, 'mutability']);
});

test('the answer shows the groups as they are, and the group’s own change needs no other version', async () => {
  const path = await remembered('grouped@acme.test');
  const id = path.slice('/Users/'.length);
  const group = await d.group('Late', []);
  await other.patch(d.token, `/Groups/${group.id}`, { op: 'add', path: 'members', value: [{ value: id }] });
  const { body } = await d.patch(path, replace('title', 'Grouped'));
  expect(body.groups).toMatchObject([{ value: group.id, display: 'Late' }]);
  expect(await other.get(d.token, path)).toEqual(body);
});

test('whoever is deleted elsewhere is not there, and whoever is blocked there stays blocked', async () => {
  const gone = await remembered('gone@acme.test');
  await other.call(d.token, 'DELETE', gone);
  expect((await d.patch(gone, replace('title', 'Ghost'))).status).toBe(404);

  const blocked = await remembered('blocked@acme.test');
  await other.patch(d.token, blocked, replace('active', false));
  expect((await d.patch(blocked, replace('title', 'Blocked'))).body).toMatchObject({ active: false, title: 'Blocked' });
});

test('another directory’s token finds nobody by what is remembered of this one', async () => {
  const path = await remembered('mine@acme.test');
  const stranger = await s.directory();
  expect((await stranger.patch(path, replace('title', 'Taken'))).status).toBe(404);
  expect((await d.call('GET', path)).body.title).toBeUndefined();
});

test('two processes that change one user over and over lose nothing of each other', async () => {
  const path = await remembered('race@acme.test', { name: { givenName: 'A', familyName: 'B' } });
  const numbers = Array.from({ length: 40 }, (_, n) => n);
  await Promise.all([
    ...numbers.map((n) =>
      d.patch(path, { op: 'add', path: 'phoneNumbers', value: [{ type: `a${n}`, value: `+1${n}` }] }),
    ),
    ...numbers.map((n) =>
      other.patch(d.token, path, { op: 'add', path: 'phoneNumbers', value: [{ type: `b${n}`, value: `+2${n}` }] }),
    ),
  ]);
  const { phoneNumbers } = await other.get(d.token, path);
  const types = phoneNumbers.map(({ type }: { type: string }) => type).sort();
  expect(types).toEqual(numbers.flatMap((n) => [`a${n}`, `b${n}`]).sort());
});

test('what a bulk request undoes is not remembered', async () => {
  const path = await remembered('undone@acme.test', { title: 'First' });
  const operations = [
    { method: 'PATCH', path, data: { schemas: [PATCH], Operations: [replace('title', 'Second')] } },
    { method: 'POST', path: '/Users', bulkId: 'x', data: { schemas: [USER], userName: 'undone@acme.test' } },
  ];
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'];
  expect((await d.call('POST', '/Bulk', { schemas, failOnErrors: 1, Operations: operations })).status).toBe(200);
  const title = (await other.get(d.token, path)).title;
  expect((await d.patch(path, replace('userType', 'Guest'))).body).toMatchObject({ title, userType: 'Guest' });
});

test('memory ends by time and by number, and keeps nothing of what is not committed', async () => {
  const clock = createTestClock();
  const users = new RecentUsers({ db: s.t.db, clock });
  const scope = { orgId: d.org.id, directoryId: d.id };
  const user = (id: string, resource = '{}') => {
    const at = '2026-01-01 00:00:00';
    return { id, version: 1, active: true, created_at: at, modified_at: at, resource };
  };
  users.note(scope, user('one'));
  expect(users.recall(scope, 'one')).toEqual(user('one'));
  clock.advance(60);
  expect(users.recall(scope, 'one')).toBeUndefined();

  clock.advance(60);
  for (let n = 0; n < 4097; n += 1) users.note(scope, user(`user ${n}`));
  expect([users.recall(scope, 'user 0'), users.recall(scope, 'user 1')?.id]).toEqual([undefined, 'user 1']);

  users.note(scope, user('long', ' '.repeat(5000)));
  expect(users.recall(scope, 'long')).toBeUndefined();

  await s.t.db.inSharedTransaction(scope.orgId, async () => {
    users.note(scope, user('undone'));
    expect(users.recall(scope, 'user 1')).toBeUndefined();
  });
  expect(users.recall(scope, 'undone')).toBeUndefined();
});
