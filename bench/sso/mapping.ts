// What evidence and mapping cost a sign-in: a person with 2,000 groups in an organization with 5,000 rules and 10,000
// members, beside a person without groups in one without rules, in turn on the same database. Also what a change of a rule
// costs there. Alone: node bench/sso/mapping.ts
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { type LocalPostgres, startPostgres } from '../../src/dev/postgres.ts';
import { createMappingRule, deleteMappingRule, updateMappingRule } from '../../src/grants/change-mapping-rule.ts';
import type { RuleInput } from '../../src/grants/mapping-rule.ts';
import { recordClaims } from '../../src/grants/record-claims.ts';
import { newId } from '../../src/ids.ts';
import { OPERATOR_RIGHTS } from '../../src/roles/rights.ts';
import { oidcEvidence } from '../../sso/evidence.ts';
import { median } from './compare-cpu.ts';
import { ctx, layMember, layPlaces, MEMBERS, type Place, RULES } from './mapping-place.ts';

type MappingCost = {
  readonly what: string;
  /** Median wall time; of sign-ins, evidence and mapping alone. */
  readonly ms: number;
  /** Above a person without groups in an organization without rules; undefined for what is no sign-in. */
  readonly addedMs: number | undefined;
};

/** The mark of a person with 2,000 groups in an organization with 5,000 rules. */
export const MAPPING_ADDS_AT_MOST_MS = 10;

const GROUPS = 2000;
const TIMES = 15;
const WARM_UP = 10;

export async function measureMapping(postgres: LocalPostgres): Promise<MappingCost[]> {
  await using stack = new AsyncDisposableStack();
  const { plain, large } = await layPlaces(postgres, stack);
  const signIns = await measureSignIns(plain, large);
  return [...signIns, await measureRows(large), ...(await measureRules(large))];
}

type SignIn = { readonly groups: readonly string[]; readonly isFirst?: true };

/** Evidence from the claims, and what follows for the member, as a sign-in does them in its transaction. */
async function signIn(
  { db, orgId, connectionId, memberId }: Place,
  { groups, isFirst = false }: Omit<SignIn, 'isFirst'> & { readonly isFirst?: boolean },
): Promise<number> {
  const began = performance.now();
  const evidence = oidcEvidence({ sub: 'bench', groups }, { preset: 'generic', names: {}, kept: [] });
  let spent = performance.now() - began;
  await db.inOrg(orgId, async (tx) => {
    const inside = performance.now();
    await recordClaims(tx, ctx, {
      connectionId,
      memberId,
      traceId: newId(),
      claims: [{ attribute: '', ...evidence.groups, replaces: true }],
      settled: !isFirst,
      at: new Date(),
    });
    spent += performance.now() - inside;
  });
  return spent;
}

const range = (from: number, count = GROUPS) => Array.from({ length: count }, (_, n) => `group-${from + n}`);
/** The first two lead to the same 500 teams by other rules, the third to 500 others. */
const [ONE, ALIKE, OTHER] = [range(1), range(2001), range(5001)];
/** Known groups, of which rules name 40: those of even numbers. */
const FEW = [
  ...Array.from({ length: GROUPS - 40 }, (_, n) => `group-${1001 + 2 * n}`),
  ...Array.from({ length: 40 }, (_, n) => `group-${1000 + 2 * n}`),
];
const never = (n: number, count: number) => Array.from({ length: count }, (_, k) => `never-${n}-${count}-${k}`);

/** What the n-th sign-in of each case says; before each case the person was in the first 2,000 groups. */
const CASES: Readonly<Record<string, (n: number) => SignIn>> = {
  'the same 2,000 groups as before': () => ({ groups: ONE }),
  'one of 2,000 groups is another': (n) => ({ groups: [...ONE.slice(1), `group-${4000 + n}`] }),
  '50 of 2,000 groups are others': (n) => ({ groups: [...ONE.slice(50), ...range(4000 + n * 50, 50)] }),
  '20 of 2,000 groups are others, never seen before': (n) => ({ groups: [...ONE.slice(20), ...never(n, 20)] }),
  '2,000 other groups, which lead to the same 500 teams': (n) => ({ groups: n % 2 === 0 ? ALIKE : ONE }),
  '2,000 other groups, which lead to 500 other teams': (n) => ({ groups: n % 2 === 0 ? OTHER : ONE }),
  'the first sign-in, 2,000 groups, of which rules name 40': () => ({ groups: FEW, isFirst: true }),
  'the first sign-in, 2,000 groups, of which rules name 1,000': () => ({ groups: ONE, isFirst: true }),
  'the first sign-in, 2,000 groups never seen before': (n) => ({ groups: never(n, GROUPS), isFirst: true }),
};

