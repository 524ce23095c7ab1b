// The brake: when more than max(5, 20 %) of a team would go within an hour, facts are recorded and the grants are held,
// until an administrator releases or drops the change. It never holds back an administrator's own acts, or blocks.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Company, changeMembers, type MappingSetup, setupMapping } from './mapping-setup.ts';

let setup: MappingSetup;
let c: Company;

beforeAll(async () => {
  setup = await setupMapping();
  c = await setup.company();
});
afterAll(() => setup[Symbol.asyncDispose]());

let count = 0;

/** A team that a claim gives to so many members; `rule` gives it. */
async function crowd(size: number) {
  count += 1;
  const team = await c.team(`Crowd ${count}`);
  const claim = `crowd-${count}`;
  const rule = await c.rule({ source: 'sso.groups', match: 'external_id', value: claim, target: { team } });
  const members = await Promise.all(Array.from({ length: size }, () => c.guest()));
  await Promise.all(members.map((member) => c.says(member, [claim])));
  const present = async () => (await c.done('GET', `/teams/${team}`)).memberCount;
  return { team, claim, rule, members, size: present };
}

const held = async (team: string) =>
  (await c.done('GET', '/held-changes')).items.find((item: { team: { key: string } }) => item.team.key === team);

test('a rule edit that takes five of a team goes through; one that takes six is held, and alerts', async () => {
  const five = await crowd(5);
  await c.done('DELETE', `/mapping-rules/${five.rule.id}`);
  expect([await five.size(), await held(five.team)]).toEqual([0, undefined]);

  const six = await crowd(6);
  await c.done('PATCH', `/mapping-rules/${six.rule.id}`, { enabled: false });
  expect(await six.size()).toBe(6);
  const waiting = await held(six.team);
  expect(waiting.members.map((member: { memberId: string }) => member.memberId)).toEqual([...six.members].sort());
  expect(waiting.members[0].rules).toEqual([six.rule.id]);
  const [alert] = await c.audit('alert.team_change_held');
  expect(alert.data).toMatchObject({ hold: waiting.id });
  const words = (await c.done('GET', `/members/${six.members[0]}/explain?team=${six.team}`)).words.join(' ');
  expect(words).toContain('the brake holds it until an administrator decides');
});

test('released, the members go; dropped, they stay by hand; decided once', async () => {
  const [one, two] = [await crowd(6), await crowd(6)];
  for (const { rule } of [one, two]) await c.done('DELETE', `/mapping-rules/${rule.id}`);
  const [first, second] = [await held(one.team), await held(two.team)];
  expect(await c.done('POST', `/held-changes/${first.id}/release`)).toEqual({ members: 6 });
  expect(await c.done('POST', `/held-changes/${second.id}/drop`)).toEqual({ members: 6 });
  expect([await one.size(), await two.size()]).toEqual([0, 6]);
  const { grants } = await c.done('GET', `/members/${two.members[0]}/explain?team=${two.team}`);
  expect(grants).toMatchObject([{ source: 'manual', ref: `held:${second.id}`, effective: true }]);
  expect((await c.call('POST', `/held-changes/${first.id}/release`)).status).toBe(404);
  expect((await c.audit('held_change.released'))[0].data.members).toHaveLength(6);
});

test('what is given again is held no longer', async () => {
  const six = await crowd(6);
  await c.done('PATCH', `/mapping-rules/${six.rule.id}`, { enabled: false });
  expect(await held(six.team)).toBeDefined();
  await c.done('PATCH', `/mapping-rules/${six.rule.id}`, { enabled: true });
  expect([await six.size(), await held(six.team)]).toEqual([6, undefined]);
});

