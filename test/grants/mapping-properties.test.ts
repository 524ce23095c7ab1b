// Random rules, claims, groups, grants by hand and policies, in any order, on real Postgres beside an oracle in memory: the
// order of events does not matter, a preview is what applying it does, and silence takes nothing away.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from '../../src/db/database.ts';
import { updateDirectoryGroup } from '../../src/directory/change-directory-group.ts';
import { createMappingRule, deleteMappingRule, updateMappingRule } from '../../src/grants/change-mapping-rule.ts';
import { reconcileGrants, replaceManualTeams } from '../../src/grants/grants-store.ts';
import type { PlannedChange } from '../../src/grants/mapping-plan.ts';
import { changeMappingConflicts } from '../../src/grants/mapping-policy.ts';
import type { RuleChange, RuleInput } from '../../src/grants/mapping-rule.ts';
import { applyMappingPlan, previewRuleChanges } from '../../src/grants/plan-rule-changes.ts';
import { recordClaims } from '../../src/grants/record-claims.ts';
import { newId } from '../../src/ids.ts';
import { layOrganization } from '../../src/orgs/create-organization.ts';
import { OPERATOR_RIGHTS } from '../../src/roles/rights.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { createTestClock, testContext } from '../support/server.ts';
import {
  CONNECTIONS,
  type Connection,
  GROUPS,
  MappingOracle,
  MEMBERS,
  type Member,
  type Policy,
  type Rule,
  STATED,
  type State,
  TEAMS,
  type Team,
  VALUES,
  type Value,
} from './mapping-oracle.ts';

const RUNS = { numRuns: 20, endOnFailure: true } as const;
const RULES = 4;
/** More groups of whoever signs in that way; the patterns match them, no other rule does. */
const CROWD = Array.from({ length: 120 }, (_, n) => `crowd ${n}`);

let database: TestDatabase;
let db: Database;
const clock = createTestClock();
const ctx = testContext();

beforeAll(async () => {
  database = await createTestDatabase();
  db = new Database(database.appUrl, { size: 4 });
});
afterAll(async () => {
  await db.close();
  await database[Symbol.asyncDispose]();
});

type Event =
  | { readonly kind: 'say'; connection: Connection; member: Member; state: State; values: Value[] }
  | { readonly kind: 'group'; group: Value; member: Member; isIn: boolean }
  | { readonly kind: 'hand'; member: Member; teams: Team[] }
  | { readonly kind: 'rule'; slot: number; rule: Rule | null }
  | { readonly kind: 'policy'; policy: Policy };

const rule: fc.Arbitrary<Rule> = fc.record({
  source: fc.constantFrom('scim.group', 'sso.groups'),
  matches: fc.constantFrom(...VALUES, ...GROUPS, 'all' as const),
  connection: fc.constantFrom(null, null, ...CONNECTIONS),
  target: fc.oneof(
    { weight: 2, arbitrary: fc.record({ team: fc.constantFrom(...TEAMS) }) },
    { weight: 2, arbitrary: fc.record({ role: fc.constantFrom('manager', 'member') }) },
  ),
  priority: fc.constantFrom(0, 1),
  enabled: fc.constantFrom(true, true, true, false),
  shadow: fc.constantFrom(false, false, false, true),
});
const say = (...states: State[]) =>
  fc.record({
    kind: fc.constant('say' as const),
    connection: fc.constantFrom(...CONNECTIONS),
    member: fc.constantFrom(...MEMBERS),
    state: fc.constantFrom(...states),
    values: fc.subarray([...VALUES], { minLength: 1 }),
  });
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: say('list', 'list', 'list', 'empty', 'absent', 'overage', 'invalid') },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('group' as const),
      group: fc.constantFrom(...GROUPS),
      member: fc.constantFrom(...STATED),
      isIn: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('hand' as const),
      member: fc.constantFrom(...MEMBERS),
      teams: fc.subarray([...TEAMS]),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('rule' as const),
      slot: fc.nat(RULES - 1),
      rule: fc.option(rule, { nil: null, freq: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('policy' as const),
      policy: fc.constantFrom('directory-first', 'union', 'manual-first'),
    }),
  },
);

