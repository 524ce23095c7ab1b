// The projection of one person on a real Keycloak: made, changed, released, disabled, rebuilt, in conflict.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAccount } from '../../src/keycloak/account.ts';
import { hasCredential } from '../../src/keycloak/credentials.ts';
import { findDrift } from '../../src/keycloak/drift.ts';
import { projectOrganization } from '../../src/keycloak/project-organization.ts';
import { projectPerson } from '../../src/keycloak/project-person.ts';
import { parkedAddress } from '../../src/keycloak/projection.ts';
import { type Setup, setup } from './keycloak-setup.ts';
import { openSession } from './open-session.ts';

let t: Setup;
beforeAll(async () => {
  t = await setup();
});
afterAll(() => t[Symbol.asyncDispose]());

const project = (id: string, endSessions = true) => projectPerson(t.keycloak, id, { endSessions });
const read = async (id: string) => (await readAccount(t.root, await t.accountOf(id)))?.account;

async function memberOf(key: string, address: string, setsPassword = false) {
  const org = await t.organization(key);
  const person = await t.person(address, 'Ada', setsPassword);
  const member = await t.member(org, person);
  return { org, person, member };
}

test('makes the account with its link, membership and groups, and the organization before it', async () => {
  const { org, person, member } = await memberOf('made', 'Ada@made.test');
  await t.joinTeam(org, member);
  await t.connection(org);
  await project(person);
  expect(await read(person)).toEqual({
    enabled: true,
    address: 'ada@made.test',
    givenName: 'Ada',
    familyName: 'Lovelace',
    links: ['sso-made'],
    roles: [],
    firstFactors: 'none',
    organizations: { made: ['/engineering', '/roles/member'] },
  });
  const id = await t.accountOf(person);
  const user = await t.root.call((api) => api.users.findOne({ id }));
  expect(user).toMatchObject({ emailVerified: true, requiredActions: [], attributes: { person_id: [person] } });
  const [made] = await t.root.call((api) => api.organizations.find({ search: 'made', exact: true }));
  const membership = await t.root.call((api) => api.organizations.getMember({ orgId: made!.id!, userId: id }));
  expect(membership).toMatchObject({ membershipType: 'UNMANAGED' });
  const [link] = await t.root.call((api) => api.users.listFederatedIdentities({ id }));
  expect(link).toMatchObject({ identityProvider: 'sso-made', userId: person });
});

test('asks an invited person for a password, and never again once there is a credential', async () => {
  const { person, member } = await memberOf('invited', 'guest@elsewhere.example', true);
  await project(person);
  const id = await t.accountOf(person);
  expect((await read(person))?.links).toEqual(['invitation']);
  expect(await t.root.call((api) => api.users.findOne({ id }))).toMatchObject({ requiredActions: ['UPDATE_PASSWORD'] });
  expect(await hasCredential(t.keycloak, person)).toBe(false);
  await openSession(t, id);
  expect(await hasCredential(t.keycloak, person)).toBe(true);
  await t.setStatus(member, 'suspended');
  await project(person);
  await t.setStatus(member, 'active');
  await project(person);
  expect(await t.root.call((api) => api.users.findOne({ id }))).toMatchObject({ requiredActions: [], enabled: true });
});

test('makes no account for a person without an active membership', async () => {
  const { person, member } = await memberOf('waiting', 'ada@waiting.test');
  await t.setStatus(member, 'invited');
  await project(person);
  expect(await t.accountOf(person)).toBeUndefined();
});

test('calls Keycloak no more when nothing has changed', async () => {
  const { person } = await memberOf('still', 'ada@still.test');
  await project(person);
  const calls = countCalls();
  await project(person);
  expect(calls()).toBe(0);
});

test('writes names without losing the person id', async () => {
  const { person } = await memberOf('renamed', 'ada@renamed.test');
  await project(person);
  await t.sql(`update person set given_name = 'Augusta & <Ada>', family_name = null where id = $1`, [person]);
  await project(person);
  expect(await read(person)).toMatchObject({ givenName: 'Augusta & <Ada>', familyName: '' });
  const id = await t.accountOf(person);
  expect(await t.root.call((api) => api.users.findOne({ id }))).toMatchObject({ attributes: { person_id: [person] } });
});

