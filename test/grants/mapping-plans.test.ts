// Preview and apply: a plan says exactly what it would do, changes nothing, and does exactly that or refuses.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Company, changeMembers, type MappingSetup, setupMapping } from './mapping-setup.ts';

let setup: MappingSetup;

beforeAll(async () => {
  setup = await setupMapping();
});
afterAll(() => setup[Symbol.asyncDispose]());

/** Two people in a group that gives a team, one of whom a sign-in names in another. */
async function world() {
  const c = await setup.company();
  const [old, fresh] = [await c.team('Old'), await c.team('New')];
  const [ada, bob] = [await c.person(), await c.person()];
  const group = (await c.directory.group('Crew', [ada, bob])).id;
  await c.says(ada, ['lead']);
  const rule = await c.rule({ source: 'scim.group', match: 'display_name', value: 'Crew', target: { team: old } });
  const changes = [
    { op: 'update', id: rule.id, rule: { target: { team: fresh } } },
    { op: 'create', rule: { source: 'sso.groups', match: 'external_id', value: 'lead', target: { role: 'manager' } } },
  ];
  return { c, old, fresh, ada, bob, group, rule, changes };
}

const changesOf = async (c: Company, plan: { id: string }) =>
  (await c.done('GET', `/mapping-plans/${plan.id}/changes?limit=200`)).items;

test('a preview names every difference and the rule responsible, and changes nothing', async () => {
  const { c, old, fresh, ada, bob, rule, changes } = await world();
  const before = await c.audit('member.teams_changed');
  const plan = await c.done('POST', '/mapping-plans', { changes });
  expect(plan).toMatchObject({
    appliedAt: null,
    rules: [{ op: 'update', id: rule.id }, { op: 'create' }],
    teams: [
      { team: fresh, added: 2, removed: 0, held: 0 },
      { team: old, added: 0, removed: 2, held: 0 },
    ].sort((a, b) => a.team.localeCompare(b.team)),
    roles: 1,
  });
  const difference = await changesOf(c, plan);
  for (const memberId of [ada, bob]) {
    expect(difference).toContainEqual({ kind: 'team', memberId, team: fresh, change: 'added', rules: [rule.id] });
    expect(difference).toContainEqual({ kind: 'team', memberId, team: old, change: 'removed', rules: [rule.id] });
  }
  expect(difference).toContainEqual({
    kind: 'role',
    memberId: ada,
    from: 'member',
    to: 'manager',
    rules: [plan.rules[1].id],
  });
  expect(difference).toHaveLength(5);
  expect([await c.teamsOf(ada), await c.roleOf(ada)]).toEqual([[old], 'member']);
  expect(await c.audit('member.teams_changed')).toEqual(before);
  expect((await c.done('GET', '/mapping-rules')).items).toHaveLength(1);
});

test('applying it does that, once; the new rule has the id that the preview said', async () => {
  const { c, fresh, ada, bob, changes } = await world();
  const plan = await c.done('POST', '/mapping-plans', { changes });
  const applied = await c.done('POST', `/mapping-plans/${plan.id}/apply`);
  expect(applied.appliedAt).not.toBeNull();
  expect([await c.teamsOf(ada), await c.teamsOf(bob), await c.roleOf(ada)]).toEqual([[fresh], [fresh], 'manager']);
  expect((await c.done('GET', `/mapping-rules/${plan.rules[1].id}`)).target).toEqual({ role: 'manager' });
  expect((await c.call('POST', `/mapping-plans/${plan.id}/apply`)).status).toBe(409);
});

