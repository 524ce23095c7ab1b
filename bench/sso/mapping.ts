// What evidence and mapping cost a sign-in: a person with 2,000 groups in an organization with 5,000 rules and 10,000
// members, beside a person without groups in one without rules, in turn on the same database. Also what a change of a rule
// costs there. Alone: node bench/sso/mapping.ts
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.ts';
import type { RequestContext } from '../../src/context.ts';
import { Database } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { prepareDatabase } from '../../src/db/prepare.ts';
import { type LocalPostgres, startPostgres } from '../../src/dev/postgres.ts';
import { newSecrets } from '../../src/dev/secrets.ts';
import { createMappingRule, deleteMappingRule, updateMappingRule } from '../../src/grants/change-mapping-rule.ts';
import type { RuleInput } from '../../src/grants/mapping-rule.ts';
import { recordClaims } from '../../src/grants/record-claims.ts';
import { newId } from '../../src/ids.ts';
import { layOrganization } from '../../src/orgs/create-organization.ts';
import { OPERATOR_RIGHTS } from '../../src/roles/rights.ts';
import { oidcEvidence } from '../../sso/evidence.ts';
import { median } from './compare-cpu.ts';

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
const RULES = 5000;
const PATTERNS = 200;
const MEMBERS = 10_000;
const TIMES = 21;

const ctx: RequestContext = {
  requestId: 'bench',
  log: pino({ level: 'silent' }),
  actor: { kind: 'system', id: 'bench' },
};

type Place = {
  readonly db: Database;
  readonly orgId: string;
  readonly connectionId: string;
  readonly memberId: string;
};

/** Lays its own database on `postgres`. */
export async function measureMapping(postgres: LocalPostgres): Promise<MappingCost[]> {
  const secrets = newSecrets();
  const passwords = { owner: secrets.databaseOwner, app: secrets.databaseApp, worker: secrets.databaseWorker };
  const urls = await prepareDatabase(postgres.adminUrl, 'bench_mapping', passwords);
  await migrate(urls.ownerUrl);
  const admin = new pg.Client({ connectionString: postgres.urlFor('bench_mapping') });
  await admin.connect();
  const db = new Database(urls.appUrl, { size: 2 });
  try {
    const plain = await layPlace(db, admin, 'plain');
    const large = await layPlace(db, admin, 'large');
    await layRules(admin, large);
    await admin.query('analyze');
    return [...(await measureSignIns(plain, large)), ...(await measureRules(large))];
  } finally {
    await db.close();
    await admin.end();
  }
}

async function layPlace(db: Database, admin: pg.Client, key: string): Promise<Place> {
  const orgId = newId();
  await db.inOrg(orgId, (tx) => layOrganization(tx, ctx, { key, displayName: key }));
  const { rows } = await admin.query<{ id: string }>(
    `insert into connection (org_id, protocol, display_name, status, settings)
      values ($1, 'oidc', 'Company', 'active', '{}') returning id`,
    [orgId],
  );
  const connectionId = rows[0]?.id ?? '';
  return { db, orgId, connectionId, memberId: await layMember(admin, orgId) };
}

async function layMember(admin: pg.Client, orgId: string): Promise<string> {
  const { rows } = await admin.query<{ id: string }>(
    `with human as (insert into person default values returning id)
      insert into member (org_id, person_id, status, role_key) select $1, id, 'active', 'member' from human returning id`,
    [orgId],
  );
  return rows[0]?.id ?? '';
}