async function measureSignIns(plain: Place, large: Place): Promise<MappingCost[]> {
  const floor: number[] = [];
  const costs: { what: string; ms: number }[] = [];
  for (let n = 0; n < WARM_UP; n += 1) {
    await signIn(plain, { groups: [] });
    await signIn(large, { groups: n % 2 === 0 ? ONE : OTHER });
  }
  for (const [what, saidAt] of Object.entries(CASES)) {
    const samples: number[] = [];
    await signIn(large, { groups: ONE });
    for (let n = 0; n < TIMES; n += 1) {
      const said = saidAt(n);
      // an hour goes by: the brake is not what is measured
      await large.admin.query('delete from team_departure');
      floor.push(await signIn(plain, { groups: [] }));
      samples.push(await signIn(said.isFirst ? { ...large, memberId: await layMember(large) } : large, said));
    }
    costs.push({ what, ms: median(samples) });
  }
  const least = median(floor);
  return [
    { what: 'no groups, no rules', ms: least, addedMs: undefined },
    ...costs.map((cost) => ({ ...cost, addedMs: cost.ms - least })),
  ];
}

/** What the rows of a first sign-in cost that nobody has to find, decide or guard: as the superuser, and rolled back. */
async function measureRows(place: Place): Promise<MappingCost> {
  const { admin, orgId } = place;
  const model = await layMember(place);
  await signIn({ ...place, memberId: model }, { groups: ONE, isFirst: true });
  for (const table of ['access_grant', 'team_member']) {
    await admin.query(`create temp table bare_${table} as select * from ${table} where member_id = '${model}'`);
  }
  const samples: number[] = [];
  for (let n = 0; n < TIMES; n += 1) {
    const memberId = await layMember(place);
    await admin.query('begin');
    const began = performance.now();
    await admin.query({
      name: 'bare_grants',
      text: `insert into access_grant (org_id, member_id, target_kind, target, source, ref)
        select $1, $2, target_kind, target, source, ref from bare_access_grant`,
      values: [orgId, memberId],
    });
    await admin.query({
      name: 'bare_memberships',
      text: 'insert into team_member (org_id, team_id, member_id) select $1, team_id, $2 from bare_team_member',
      values: [orgId, memberId],
    });
    samples.push(performance.now() - began);
    await admin.query('rollback');
  }
  const { rows } = await admin.query<{ grants: string; memberships: string }>(
    'select (select count(*) from bare_access_grant) as grants, (select count(*) from bare_team_member) as memberships',
  );
  const what = `${rows[0]?.grants} grants and ${rows[0]?.memberships} memberships of a first sign-in, inserted bare`;
  return { what, ms: median(samples), addedMs: undefined };
}

/** A rule that 2,000 of the 10,000 members match: made, led elsewhere, deleted. */
async function measureRules({ db, orgId }: Place): Promise<MappingCost[]> {
  const deps = { db, clock: systemClock };
  const author = OPERATOR_RIGHTS;
  const rule: RuleInput = {
    source: 'sso.groups',
    attribute: '',
    connectionId: null,
    directoryId: null,
    match: 'regex',
    value: 'group-1[0-9]{2,3}',
    target: { kind: 'team', ref: 'team-1' },
    priority: 0,
    mode: 'enforce',
    enabled: true,
    note: null,
  };
  const costs: MappingCost[] = [];
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const result = await work();
    costs.push({ what, ms: performance.now() - began, addedMs: undefined });
    return result;
  };
  const { rule: made, matched } = await createMappingRule(deps, ctx, orgId, author, { ...rule, mode: 'shadow' });
  await timed(`a pattern that ${matched} members match is enforced`, () =>
    updateMappingRule(deps, ctx, orgId, author, { id: made.id, rule: { mode: 'enforce' } }),
  );
  await timed('it leads to another team', () =>
    updateMappingRule(deps, ctx, orgId, author, { id: made.id, rule: { target: { kind: 'team', ref: 'team-2' } } }),
  );
  await timed('it is deleted', () => deleteMappingRule(deps, ctx, orgId, author, made.id));
  return costs;
}

export function mappingTable(costs: readonly MappingCost[]): string[] {
  const ms = (value: number | undefined) => (value === undefined ? '' : value.toFixed(1));
  return [
    `| evidence and mapping, ${RULES} rules, ${MEMBERS} members | ms | added ms |`,
    '|---|--:|--:|',
    ...costs.map(({ what, ms: all, addedMs }) => `| ${what} | ${ms(all)} | ${ms(addedMs)} |`),
  ];
}

if (import.meta.main) {
  const folder = await mkdtemp(join(tmpdir(), 'drawbridge-mapping-'));
  const postgres = await startPostgres({ dataDir: folder, log: console.error });
  try {
    console.log(mappingTable(await measureMapping(postgres)).join('\n'));
  } finally {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