test('releasing a person from one of two organizations ends all sessions and keeps the other', async () => {
  const { person, member } = await memberOf('left', 'ada@left.test');
  const other = await t.organization('kept');
  await t.member(other, person);
  await project(person);
  const session = await openSession(t, await t.accountOf(person));
  await t.setStatus(member, 'removed');
  await project(person);
  expect(await read(person)).toMatchObject({ enabled: true, organizations: { kept: ['/roles/member'] } });
  expect(await session.isAlive()).toBe(false);
});

test('disabling ends sessions and offline tokens, and enabling again does not bring them back', async () => {
  const { person, member } = await memberOf('gone', 'ada@gone.test');
  await project(person);
  const session = await openSession(t, await t.accountOf(person));
  expect(await session.isAlive()).toBe(true);
  await t.setStatus(member, 'suspended');
  await project(person);
  expect(await read(person)).toMatchObject({ enabled: false, organizations: {} });
  await t.setStatus(member, 'active');
  await project(person);
  expect(await read(person)).toMatchObject({ enabled: true, organizations: { gone: ['/roles/member'] } });
  expect(await session.isAlive()).toBe(false);
  expect(await session.isOfflineAlive()).toBe(false);
});

test("a sign-in's own projection ends no session, and the worker's makes up for it", async () => {
  const { person, member } = await memberOf('signing', 'ada@signing.test');
  await t.member(await t.organization('signing-too'), person);
  await project(person);
  const session = await openSession(t, await t.accountOf(person));
  await t.setStatus(member, 'removed');
  await project(person, false);
  expect((await read(person))?.organizations).toEqual({ 'signing-too': ['/roles/member'] });
  expect(await session.isAlive()).toBe(true);
  await project(person);
  expect(await session.isAlive()).toBe(false);
});

test('ends the sessions that were asked to end, though nothing else has changed', async () => {
  const { person } = await memberOf('switched-off', 'ada@switched-off.test');
  await project(person);
  const session = await openSession(t, await t.accountOf(person));
  await t.sql('select demand_logout($1)', [person]);
  await project(person, false);
  expect(await session.isAlive()).toBe(true);
  await project(person);
  expect(await session.isAlive()).toBe(false);
  const calls = countCalls();
  await project(person);
  expect(calls()).toBe(0);
});

test('ends sessions after a run that broke off between taking away and logging out', async () => {
  const { person, member } = await memberOf('broken', 'ada@broken.test');
  await t.member(await t.organization('broken-too'), person);
  await project(person);
  const session = await openSession(t, await t.accountOf(person));
  await t.setStatus(member, 'removed');
  const [org] = await t.root.call((api) => api.organizations.find({ search: 'broken', exact: true }));
  const userId = await t.accountOf(person);
  await t.root.call((api) => api.organizations.delMember({ orgId: org!.id!, userId }));
  await t.sql('update keycloak_projected set certain = false where person_id = $1', [person]);
  await project(person);
  expect(await session.isAlive()).toBe(false);
});

test('builds an account again that was deleted by hand', async () => {
  const { org, person, member } = await memberOf('rebuilt', 'ada@rebuilt.test');
  await project(person);
  const before = await t.accountOf(person);
  await t.root.call((api) => api.users.del({ id: before }));
  await t.joinTeam(org, member);
  await project(person);
  expect(await t.accountOf(person)).not.toBe(before);
  expect(await read(person)).toMatchObject({
    enabled: true,
    organizations: { rebuilt: ['/engineering', '/roles/member'] },
  });
});

test("a sign-in's own projection notices that the account was deleted by hand", async () => {
  const { person } = await memberOf('noticed', 'ada@noticed.test');
  await project(person);
  const before = await t.accountOf(person);
  await t.root.call((api) => api.users.del({ id: before }));
  await project(person, false);
  expect(await t.accountOf(person)).not.toBe(before);
  expect(await read(person)).toMatchObject({ enabled: true, organizations: { noticed: ['/roles/member'] } });
});

test('repairs a group and an organization that were deleted by hand', async () => {
  const { org, person, member } = await memberOf('tidied', 'ada@tidied.test');
  await project(person);
  const [found] = await t.root.call((api) => api.organizations.find({ search: 'tidied', exact: true }));
  await t.root.call((api) => api.organizations.delById({ id: found!.id! }));
  await t.joinTeam(org, member);
  await project(person);
  expect(await read(person)).toMatchObject({ organizations: { tidied: ['/engineering', '/roles/member'] } });
});