test.each([
  [
    'somebody has joined the group',
    async ({ c, group }) => changeMembers(c.directory, group, { add: [await c.person()] }),
  ],
  ['somebody has left it', ({ c, group, bob }) => changeMembers(c.directory, group, { remove: [bob] })],
  ['a sign-in has said something else', ({ c, ada }) => c.says(ada, [])],
  ['an admin has given the role by hand', ({ c, ada }) => c.done('PATCH', `/members/${ada}`, { role: 'manager' })],
  [
    'another admin has changed the rule',
    ({ c, rule }) => c.done('PATCH', `/mapping-rules/${rule.id}`, { note: 'mine' }),
  ],
  ['the rule is gone', ({ c, rule }) => c.done('DELETE', `/mapping-rules/${rule.id}`)],
  ['the team is gone', ({ c, fresh }) => c.done('DELETE', `/teams/${fresh}`)],
] as const satisfies readonly (readonly [string, (w: Awaited<ReturnType<typeof world>>) => Promise<unknown>])[])(
  'a plan is refused, and nothing happens, once %s',
  async (_what, moves) => {
    const w = await world();
    const plan = await w.c.done('POST', '/mapping-plans', { changes: w.changes });
    await moves(w);
    const before = [await w.c.teamsOf(w.ada), await w.c.roleOf(w.ada), await w.c.done('GET', '/mapping-rules')];
    const answer = await w.c.call('POST', `/mapping-plans/${plan.id}/apply`);
    expect([answer.status, answer.body.code]).toEqual([409, 'conflict']);
    expect([await w.c.teamsOf(w.ada), await w.c.roleOf(w.ada), await w.c.done('GET', '/mapping-rules')]).toEqual(
      before,
    );
  },
);

test('what does not touch the plan does not stop it', async () => {
  const { c, fresh, bob, changes } = await world();
  const plan = await c.done('POST', '/mapping-plans', { changes });
  await c.directory.group('Others', [await c.person()]);
  await c.team('Elsewhere');
  await c.done('POST', `/mapping-plans/${plan.id}/apply`);
  expect(await c.teamsOf(bob)).toEqual([fresh]);
});

test('a preview shows teams that a template would make, what the brake would hold, and keeps to the author’s rights', async () => {
  const { c } = await world();
  const crew = await c.team('Seven');
  const people = await Promise.all(Array.from({ length: 7 }, () => c.person()));
  await c.directory.group('G seven', people);
  const rule = await c.rule({ source: 'scim.group', match: 'display_name', value: 'G seven', target: { team: crew } });
  const template = { teamTemplate: 'g-{n}', keyPrefix: 'g-', createMissing: 'create' };
  const changes = [
    { op: 'delete', id: rule.id },
    { op: 'create', rule: { source: 'scim.group', match: 'regex', value: 'G (?<n>.+)', target: template } },
  ];
  const plan = await c.done('POST', '/mapping-plans', { changes });
  expect(plan).toMatchObject({
    teamsMade: ['g-seven'],
    teams: [
      { team: 'g-seven', added: 7, removed: 0, held: 0 },
      { team: 'seven', added: 0, removed: 0, held: 7 },
    ],
  });
  expect((await c.call('GET', '/teams/g-seven')).status).toBe(404);
  await c.done('POST', `/mapping-plans/${plan.id}/apply`);
  expect((await c.done('GET', '/teams/g-seven')).memberCount).toBe(7);

  const { key } = await c.s.t.make.key(c.org, ['rule.manage', 'organization.view']);
  const beyond = {
    op: 'create',
    rule: { source: 'scim.group', match: 'prefix', value: 'x', target: { role: 'owner' } },
  };
  expect((await c.call('POST', '/mapping-plans', { changes: [beyond] }, key)).body.code).toBe('role_ceiling');
  const owners = await c.done('POST', '/mapping-plans', { changes: [beyond] });
  expect((await c.call('POST', `/mapping-plans/${owners.id}/apply`, undefined, key)).body.code).toBe('role_ceiling');
});

test('a plan expires', async () => {
  const { c, changes } = await world();
  const plan = await c.done('POST', '/mapping-plans', { changes });
  await c.s.sql(`update mapping_plan set expires_at = now() - interval '1 minute' where id = $1`, [plan.id]);
  expect((await c.call('POST', `/mapping-plans/${plan.id}/apply`)).status).toBe(409);
});
