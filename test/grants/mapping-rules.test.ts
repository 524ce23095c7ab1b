// Rules: groups become teams and roles, at once, for exactly the members they match, within the author's rights.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../src/ids.ts';
import { type Json, type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;
let directoryId: string;

beforeAll(async () => {
  t = await setup();
  acme = await t.make.organization('acme');
  directoryId = await t.make.directory(acme);
});
afterAll(() => t[Symbol.asyncDispose]());

const rules = '/v1/organizations/acme/mapping-rules';

/** A directory user by the directory's own door. */
async function push(name: string): Promise<string> {
  const [row] = await t.db.query<{ member_id: string }>(acme.id, {
    text: `select member_id from scim_create_user($1, $2, '{"kind":"directory","id":"d"}',
      row($3::text, null::text, true, $4::text, $3::text, null::text, null::text, $4::text, '{}'::jsonb)::directory_user_input)`,
    values: [acme.id, directoryId, name, `${name}@acme.test`],
  });
  return row?.member_id ?? '';
}

async function pushGroup(name: string, members: string[], externalId?: string): Promise<string> {
  const [row] = await t.db.query<{ id: string }>(acme.id, {
    text: `select id from scim_create_group($1, $2, '{"kind":"directory","id":"d"}', $3, $4, '{}', $5)`,
    values: [acme.id, directoryId, name, externalId ?? null, members],
  });
  return row?.id ?? '';
}

async function read(id: string): Promise<Json> {
  return (await t.call('GET', `/v1/organizations/acme/members/${id}`, { key: acme.ownerKey })).body;
}

const save = (rule: object, key = acme.ownerKey) => t.call('POST', rules, { key, body: rule });
const byName = (value: string, target: object) => ({ source: 'scim.group', match: 'display_name', value, target });

test('saving a rule gives what it says at once, and deleting it takes that away', async () => {
  const team = await t.make.team(acme, 'Engineering');
  const [ada, bob] = [await push('ada'), await push('bob')];
  const groupId = await pushGroup('Engineers', [ada]);
  const saved = await save(byName('ENGINEERS', { team: 'engineering' }));
  expect(saved).toMatchObject({ status: 201, body: { matched: 1, target: { team: team.id } } });
  expect((await read(ada)).teams).toMatchObject([{ key: 'engineering' }]);
  expect((await read(ada)).grants).toMatchObject([
    { source: 'scim', ref: `${saved.body.id}:${groupId}`, target: { team: team.id } },
  ]);
  expect((await read(bob)).teams).toEqual([]);
  expect((await t.call('DELETE', `${rules}/${saved.body.id}`, { key: acme.ownerKey })).status).toBe(204);
  expect(await read(ada)).toMatchObject({ teams: [], grants: [] });
});

test('two groups on one team are one membership with two reasons', async () => {
  const team = await t.make.team(acme, 'Research');
  const eve = await push('eve');
  await pushGroup('Scientists', [eve]);
  await pushGroup('Labs', [eve], 'ext-labs');
  const one = await save(byName('Scientists', { team: team.id }));
  await save({ source: 'scim.group', match: 'external_id', value: 'ext-labs', target: { team: 'research' } });
  expect(await read(eve)).toMatchObject({ teams: [{ key: 'research' }] });
  expect((await read(eve)).grants).toHaveLength(2);
  await t.call('DELETE', `${rules}/${one.body.id}`, { key: acme.ownerKey });
  expect(await read(eve)).toMatchObject({ teams: [{ key: 'research' }], grants: [{ source: 'scim' }] });
});

test('a rule takes away only its own: an admin’s grant on the same team stays', async () => {
  await t.make.team(acme, 'Both');
  const ida = await push('ida');
  await pushGroup('Both ways', [ida]);
  const saved = await save(byName('Both ways', { team: 'both' }));
  await t.call('PUT', `/v1/organizations/acme/members/${ida}/teams`, { key: acme.ownerKey, body: { teams: ['both'] } });
  await t.call('DELETE', `${rules}/${saved.body.id}`, { key: acme.ownerKey });
  expect(await read(ida)).toMatchObject({ teams: [{ key: 'both' }], grants: [{ source: 'manual' }] });
});

test('law 4: a rule to a role is held to its author’s rights', async () => {
  const { key } = await t.make.key(acme, ['rule.manage', 'organization.view', 'team.view']);
  expect(await save(byName('X', { role: 'owner' }), key)).toMatchObject({
    status: 403,
    body: { code: 'role_ceiling' },
  });
  expect(await save(byName('X', { role: 'manager' }), key)).toMatchObject({
    status: 403,
    body: { code: 'role_ceiling' },
  });
  expect((await save(byName('X', { role: 'member' }), key)).status).toBe(201);
  expect((await save(byName('X', { role: 'owner' }))).status).toBe(201);
});

test('law 3: deleting the rule that made the last owner keeps the grant, and says so', async () => {
  const org = await t.make.organization();
  const own = await t.make.directory(org);
  const [user] = await t.db.query<{ member_id: string }>(org.id, {
    text: `select member_id from scim_create_user($1, $2, '{}',
      row('boss', null, true, $3::text, 'Boss', null, null, $3::text, '{}'::jsonb)::directory_user_input)`,
    values: [org.id, own, `boss@${org.key}.test`],
  });
  const boss = user?.member_id ?? '';
  await t.db.query(org.id, {
    text: `select scim_create_group($1, $2, '{}', 'Bosses', null, '{}', $3)`,
    values: [org.id, own, [boss]],
  });
  const path = `/v1/organizations/${org.id}`;
  const { body: rule } = await t.call('POST', `${path}/mapping-rules`, {
    key: org.ownerKey,
    body: byName('Bosses', { role: 'owner' }),
  });
  const role = async () => (await t.call('GET', `${path}/members/${boss}`, { key: org.ownerKey })).body;
  expect(await role()).toMatchObject({ role: 'owner', fullControl: true });
  await t.call('DELETE', `${path}/mapping-rules/${rule.id}`, { key: org.ownerKey });
  expect(await role()).toMatchObject({ role: 'owner', grants: [{ retained: true }] });
  const alert = await t.call('GET', `${path}/audit-events?action=alert.last_owner_retained`, { key: org.ownerKey });
  expect(alert.body.items).toHaveLength(1);
});

test('a rule to a team or role that is not there is refused', async () => {
  for (const target of [{ team: 'nowhere' }, { role: 'king' }, { team: newId() }, {}, { team: 'a', role: 'b' }]) {
    expect([target, (await save(byName('X', target))).status]).toEqual([target, 400]);
  }
});