/** An organization of its own, with the oracle beside it. */
async function world() {
  const orgId = newId();
  const deps = { db, clock };
  const oracle = new MappingOracle();
  const one = async (text: string, ...values: unknown[]): Promise<string> =>
    (await db.query<{ id: string }>(orgId, { text, values: [orgId, ...values] }))[0]?.id ?? '';
  const key = `p-${orgId.slice(-12)}`;
  await db.inOrg(orgId, (tx) => layOrganization(tx, ctx, { key, displayName: key }));
  const directoryId = await one(`insert into directory (org_id, display_name) values ($1, 'D') returning id`);
  const ids = new Map<string, string>();
  for (const connection of CONNECTIONS) {
    const text = `insert into connection (org_id, protocol, display_name, settings, directory_id) values ($1, 'oidc', 'C', '{}', $2) returning id`;
    ids.set(connection, await one(text, connection === 'paired' ? directoryId : null));
  }
  for (const member of MEMBERS) {
    const isStated = STATED.includes(member);
    ids.set(
      member,
      isStated
        ? await one(
            `select member_id as id from scim_create_user($1, $2, '{}',
              row($3, $3, true, $3 || '@x.test', null, null, null, null, '{}')::directory_user_input)`,
            directoryId,
            member,
          )
        : await one(
            `insert into member (org_id, status, role_key, pending_reason) values ($1, 'pending', 'member', 'no_address') returning id`,
          ),
    );
  }
  for (const team of TEAMS) {
    ids.set(team, await one('insert into team (org_id, key, display_name) values ($1, $2, $2) returning id', team));
  }
  for (const group of GROUPS) {
    ids.set(
      group,
      await one(`select id from scim_create_group($1, $2, '{}', $3 || ' group', $3, '{}', '{}')`, directoryId, group),
    );
  }
  const id = (name: string) => ids.get(name) ?? '';
  const ruleIds = new Map<number, string>();

  const input = ({ source, matches, connection, target, priority, enabled, shadow }: Rule): RuleInput => ({
    source,
    attribute: '',
    connectionId: source === 'sso.groups' && connection ? id(connection) : null,
    directoryId: null,
    match: matches === 'all' ? 'glob' : 'external_id',
    value: matches === 'all' ? (source === 'scim.group' ? '? group' : '?') : matches,
    target: 'team' in target ? { kind: 'team', ref: target.team } : { kind: 'role', ref: target.role },
    priority,
    mode: shadow ? 'shadow' : 'enforce',
    enabled,
    note: null,
  });

  async function perform(happened: Event): Promise<void> {
    // the brake has tests of its own; here every change is an hour after the one before
    await db.query(orgId, { text: 'delete from team_departure where org_id = $1', values: [orgId] });
    switch (happened.kind) {
      case 'say': {
        const { connection, member, state, values } = happened;
        oracle.say(connection, member, state, values);
        await db.inOrg(orgId, (tx) => {
          const claim = {
            attribute: '',
            state,
            replaces: state === 'list' || state === 'empty',
            values: state === 'list' ? [...values, ...(connection === 'alone' ? CROWD : [])] : [],
          };
          return recordClaims(tx, ctx, {
            connectionId: id(connection),
            memberId: id(member),
            traceId: newId(),
            claims: [claim],
            settled: true,
            at: clock.now(),
          });
        });
        return;
      }
      case 'group': {
        const { group, member, isIn } = happened;
        oracle.inGroup[isIn ? 'add' : 'delete'](`${group} ${member}`);
        const members = { replace: false, add: isIn ? [id(member)] : [], remove: isIn ? [] : [id(member)] };
        await updateDirectoryGroup(deps, { orgId, directoryId }, id(group), undefined, undefined, members);
        return;
      }
      case 'hand':
        oracle.byHand.set(happened.member, new Set(happened.teams));
        await db.inOrg(orgId, async (tx) => {
          await replaceManualTeams(tx, id(happened.member), happened.teams.map(id), 'test');
          await reconcileGrants(tx, ctx, [id(happened.member)]);
        });
        return;
      case 'rule':
        return changeRule(happened.slot, happened.rule);
      case 'policy':
        oracle.policy = happened.policy;
        return changeMappingConflicts(deps, ctx, orgId, happened.policy);
    }
  }

  async function changeRule(slot: number, wanted: Rule | null): Promise<void> {
    const present = ruleIds.get(slot);
    if (wanted) oracle.rules.set(slot, withoutForeign(wanted));
    else oracle.rules.delete(slot);
    if (wanted && present)
      await updateMappingRule(deps, ctx, orgId, OPERATOR_RIGHTS, { id: present, rule: input(wanted) });
    else if (wanted)
      ruleIds.set(slot, (await createMappingRule(deps, ctx, orgId, OPERATOR_RIGHTS, input(wanted))).rule.id);
    else if (present) {
      await deleteMappingRule(deps, ctx, orgId, OPERATOR_RIGHTS, present);
      ruleIds.delete(slot);
    }
  }

  /** As rule changes of a draft. */
  function draft(changes: readonly { slot: number; rule: Rule | null }[]): RuleChange[] {
    const slots = new Map(changes.map((change) => [change.slot, change.rule]));
    return [...slots].flatMap(([slot, wanted]): RuleChange[] => {
      const present = ruleIds.get(slot);
      if (wanted && present) return [{ op: 'update', id: present, rule: input(wanted) }];
      if (wanted) return [{ op: 'create', id: newId(), rule: input(wanted) }];
      return present ? [{ op: 'delete', id: present }] : [];
    });
  }

  async function state(): Promise<Record<string, unknown>> {
    const rows = await db.query<{ id: string; role: string; teams: Team[] }>(orgId, {
      text: `select m.id, m.role_key as role, array(select t.key from team_member tm join team t on t.id = tm.team_id
          where tm.org_id = m.org_id and tm.member_id = m.id order by 1) as teams from member m where m.org_id = $1`,
      values: [orgId],
    });
    const found = new Map(rows.map((row) => [row.id, row]));
    return Object.fromEntries(
      MEMBERS.map((member) => [member, [found.get(id(member))?.role, found.get(id(member))?.teams]]),
    );
  }

  const expected = () =>
    Object.fromEntries(MEMBERS.map((member) => [member, [oracle.roleOf(member), oracle.teamsOf(member)]]));
  return {
    orgId,
    deps,
    perform,
    draft,
    state,
    expected,
    nameOf: (memberId: string) => MEMBERS.find((m) => id(m) === memberId),
  };
}

