// Evidence, directories and administrators side by side: the five states, overage, two connections, the policies for
// conflicts, switching sources off, the groups that there are, and why somebody has or lacks something.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changeMembers, type MappingSetup, setupMapping } from './mapping-setup.ts';

let setup: MappingSetup;

beforeAll(async () => {
  setup = await setupMapping();
});
afterAll(() => setup[Symbol.asyncDispose]());

/** Teams `lead` and `crew`, each given by the claim of the same name. */
async function world() {
  const c = await setup.company();
  const [lead, crew] = [await c.team('lead'), await c.team('crew')];
  const rules = [];
  for (const team of [lead, crew]) {
    rules.push(await c.rule({ source: 'sso.groups', match: 'external_id', value: team, target: { team } }));
  }
  return { c, rules };
}

test('two connections each take away only their own, and one group named by both is one membership with two reasons', async () => {
  const { c } = await world();
  const other = await c.connect(false);
  const ada = await c.guest();
  await c.says(ada, ['lead', 'crew']);
  await c.says(ada, ['crew'], { connection: other });
  expect(await c.teamsOf(ada)).toEqual(['crew', 'lead']);
  await c.says(ada, []);
  expect(await c.teamsOf(ada)).toEqual(['crew']);
  await c.says(ada, [], { connection: other });
  expect(await c.teamsOf(ada)).toEqual([]);
});

test('an old list keeps its age while later sign-ins are silent', async () => {
  const { c } = await world();
  const ada = await c.guest();
  await c.says(ada, ['crew']);
  c.s.t.clock.advance(3600);
  await c.says(ada, [], { state: 'absent' });
  const { grants } = await c.done('GET', `/members/${ada}/explain?team=crew`);
  const [claim] = grants[0].because;
  expect(claim).toMatchObject({ kind: 'claim', state: 'absent', values: ['crew'] });
  expect(Date.parse(claim.at) - Date.parse(claim.listedAt)).toBeGreaterThan(3_599_000);
});

describe('overage', () => {
  test('is resolved by the paired directory, which adds and takes nothing away', async () => {
    const { c } = await world();
    const ada = await c.person();
    await c.says(ada, ['crew']);
    await c.directory.group('Leaders', [ada], { externalId: 'lead' });
    expect(await c.says(ada, [], { state: 'overage' })).toMatchObject({ resolved: 1 });
    expect(await c.teamsOf(ada)).toEqual(['crew', 'lead']);
  });

  test('without a paired directory, or a user in it, changes nothing', async () => {
    const { c } = await world();
    const unpaired = await c.connect(false);
    const [ada, guest] = [await c.person(), await c.guest()];
    await c.directory.group('Leaders', [ada], { externalId: 'lead' });
    expect((await c.says(ada, [], { state: 'overage', connection: unpaired })).resolved).toBeUndefined();
    expect((await c.says(guest, [], { state: 'overage' })).resolved).toBeUndefined();
    expect([await c.teamsOf(ada), await c.teamsOf(guest)]).toEqual([[], []]);
  });
});