test('a wave of sign-ins: the sixth within the hour is held, and one an hour later is not', async () => {
  const wave = await crowd(8);
  for (const member of wave.members.slice(0, 6)) await c.says(member, ['something else']);
  expect(await wave.size()).toBe(3);
  expect((await held(wave.team)).members).toMatchObject([{ memberId: wave.members[5] }]);
  await c.s.sql(`update team_departure set at = at - interval '1 hour' where org_id = $1`, [c.org.id]);
  await c.says(wave.members[6] ?? '', ['something else']);
  expect(await wave.size()).toBe(2);
  // what was said stays said: the held one is not given back by being silent
  await c.says(wave.members[5] ?? '', [], { state: 'absent' });
  expect((await held(wave.team)).members).toHaveLength(1);
});

test('who loses one reason and gets another one in the same change keeps the team, and nothing is held', async () => {
  const six = await crowd(6);
  const heir = { source: 'sso.groups', match: 'prefix', value: six.claim, target: { team: six.team } };
  const plan = await c.done('POST', '/mapping-plans', {
    changes: [
      { op: 'delete', id: six.rule.id },
      { op: 'create', rule: heir },
    ],
  });
  expect(plan.teams).toEqual([]);
  await c.done('POST', `/mapping-plans/${plan.id}/apply`);
  expect([await six.size(), await held(six.team)]).toEqual([6, undefined]);
  const { grants } = await c.done('GET', `/members/${six.members[0]}/explain?team=${six.team}`);
  expect(grants).toMatchObject([{ rule: { match: 'prefix' }, held: false, effective: true }]);
});

test('a larger team: a fifth may go, not more', async () => {
  const large = await crowd(30);
  for (const member of large.members.slice(0, 7)) await c.says(member, []);
  expect([await large.size(), (await held(large.team)).members.length]).toEqual([24, 1]);
});

test('a directory that is switched off with release holds its teams, and so does a connection', async () => {
  const company = await setup.company();
  const [pushed, signed] = [await company.team('Pushed'), await company.team('Signed')];
  const people = await Promise.all(Array.from({ length: 6 }, () => company.person()));
  await company.directory.group('All', people);
  await company.rule({ source: 'scim.group', match: 'display_name', value: 'all', target: { team: pushed } });
  await company.rule({ source: 'sso.groups', match: 'external_id', value: 'all', target: { team: signed } });
  const guests: string[] = [];
  for (let n = 0; n < 6; n += 1) {
    guests.push(await company.guest());
    await company.says(guests[n] ?? '', ['all']);
  }
  const sizes = async () =>
    Promise.all([pushed, signed].map(async (team) => (await company.done('GET', `/teams/${team}`)).memberCount));
  await company.done('POST', `/directories/${company.directory.id}/deactivate`, { grants: 'release' });
  await company.done('POST', `/connections/${company.connectionId}/disable`, { grants: 'release' });
  expect(await sizes()).toEqual([6, 6]);
  // blocks are not held back: whom the directory alone carried is suspended
  expect((await company.done('GET', `/members/${people[0]}`)).status).toBe('suspended');
  for (const change of (await company.done('GET', '/held-changes')).items) {
    await company.done('POST', `/held-changes/${change.id}/release`);
  }
  expect(await sizes()).toEqual([0, 0]);
});

test('what a directory says of its groups, and what an admin does by hand, goes at once', async () => {
  const team = await c.team('At once');
  const people = await Promise.all(Array.from({ length: 12 }, () => c.person()));
  const group = (await c.directory.group('At once', people)).id;
  await c.rule({ source: 'scim.group', match: 'display_name', value: 'At once', target: { team } });
  const size = async () => (await c.done('GET', `/teams/${team}`)).memberCount;
  expect(await size()).toBe(12);
  await changeMembers(c.directory, group, { remove: people.slice(0, 6) });
  expect(await size()).toBe(6);
  for (const person of people.slice(0, 6)) await c.done('PUT', `/members/${person}/teams`, { teams: [team] });
  for (const person of people.slice(0, 6)) await c.done('PUT', `/members/${person}/teams`, { teams: [] });
  expect(await size()).toBe(6);
  await c.done('DELETE', `/members/${people[11]}`);
  expect([await size(), await held(team)]).toEqual([5, undefined]);
});
