// The rule model of docs/mapping.md: how rules match, what they lead to, and what becomes of it when facts or rules change.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Company, changeMembers, type MappingSetup, setupMapping } from './mapping-setup.ts';

let setup: MappingSetup;
let c: Company;

beforeAll(async () => {
  setup = await setupMapping();
  c = await setup.company();
});
afterAll(() => setup[Symbol.asyncDispose]());

const group = async (name: string, members: string[], externalId?: string): Promise<string> =>
  (await c.directory.group(name, members, externalId ? { externalId } : {})).id;

describe('how a rule matches', () => {
  test.each([
    ['prefix', 'acme-ENG', ['Acme-eng', 'acme-engineers'], ['eng', 'x-acme-eng']],
    ['glob', 'aws-*-admin?', ['AWS-prod-admins', 'aws--admin1'], ['aws-prod-admin', 'my-aws-prod-admins']],
    ['glob', 'a.c', ['A.C'], ['abc']],
    ['regex', 'team-[0-9]{2}', ['team-07'], ['Team-07', 'team-7', 'my-team-07', 'team-077']],
    ['regex', '(?i)team-x|ops', ['TEAM-X', 'Ops'], ['team-xy']],
    ['display_name', 'Straße', ['STRASSE'.replace('SS', 'ß'), 'straße'], ['strasse']],
    ['external_id', 'aB', ['aB'], ['ab', 'AB']],
  ])('a claim by %s %s', async (match, value, matching, others) => {
    const team = await c.team(`By ${match} ${value}`);
    await c.rule({ source: 'sso.groups', match, value, target: { team } });
    for (const claim of [...matching, ...others]) {
      const member = await c.guest();
      await c.says(member, [claim]);
      expect([claim, await c.teamsOf(member)]).toEqual([claim, matching.includes(claim) ? [team] : []]);
    }
  });

  test('a group of a directory, also one that comes after the rule or takes its name later', async () => {
    const team = await c.team('Late');
    await c.rule({ source: 'scim.group', match: 'glob', value: 'late *', target: { team } });
    const [ada, bob] = [await c.person(), await c.person()];
    await group('Late comers', [ada]);
    expect(await c.teamsOf(ada)).toEqual([team]);
    const early = await group('Early birds', [bob]);
    expect(await c.teamsOf(bob)).toEqual([]);
    const renamed = (displayName: string) =>
      c.directory.patch(`/Groups/${early}`, { op: 'replace', path: 'displayName', value: displayName });
    expect((await renamed('Late birds')).status).toBeLessThan(300);
    expect(await c.teamsOf(bob)).toEqual([team]);
    expect((await renamed('Early birds')).status).toBeLessThan(300);
    expect(await c.teamsOf(bob)).toEqual([]);
  });

  test('one of hundreds of groups that somebody comes into and leaves, the others staying as they are', async () => {
    const [one, many] = [await c.team('Crowd of one'), await c.team('Crowd of many')];
    await c.rule({ source: 'sso.groups', match: 'external_id', value: 'crowd-0', target: { team: one } });
    await c.rule({ source: 'sso.groups', match: 'prefix', value: 'crowd-', target: { team: many } });
    const crowd = Array.from({ length: 300 }, (_, n) => `crowd-${n + 1}`);
    const member = await c.guest();
    await c.says(member, crowd);
    expect(await c.teamsOf(member)).toEqual([many]);
    await c.says(member, ['crowd-0', ...crowd]);
    expect(new Set(await c.teamsOf(member))).toEqual(new Set([one, many]));
    await c.says(member, crowd);
    expect(await c.teamsOf(member)).toEqual([many]);
    await c.says(member, ['another crowd', ...crowd.map((name) => `x-${name}`)]);
    expect(await c.teamsOf(member)).toEqual([]);
  });

  test('a kept attribute, held to one connection', async () => {
    const team = await c.team('Clinic');
    const other = await c.connect(false);
    await c.rule({
      source: 'sso.attribute',
      attribute: 'department',
      match: 'display_name',
      value: 'clinic',
      connectionId: c.connectionId,
      target: { team },
    });
    const [ada, bob] = [await c.guest(), await c.guest()];
    await c.says(ada, ['Clinic'], { attribute: 'department' });
    await c.says(ada, ['Clinic'], { attribute: 'costCentre' });
    await c.says(bob, ['Clinic'], { attribute: 'department', connection: other });
    expect([await c.teamsOf(ada), await c.teamsOf(bob)]).toEqual([[team], []]);
    await c.says(ada, ['Surgery'], { attribute: 'department' });
    expect(await c.teamsOf(ada)).toEqual([]);
  });

  test.each([
    ['a pattern that only backtracks', { match: 'regex', value: '(a)\\1' }],
    ['one with a look-ahead', { match: 'regex', value: 'a(?=b)' }],
    ['one that does not end', { match: 'regex', value: '(' }],
    ['one that grows beyond the cap', { match: 'regex', value: '(a{1,99}b?){1,9}'.repeat(18) }],
    ['one that is too long', { match: 'regex', value: 'a'.repeat(301) }],
    ['a template without a pattern', { match: 'glob', value: 'x*', target: { teamTemplate: 'x-{name}' } }],
    [
      'a template of a capture that is not there',
      { match: 'regex', value: 'x(?<a>.)', target: { teamTemplate: 'x-{b}' } },
    ],
    [
      'a template that makes teams anywhere',
      {
        match: 'regex',
        value: '(?<a>.+)',
        target: { teamTemplate: '{a}', createMissing: 'create' },
      },
    ],
    ['an attribute where there is none', { match: 'external_id', value: 'x', attribute: 'department' }],
    [
      'a directory for a claim',
      { match: 'external_id', value: 'x', directoryId: '0199a5f2-7c1e-7d3a-8f62-3f0e4f6f2b11' },
    ],
    [
      'a connection that is not there',
      { match: 'external_id', value: 'x', connectionId: '0199a5f2-7c1e-7d3a-8f62-3f0e4f6f2b11' },
    ],
  ])('refuses %s', async (_what, rule) => {
    const team = (await c.done('GET', '/teams?limit=1')).items[0]?.id ?? (await c.team('Any'));
    const answer = await c.call('POST', '/mapping-rules', { source: 'sso.groups', target: { team }, ...rule });
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_value']);
  });

  test('takes names that make backtracking engines run for ever, and answers', async () => {
    const team = await c.team('Hostile');
    for (const value of ['(a*)*b', '(x+x+)+y', '(.*)(.*)(.*)(.*)(.*)(.*)(.*)!', '(a|aa)+$', '((a?){20}){20}b']) {
      await c.rule({ source: 'sso.groups', match: 'regex', value, target: { team } });
    }
    const member = await c.guest();
    await c.says(member, ['a'.repeat(512), 'x'.repeat(512), `${'a'.repeat(510)}b`]);
    expect(await c.teamsOf(member)).toEqual([team]);
  });
});