describe('conflicts', () => {
  test('directory-first: of a group that the directory manages, its word counts, at once; of others the sign-in’s', async () => {
    const { c } = await world();
    const [ada, guest] = [await c.person(), await c.guest()];
    for (const member of [ada, guest]) await c.says(member, ['lead', 'crew']);
    const group = (await c.directory.group('Leaders', [ada], { externalId: 'lead' })).id;
    expect(await c.teamsOf(ada)).toEqual(['crew', 'lead']);
    await changeMembers(c.directory, group, { remove: [ada] });
    expect([await c.teamsOf(ada), await c.teamsOf(guest)]).toEqual([['crew'], ['crew', 'lead']]);
    const explained = await c.done('GET', `/members/${ada}/explain?team=lead`);
    expect(explained).toMatchObject({ has: false, silentRules: [{ reason: 'directory_decides' }] });
    await c.says(ada, ['lead', 'crew']);
    expect(await c.teamsOf(ada)).toEqual(['crew']);
    await c.directory.call('DELETE', `/Groups/${group}`);
    expect(await c.teamsOf(ada)).toEqual(['crew', 'lead']);
  });

  test('directory-first: a user whom the directory takes over falls under its word, and out of it when let go', async () => {
    const { c } = await world();
    await c.directory.group('Leaders', [], { externalId: 'lead' });
    const member = await c.done('POST', '/members', { address: `eve@${c.org.key}.test` });
    await c.says(member.id, ['lead']);
    expect(await c.teamsOf(member.id)).toEqual(['lead']);
    const emails = [{ value: `eve@${c.org.key}.test`, primary: true }];
    expect((await c.directory.user(`eve@${c.org.key}.test`, { emails })).id).toBe(member.id);
    expect(await c.teamsOf(member.id)).toEqual([]);
    await c.directory.call('DELETE', `/Users/${member.id}`);
    expect(await c.teamsOf(member.id)).toEqual(['lead']);
  });

  test('union: whatever any source says; changing the policy evaluates everybody', async () => {
    const { c } = await world();
    const ada = await c.person();
    await c.says(ada, ['lead']);
    await c.directory.group('Leaders', [], { externalId: 'lead' });
    expect(await c.teamsOf(ada)).toEqual([]);
    expect(await c.done('GET', '/mapping-policy')).toEqual({ conflicts: 'directory-first' });
    await c.done('PUT', '/mapping-policy', { conflicts: 'union' });
    expect(await c.teamsOf(ada)).toEqual(['lead']);
    expect((await c.audit('mapping_policy.changed'))[0].data).toEqual({ from: 'directory-first', to: 'union' });
  });

  test('manual-first: whom an admin has given teams, or a role, has exactly these', async () => {
    const { c } = await world();
    await c.rule({ source: 'sso.groups', match: 'external_id', value: 'lead', target: { role: 'manager' } });
    const [ada, bob] = [await c.guest(), await c.guest()];
    for (const member of [ada, bob]) await c.says(member, ['lead']);
    await c.done('PUT', `/members/${ada}/teams`, { teams: ['crew'] });
    const state = async (id: string) => [await c.teamsOf(id), await c.roleOf(id)];
    expect(await state(ada)).toEqual([['crew', 'lead'], 'manager']);
    await c.done('PUT', '/mapping-policy', { conflicts: 'manual-first' });
    await c.done('PATCH', `/members/${ada}`, { role: 'member' });
    expect([await state(ada), await state(bob)]).toEqual([
      [['crew'], 'member'],
      [['lead'], 'manager'],
    ]);
    const { words } = await c.done('GET', `/members/${ada}/explain?team=lead`);
    expect(words.join(' ')).toContain('what was given by hand comes first');
    await c.done('PUT', `/members/${ada}/teams`, { teams: [] });
    expect(await c.teamsOf(ada)).toEqual(['lead']);
  });
});

test('what was given by hand survives every sync and every source that is switched off', async () => {
  const { c } = await world();
  const ada = await c.person();
  await c.done('PUT', `/members/${ada}/teams`, { teams: ['crew'] });
  await c.says(ada, ['lead', 'crew']);
  await c.says(ada, []);
  await c.done('POST', `/connections/${c.connectionId}/disable`, { grants: 'release' });
  expect(await c.teamsOf(ada)).toEqual(['crew']);
});

test('a connection switched off keeps or releases what it gave', async () => {
  const { c } = await world();
  const ada = await c.guest();
  await c.says(ada, ['lead']);
  await c.done('POST', `/connections/${c.connectionId}/disable`);
  expect(await c.teamsOf(ada)).toEqual(['lead']);
  await c.done('POST', `/connections/${c.connectionId}/disable`, { grants: 'release' });
  expect(await c.teamsOf(ada)).toEqual([]);
  await c.done('POST', `/connections/${c.connectionId}/disable`, { grants: 'keep' });
  expect(await c.teamsOf(ada)).toEqual(['lead']);
});

test('a connection paired with another directory is judged by that one', async () => {
  const { c } = await world();
  const ada = await c.person();
  await c.says(ada, ['lead']);
  await c.directory.group('Leaders', [], { externalId: 'lead' });
  expect(await c.teamsOf(ada)).toEqual([]);
  await c.done('PATCH', `/connections/${c.connectionId}`, { directoryId: null });
  expect(await c.teamsOf(ada)).toEqual(['lead']);
});