test('quarantines an account that is not ours and holds the address', async () => {
  const squatter = await t.root.call((api) =>
    api.users.create({
      username: 'squatter',
      email: 'ada@taken.test',
      emailVerified: true,
      enabled: true,
      credentials: [{ type: 'password', value: 'correct horse battery', temporary: false }],
      federatedIdentities: [{ identityProvider: 'invitation', userId: 'x', userName: 'x' }],
    }),
  );
  const { person } = await memberOf('taken', 'ada@taken.test');
  await project(person);
  expect(await t.accountOf(person)).not.toBe(squatter.id);
  expect(await read(person)).toMatchObject({ address: 'ada@taken.test', enabled: true });
  const left = await readAccount(t.root, squatter.id);
  expect(left?.account).toMatchObject({ enabled: false, address: parkedAddress(squatter.id), links: [] });
  expect(await t.root.call((api) => api.users.getCredentials({ id: squatter.id }))).toEqual([]);
  expect(
    await t.sql('select keycloak_id from keycloak_quarantine where address_key = $1', ['ada@taken.test']),
  ).toHaveLength(1);
});

test('lets two persons swap their addresses', async () => {
  const { org, person: one } = await memberOf('swapped', 'one@swapped.test');
  const two = await t.person('two@swapped.test');
  await t.member(org, two);
  await project(one);
  await project(two);
  await t.sql(`update person_address set address_key = 'x', address = 'x' where person_id = $1`, [one]);
  await t.sql(
    `update person_address set address_key = 'one@swapped.test', address = 'one@swapped.test' where person_id = $1`,
    [two],
  );
  await t.sql(
    `update person_address set address_key = 'two@swapped.test', address = 'two@swapped.test' where person_id = $1`,
    [one],
  );
  await project(one);
  expect(await read(one)).toMatchObject({ address: 'two@swapped.test' });
  expect(await read(two)).toMatchObject({ address: parkedAddress(two) });
  expect(await t.sql('select 1 from projection_due where subject_id = $1', [two])).toHaveLength(1);
  await project(two);
  expect(await read(two)).toMatchObject({ address: 'one@swapped.test' });
});

test('gives up the address of a person who lost it to another', async () => {
  const { org, person, member } = await memberOf('recycled', 'ada@recycled.test');
  await project(person);
  await t.setStatus(member, 'removed');
  const heir = await t.person('other@recycled.test');
  await t.member(org, heir);
  await t.sql('delete from person_address where person_id in ($1, $2)', [person, heir]);
  await t.sql(
    `insert into person_address (address_key, address, person_id) values ('ada@recycled.test', 'ada@recycled.test', $1)`,
    [heir],
  );
  await project(heir);
  await project(person);
  expect(await read(heir)).toMatchObject({ address: 'ada@recycled.test', enabled: true });
  expect(await read(person)).toMatchObject({ address: parkedAddress(person), enabled: false, organizations: {} });
});

test('finds what was changed by hand and repairs it by marking', async () => {
  const { org, person } = await memberOf('drifted', 'ada@drifted.test');
  await projectOrganization(t.keycloak, org);
  await project(person);
  const id = await t.accountOf(person);
  await t.root.call((api) => api.users.update({ id }, { enabled: false }));
  await t.root.call((api) =>
    api.users.create({ username: 'byhand@drifted.test', email: 'byhand@drifted.test', enabled: true }),
  );
  const found = await findDrift(t.keycloak, { repair: true });
  expect(found.find((drift) => drift.id === person)?.differences).toEqual(['has another address, name or state']);
  expect(found.find((drift) => drift.kind === 'account')?.differences).toEqual([
    "account byhand@drifted.test is not Drawbridge's",
  ]);
  await project(person);
  expect(await read(person)).toMatchObject({ enabled: true });
});

/** Counts what the service account sends from now on. */
function countCalls(): () => number {
  let calls = 0;
  const { runtime } = t.keycloak;
  const { call, send } = runtime;
  const counted =
    <Args extends unknown[], Answer>(original: (...args: Args) => Answer) =>
    (...args: Args) => {
      calls += 1;
      return original(...args);
    };
  Object.assign(runtime, { call: counted(call), send: counted(send) });
  return () => {
    Object.assign(runtime, { call, send });
    return calls;
  };
}