describe('what a rule leads to', () => {
  test('a template: captures name the team, within its prefix; missing ones are made up to the limit, audited', async () => {
    const present = await c.team('Sq One');
    const { id } = await c.rule({
      source: 'sso.groups',
      match: 'regex',
      value: 'Squad (?<name>.+)',
      target: { teamTemplate: 'sq-{name}', keyPrefix: 'sq-', createMissing: 'create', createLimit: 2 },
    });
    const member = await c.guest();
    await c.says(member, ['Squad One', 'Squad Zwölf & Co', 'Squad Two', 'Squad Three', 'Squad %']);
    expect(await c.teamsOf(member)).toEqual([present, 'sq-three', 'sq-two']);
    const made = (await c.audit('team.created')).filter((event) => event.data.rule === id);
    expect(made.map((event) => event.data.key).sort()).toEqual(['sq-three', 'sq-two']);
    expect((await c.done('GET', '/teams/sq-two')).displayName).toBe('sq-Two');
  });

  test('a template that makes nothing leads to teams that are there', async () => {
    const team = await c.team('Crew red');
    await c.rule({ source: 'sso.groups', match: 'regex', value: 'c:(?<x>\\w+)', target: { teamTemplate: 'crew-{x}' } });
    const member = await c.guest();
    await c.says(member, ['c:red', 'c:blue']);
    expect(await c.teamsOf(member)).toEqual([team]);
    const later = await c.team('Crew blue');
    expect(await c.teamsOf(member)).toEqual([later, team]);
  });

  test('a team that one template makes is at once the team of those whom another one leads there', async () => {
    const rule = (value: string, more: object) =>
      c.rule({ source: 'sso.groups', match: 'regex', value, target: { teamTemplate: 'band-{x}', ...more } });
    await rule('plays:(?<x>\\w+)', {});
    await rule('leads:(?<x>\\w+)', { keyPrefix: 'band-', createMissing: 'create', createLimit: 5 });
    const [player, leader, both] = [await c.guest(), await c.guest(), await c.guest()];
    await c.says(player, ['plays:blues']);
    await c.says(both, ['plays:blues', 'plays:jazz']);
    expect([await c.teamsOf(player), await c.teamsOf(both)]).toEqual([[], []]);
    await c.says(leader, ['leads:blues']);
    expect(await Promise.all([player, leader, both].map(c.teamsOf))).toEqual([
      ['band-blues'],
      ['band-blues'],
      ['band-blues'],
    ]);
  });

  test('what several sign-ins bring for the first time at the same moment is taken up once, and given to each', async () => {
    const own = await setup.company();
    const [all, one] = [await own.team('Guilds'), await own.team('Guild of seven')];
    await own.rule({ source: 'sso.groups', match: 'glob', value: 'guild *', target: { team: all } });
    await own.rule({ source: 'sso.groups', match: 'external_id', value: 'Guild 2-7', target: { team: one } });
    for (const round of [0, 1, 2]) {
      const groups = Array.from({ length: 50 }, (_, n) => `Guild ${round}-${n}`);
      const members = await Promise.all(Array.from({ length: 6 }, () => own.guest()));
      await Promise.all(members.map((member, n) => own.says(member, n % 2 === 0 ? groups : groups.toReversed())));
      for (const member of members) expect(await own.teamsOf(member)).toEqual(round === 2 ? [one, all] : [all]);
    }
    const taken = await own.s.sql(`select from claim_value where org_id = $1 and value like 'Guild %'`, [own.org.id]);
    expect(taken.length).toBe(150);
  });

  test('roles: the highest rank, unless a rule has a higher priority', async () => {
    const member = await c.guest();
    await c.rule({ source: 'sso.groups', match: 'external_id', value: 'mgr', target: { role: 'manager' } });
    const low = await c.rule({ source: 'sso.groups', match: 'external_id', value: 'low', target: { role: 'member' } });
    await c.says(member, ['mgr', 'low']);
    expect(await c.roleOf(member)).toBe('manager');
    await c.done('PATCH', `/mapping-rules/${low.id}`, { priority: 5 });
    expect(await c.roleOf(member)).toBe('member');
    await c.done('PATCH', `/mapping-rules/${low.id}`, { enabled: false });
    expect(await c.roleOf(member)).toBe('manager');
  });

  test('law 4: a rule gives no role that carries more than its author held when it was saved', async () => {
    const { key } = await c.s.t.make.key(c.org, ['rule.manage', 'organization.view', 'team.view']);
    const rule = { source: 'sso.groups', match: 'external_id', value: 'ceiling', target: { role: 'member' } };
    const saved = await c.call('POST', '/mapping-rules', rule, key);
    expect(saved.status).toBe(201);
    expect((await c.call('PATCH', `/mapping-rules/${saved.body.id}`, { priority: 1 }, key)).body.code).toBe(
      'role_ceiling',
    );
    expect((await c.call('PATCH', `/mapping-rules/${saved.body.id}`, { target: { role: 'owner' } }, key)).status).toBe(
      403,
    );
    await c.s.t.db.query(c.org.id, {
      text: `insert into role (org_id, key, display_name, rank, permissions) values ($1, 'wide', 'Wide', 1, '{member.view}')`,
      values: [c.org.id],
    });
    await c.s.t.db.query(c.org.id, {
      text: `update mapping_rule set target = 'wide' where org_id = $1 and id = $2`,
      values: [c.org.id, saved.body.id],
    });
    const member = await c.guest();
    await c.says(member, ['ceiling']);
    expect(await c.roleOf(member)).toBe('member');
    const explained = await c.done('GET', `/members/${member}/explain?role=wide`);
    expect(explained.silentRules).toMatchObject([{ rule: { id: saved.body.id }, reason: 'ceiling' }]);
  });
});