test('the groups that there are: joined by id, with names, ages, members, and whether a rule maps them', async () => {
  const { c, rules } = await world();
  const [ada, bob] = [await c.person(), await c.person()];
  const guid = '6f9619ff-8b86-d011-b42d-00cf4fc964ff';
  const group = (await c.directory.group('Leaders', [ada], { externalId: guid })).id;
  await c.says(bob, [guid, 'crew']);
  await c.says(ada, ['unmapped']);
  const { items } = await c.done('GET', '/identity-groups');
  expect(items.map((item: { name: string }) => item.name)).toEqual(['crew', 'Leaders', 'unmapped']);
  expect(items[1]).toMatchObject({
    id: group,
    names: [guid, 'Leaders'],
    externalId: guid,
    directoryId: c.directory.id,
    memberCount: 2,
    rules: [],
  });
  expect(items[0]).toMatchObject({ directoryId: null, memberCount: 1, rules: [rules[1].id] });
  const unmapped = async (query = '') => (await c.done('GET', `/identity-groups?mapped=false${query}`)).items;
  expect((await unmapped()).map((item: { name: string }) => item.name)).toEqual(['Leaders', 'unmapped']);
  const first = await c.done('GET', '/identity-groups?limit=2');
  expect((await c.done('GET', `/identity-groups?limit=2&cursor=${first.nextCursor}`)).items).toEqual([items[2]]);
  await c.rule({ source: 'scim.group', match: 'external_id', value: guid, target: { team: 'lead' } });
  expect(await unmapped()).toMatchObject([{ name: 'unmapped' }]);
});

test('a group was last seen when the last sign-in said it, or when one did so no more, also beyond the sweep', async () => {
  const { c } = await world();
  const ada = await c.guest();
  const lastSeen = async () => new Date((await c.done('GET', '/identity-groups')).items[0].lastSeenAt).getTime();
  const hours = async (work: () => Promise<unknown>) => {
    c.s.t.clock.advance(3600);
    const from = c.s.t.clock.now().getTime();
    await work();
    return [from, c.s.t.clock.now().getTime()] as const;
  };
  const within = async ([from, to]: readonly [number, number]) => {
    const at = await lastSeen();
    expect([at >= from, at <= to]).toEqual([true, true]);
  };
  await hours(() => c.says(ada, ['crew']));
  await within(await hours(() => c.says(ada, ['crew'])));
  const gone = await hours(() => c.says(ada, []));
  await within(gone);
  await hours(() => c.says(ada, ['lead']));
  await c.s.sql('select sweep_mapping($1)', [c.s.t.clock.now()]);
  await within(gone);
});

test('explain: why somebody has a team, a role, a permission, and why not', async () => {
  const { c, rules } = await world();
  const [ada, bob] = [await c.person(), await c.guest()];
  const group = await c.directory.group('Crew people', [ada], { externalId: 'g-1' });
  const rule = await c.rule({ source: 'scim.group', match: 'external_id', value: 'g-1', target: { team: 'crew' } });
  const about = (id: string, query: string) => c.done('GET', `/members/${id}/explain?${query}`);
  const has = await about(ada, 'team=crew');
  expect(has).toMatchObject({
    has: true,
    grants: [
      {
        source: 'scim',
        effective: true,
        rule: { id: rule.id },
        because: [{ kind: 'group', groupId: group.id, isMember: true }],
      },
    ],
    silentRules: [{ rule: { id: rules[1].id }, reason: 'no_match' }],
  });
  expect(has.words[0]).toBe('The member is in the team crew.');
  expect(has.words.join(' ')).toContain('because of the group Crew people');
  const lacks = await about(bob, 'team=crew');
  expect(lacks).toMatchObject({ has: false, grants: [] });
  expect(lacks.silentRules.map((silent: { reason: string }) => silent.reason).sort()).toEqual([
    'no_match',
    'not_in_group',
  ]);
  await c.rule({ source: 'sso.groups', match: 'external_id', value: 'boss', target: { role: 'manager' } });
  await c.says(bob, ['boss']);
  expect(await about(bob, 'role')).toMatchObject({
    has: true,
    role: 'manager',
    grants: [{ target: 'manager', effective: true }],
  });
  expect(await about(bob, 'role=owner')).toMatchObject({ has: false });
  const permission = await about(bob, 'permission=member.view');
  expect(permission).toMatchObject({ grants: [{ because: [{ kind: 'claim', values: ['boss'], state: 'list' }] }] });
  await c.done('POST', `/members/${bob}/suspend`, { reason: 'on leave' });
  expect((await about(bob, 'role')).words).toContain('The member is suspended, so nothing of this can be used.');
  expect((await c.call('GET', `/members/${bob}/explain?team=crew&role`)).status).toBe(400);
});
