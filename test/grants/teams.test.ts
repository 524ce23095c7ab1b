// Teams: their keys are for ever, archiving ends memberships at once, Keycloak is told by a mark.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { teamKeyOf } from '../../src/grants/team.ts';
import { type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;
const teams = '/v1/organizations/acme/teams';

beforeAll(async () => {
  t = await setup();
  acme = await t.make.organization('acme');
});
afterAll(() => t[Symbol.asyncDispose]());

test.each([
  ['Engineering', 'engineering'],
  ['Research & Development', 'research-development'],
  ['  Émile Zola! ', 'emile-zola'],
  ['x'.repeat(80), 'x'.repeat(60)],
  ['研究', ''],
])('the display name %s makes the key %s', (name, key) => expect(teamKeyOf(name)).toBe(key));

test('a name that makes no key needs one, and the reserved key is refused', async () => {
  const post = (body: object) => t.call('POST', teams, { key: acme.ownerKey, body });
  expect((await post({ displayName: '研究' })).status).toBe(400);
  expect((await post({ displayName: '研究', key: 'research' })).status).toBe(201);
  expect((await post({ displayName: 'Roles', key: 'roles' })).status).toBe(400);
  expect((await post({ displayName: 'A/B', key: 'a/b' })).status).toBe(400);
});

test('a team is found by id and by key, renamed, and its key stays', async () => {
  const team = await t.make.team(acme, 'Before');
  const { body } = await t.call('PATCH', `${teams}/before`, { key: acme.ownerKey, body: { displayName: 'After' } });
  expect(body).toMatchObject({ id: team.id, key: 'before', displayName: 'After' });
  expect((await t.call('GET', `${teams}/${team.id}`, { key: acme.ownerKey })).body.displayName).toBe('After');
});

test('archiving ends memberships at once, marks the members for Keycloak, and keeps the key taken', async () => {
  const team = await t.make.team(acme, 'Gone');
  const member = await t.make.member(acme, { teams: ['gone'] });
  await t.db.realm({ text: 'delete from projection_due' });
  expect((await t.call('DELETE', `${teams}/${team.id}`, { key: acme.ownerKey })).status).toBe(204);
  const { body } = await t.call('GET', `/v1/organizations/acme/members/${member.id}`, { key: acme.ownerKey });
  expect(body.teams).toEqual([]);
  const marks = await t.db.realm<{ kind: string; priority: number }>({
    text: 'select kind, priority from projection_due order by kind',
  });
  expect(marks).toEqual([
    { kind: 'organization', priority: 1 },
    { kind: 'person', priority: 0 },
  ]);
  expect((await t.call('GET', `${teams}/gone`, { key: acme.ownerKey })).status).toBe(404);
  const again = await t.call('POST', teams, { key: acme.ownerKey, body: { displayName: 'Gone' } });
  expect(again).toMatchObject({ status: 409, body: { code: 'uniqueness' } });
});