describe('when facts and rules change', () => {
  test('additive adds and never takes away, until the rule ends', async () => {
    const team = await c.team('Alumni');
    const rule = await c.rule({
      source: 'scim.group',
      match: 'external_id',
      value: 'alumni',
      mode: 'additive',
      target: { team },
    });
    const ada = await c.person();
    const id = await group('Students', [ada], 'alumni');
    await changeMembers(c.directory, id, { remove: [ada] });
    expect(await c.teamsOf(ada)).toEqual([team]);
    await c.done('DELETE', `/mapping-rules/${rule.id}`);
    expect(await c.teamsOf(ada)).toEqual([]);
  });

  test('shadow gives nothing and shows what it would; enforcing it gives exactly that', async () => {
    const team = await c.team('Shadowed');
    const [ada, bob] = [await c.guest(), await c.guest()];
    await c.says(ada, ['shadow-1']);
    await c.says(bob, ['shadow-2']);
    const rule = await c.rule({
      source: 'sso.groups',
      match: 'prefix',
      value: 'shadow-',
      mode: 'shadow',
      target: { team },
    });
    const role = await c.rule({
      source: 'sso.groups',
      match: 'external_id',
      value: 'shadow-2',
      mode: 'shadow',
      target: { role: 'manager' },
    });
    expect([await c.teamsOf(ada), await c.roleOf(bob)]).toEqual([[], 'member']);
    const would = (await c.done('GET', '/would-be-changes')).items;
    expect(would).toHaveLength(3);
    expect(would).toContainEqual({ memberId: ada, kind: 'team', target: team, roleNow: null, rules: [rule.id] });
    expect(would).toContainEqual({
      memberId: bob,
      kind: 'role',
      target: 'manager',
      roleNow: 'member',
      rules: [role.id],
    });
    const first = await c.done('GET', `/would-be-changes?rule=${rule.id}&limit=1`);
    const second = await c.done('GET', `/would-be-changes?rule=${rule.id}&limit=1&cursor=${first.nextCursor}`);
    expect([...first.items, ...second.items].map((item) => item.memberId).sort()).toEqual([ada, bob].sort());
    await c.done('PATCH', `/mapping-rules/${rule.id}`, { mode: 'enforce' });
    expect([await c.teamsOf(ada), await c.teamsOf(bob)]).toEqual([[team], [team]]);
    expect((await c.done('GET', `/would-be-changes?rule=${rule.id}`)).items).toEqual([]);
  });

  test('another value, another target, off and on: everybody touched is evaluated at once, and nobody else', async () => {
    const [one, two] = [await c.team('First'), await c.team('Second')];
    const [ada, bob] = [await c.guest(), await c.guest()];
    await c.says(ada, ['v1']);
    await c.says(bob, ['v2']);
    const { id } = await c.rule({ source: 'sso.groups', match: 'external_id', value: 'v1', target: { team: one } });
    const state = async () => [await c.teamsOf(ada), await c.teamsOf(bob)];
    expect(await state()).toEqual([[one], []]);
    await c.done('PATCH', `/mapping-rules/${id}`, { value: 'v2' });
    expect(await state()).toEqual([[], [one]]);
    await c.done('PATCH', `/mapping-rules/${id}`, { target: { team: two } });
    expect(await state()).toEqual([[], [two]]);
    const events = (await c.audit('member.teams_changed')).length;
    await c.done('PATCH', `/mapping-rules/${id}`, { enabled: false });
    expect(await state()).toEqual([[], []]);
    await c.done('PATCH', `/mapping-rules/${id}`, { enabled: true, note: 'back again' });
    expect(await state()).toEqual([[], [two]]);
    expect((await c.audit('member.teams_changed')).length).toBe(events + 2);
    const event = (await c.audit('member.teams_changed'))[0];
    expect(event).toMatchObject({ subject: { id: bob }, data: { rules: { [event?.data.added[0]]: [id] } } });
  });
});