/** Groups 1 to 10,000 are known; rules name 4,800 of them, half by id; each of the other members is in five. */
async function layRules(admin: pg.Client, { orgId, connectionId }: Place): Promise<void> {
  const statements = [
    `insert into team (org_id, key, display_name) select $1, 'team-' || n, 'Team ' || n from generate_series(0, 499) n`,
    `insert into claim_value (org_id, attribute, value, value_key, first_seen_at, last_seen_at)
      select $1, '', 'group-' || n, 'group-' || n, now(), now() from generate_series(1, 10000) n`,
    `insert into mapping_rule (org_id, source, match, value, value_key, target_kind, target, created_by)
      select $1, 'sso.groups', case when n % 2 = 0 then 'external_id' else 'display_name' end, 'group-' || n * 2, 'group-' || n * 2,
        'team', (select id::text from team where org_id = $1 and key = 'team-' || n % 500), '{}'
      from generate_series(1, ${RULES - PATTERNS}) n`,
    `insert into mapping_rule (org_id, source, match, value, value_key, target_kind, target, created_by)
      select $1, 'sso.groups', 'regex', 'group-9' || n || '[0-9]', 'group-9' || n || '[0-9]', 'team',
        (select id::text from team where org_id = $1 and key = 'team-' || n % 500), '{}' from generate_series(1, ${PATTERNS}) n`,
    `select match_rules($1, array(select id from mapping_rule where org_id = $1), '[]')`,
    `insert into member (org_id, status, role_key, pending_reason)
      select $1, 'pending', 'member', 'no_address' from generate_series(1, ${MEMBERS})`,
  ];
  for (const statement of statements) await admin.query(statement, [orgId]);
  await admin.query('analyze');
  await admin.query(
    `insert into sso_evidence (org_id, connection_id, member_id, state, value_ids, at, listed_at)
      select $1, $2, m.id, 'list', array(select v.id from claim_value v where v.org_id = $1
        and v.attribute = '' and v.value = any (array(select 'group-' || (m.n * 7 + k * 13) % 10000 + 1 from generate_series(1, 5) k))
        order by v.id), now(), now()
      from (select id, row_number() over (order by id) as n from member where org_id = $1 and status = 'pending') m`,
    [orgId, connectionId],
  );
  await admin.query(
    `select reconcile_grants($1, array(select id from member where org_id = $1), '{"kind":"system","id":"bench"}')`,
    [orgId],
  );
}

/** Evidence from the claims, and what follows for the member, as a sign-in does them in its transaction. */
async function signIn({ db, orgId, connectionId, memberId }: Place, groups: readonly string[]): Promise<number> {
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
      settled: true,
      at: new Date(),
    });
    spent += performance.now() - inside;
  });
  return spent;
}

async function measureSignIns(plain: Place, large: Place): Promise<MappingCost[]> {
  const range = (from: number) => Array.from({ length: GROUPS }, (_, n) => `group-${from + n}`);
  const [one, other] = [range(1), range(5001)];
  const cases = {
    'the same 2,000 groups as before': () => one,
    'one of 2,000 groups is another': (n: number) => [...one.slice(1), `group-${4000 + n}`],
    '2,000 other groups than before': (n: number) => (n % 2 === 0 ? other : one),
    '2,000 groups, 20 of them never seen before': (n: number) => [...one.slice(20), ...fresh(n)],
  };
  const floor: number[] = [];
  const costs: { what: string; ms: number }[] = [];
  for (let n = 0; n < 10; n += 1) {
    await signIn(plain, []);
    await signIn(large, n % 2 === 0 ? one : other);
  }
  for (const [what, groupsAt] of Object.entries(cases)) {
    const samples: number[] = [];
    await signIn(large, one);
    for (let n = 0; n < TIMES; n += 1) {
      floor.push(await signIn(plain, []));
      samples.push(await signIn(large, groupsAt(n)));
    }
    costs.push({ what, ms: median(samples) });
  }
  const least = median(floor);
  return [
    { what: 'no groups, no rules', ms: least, addedMs: undefined },
    ...costs.map(({ what, ms }) => ({ what, ms, addedMs: ms - least })),
  ];
}

function fresh(n: number): string[] {
  return Array.from({ length: 20 }, (_, k) => `never-${n}-${k}`);
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
    ...costs.map((cost) => `| ${cost.what} | ${ms(cost.ms)} | ${ms(cost.addedMs)} |`),
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