/** A rule on groups is held to no connection. */
function withoutForeign(wanted: Rule): Rule {
  return wanted.source === 'scim.group' ? { ...wanted, connection: null } : wanted;
}

test('whatever happens in whatever order, everybody has what facts, rules and policy come to', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 30, maxLength: 40, size: 'max' }), async (events) => {
      const w = await world();
      for (const happened of events) {
        await w.perform(happened);
        expect(await w.state()).toEqual(w.expected());
      }
    }),
    { ...RUNS, numRuns: 12 },
  );
});

test('the order of independent events does not change the end state', async () => {
  const independent = fc.uniqueArray(event, { minLength: 4, maxLength: 12, selector: placeOf }).filter(hasNoOverage);
  await fc.assert(
    fc.asyncProperty(independent, fc.infiniteStream(fc.nat()), async (events, numbers) => {
      const [one, other] = [await world(), await world()];
      for (const happened of events) await one.perform(happened);
      const shuffled = events
        .map((happened) => ({ happened, at: numbers.next().value ?? 0 }))
        .sort((a, b) => a.at - b.at);
      for (const { happened } of shuffled) await other.perform(happened);
      expect(await other.state()).toEqual(await one.state());
    }),
    { ...RUNS, numRuns: 10 },
  );
});

/** Events of one place replace each other; those of different places do not. */
function placeOf(happened: Event): string {
  switch (happened.kind) {
    case 'say':
      return `say ${happened.connection} ${happened.member}`;
    case 'group':
      return `group ${happened.group} ${happened.member}`;
    case 'hand':
      return `hand ${happened.member}`;
    case 'rule':
      return `rule ${happened.slot}`;
    case 'policy':
      return 'policy';
  }
}

/** Overage reads the directory's groups as they are then, so it is about two places. */
function hasNoOverage(events: readonly Event[]): boolean {
  return !events.some((happened) => happened.kind === 'say' && happened.state === 'overage');
}

test('silence takes nothing away: absent, overage and invalid only leave or add', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 5, maxLength: 15 }),
      fc.array(say('absent', 'overage', 'invalid'), { minLength: 1, maxLength: 6 }),
      async (events, silent) => {
        const w = await world();
        for (const happened of events) await w.perform(happened);
        const before = await w.state();
        for (const happened of silent) await w.perform(happened);
        const after = await w.state();
        for (const member of MEMBERS) {
          const [, had] = before[member] as [string, Team[]];
          const [, has] = after[member] as [string, Team[]];
          expect(has).toEqual(expect.arrayContaining(had));
        }
      },
    ),
    RUNS,
  );
});

test('applying a preview is what it said, member by member, and a preview changes nothing', async () => {
  const drafts = fc.array(fc.record({ slot: fc.nat(RULES - 1), rule: fc.option(rule, { nil: null }) }), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 5, maxLength: 15 }), drafts, async (events, changes) => {
      const w = await world();
      for (const happened of events) await w.perform(happened);
      const asked = w.draft(changes);
      fc.pre(asked.length > 0);
      const before = await w.state();
      const { plan, difference } = await previewRuleChanges(w.deps, ctx, w.orgId, OPERATOR_RIGHTS, asked);
      expect(await w.state()).toEqual(before);
      await applyMappingPlan(w.deps, ctx, w.orgId, OPERATOR_RIGHTS, plan.id);
      expect(await w.state()).toEqual(after(before, difference, w.nameOf));
    }),
    RUNS,
  );
});

/** A state with a difference over it. */
function after(
  before: Record<string, unknown>,
  difference: readonly PlannedChange[],
  nameOf: (memberId: string) => string | undefined,
): Record<string, unknown> {
  const state = structuredClone(before) as Record<string, [string, string[]]>;
  for (const change of difference) {
    if (change.kind !== 'team' && change.kind !== 'role') continue;
    const place = state[nameOf(change.memberId) ?? ''];
    if (!place) throw new Error(`the difference names ${change.memberId}`);
    if (change.kind === 'role') place[0] = change.to;
    else if (change.change === 'added') place[1] = [...place[1], change.team].sort();
    else if (change.change === 'removed') place[1] = place[1].filter((team) => team !== change.team);
  }
  return state;
}
