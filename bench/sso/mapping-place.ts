// What bench/sso/mapping.ts measures on: an organization with 5,000 rules and 10,000 members who have signed in, and a plain
// one beside it, in a database of their own.
import pg from 'pg';
import { pino } from 'pino';
import type { RequestContext } from '../../src/context.ts';
import { Database } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { prepareDatabase } from '../../src/db/prepare.ts';
import type { LocalPostgres } from '../../src/dev/postgres.ts';
import { newSecrets } from '../../src/dev/secrets.ts';
import { newId } from '../../src/ids.ts';
import { layOrganization } from '../../src/orgs/create-organization.ts';

export const RULES = 5000;
const PATTERNS = 200;
export const MEMBERS = 10_000;
/** Half of the teams are led to by the rules of groups 1 to 4,800, the others by those of the groups above. */
const TEAMS = 1000;

export const ctx: RequestContext = {
  requestId: 'bench',
  log: pino({ level: 'silent' }),
  actor: { kind: 'system', id: 'bench' },
};

export type Place = {
  readonly db: Database;
  /** The superuser, for what is laid and not measured. */
  readonly admin: pg.Client;
  readonly orgId: string;
  readonly connectionId: string;
  readonly memberId: string;
};

/** Lays its own database on `postgres`. */
export async function layPlaces(
  postgres: LocalPostgres,
  stack: AsyncDisposableStack,
): Promise<{ readonly plain: Place; readonly large: Place }> {
  const secrets = newSecrets();
  const passwords = { owner: secrets.databaseOwner, app: secrets.databaseApp, worker: secrets.databaseWorker };
  const urls = await prepareDatabase(postgres.adminUrl, 'bench_mapping', passwords);
  await migrate(urls.ownerUrl);
  const admin = new pg.Client({ connectionString: postgres.urlFor('bench_mapping') });
  await admin.connect();
  stack.defer(() => admin.end());
  const db = new Database(urls.appUrl, { size: 2 });
  stack.defer(() => db.close());
  const plain = await layPlace(db, admin, 'plain');
  const large = await layPlace(db, admin, 'large');
  await layRules(large);
  await admin.query('analyze');
  return { plain, large };
}

async function layPlace(db: Database, admin: pg.Client, key: string): Promise<Place> {
  const orgId = newId();
  await db.inOrg(orgId, (tx) => layOrganization(tx, ctx, { key, displayName: key }));
  const { rows } = await admin.query<{ id: string }>(
    `insert into connection (org_id, protocol, display_name, status, settings)
      values ($1, 'oidc', 'Company', 'active', '{}') returning id`,
    [orgId],
  );
  const place = { db, admin, orgId, connectionId: rows[0]?.id ?? '' };
  return { ...place, memberId: await layMember(place) };
}

/** Somebody who has never signed in. */
export async function layMember({ admin, orgId }: Omit<Place, 'memberId'>): Promise<string> {
  const { rows } = await admin.query<{ id: string }>(
    `with human as (insert into person default values returning id)
      insert into member (org_id, person_id, status, role_key) select $1, id, 'active', 'member' from human returning id`,
    [orgId],
  );
  return rows[0]?.id ?? '';
}

/** Groups 1 to 10,000 are known; rules name 4,800 of them, half by id; each of the other members is in five. */
async function layRules({ admin, orgId, connectionId }: Place): Promise<void> {
  const statements = [
    `insert into team (org_id, key, display_name) select $1, 'team-' || n, 'Team ' || n from generate_series(0, ${TEAMS - 1}) n`,
    `insert into claim_value (org_id, attribute, value, value_key, first_seen_at, last_seen_at)
      select $1, '', 'group-' || n, 'group-' || n, now(), now() from generate_series(1, 10000) n`,
    `insert into mapping_rule (org_id, source, match, value, value_key, target_kind, target, created_by)
      select $1, 'sso.groups', case when n % 2 = 0 then 'external_id' else 'display_name' end, 'group-' || n * 2, 'group-' || n * 2,
        'team', (select id::text from team where org_id = $1 and key = 'team-' || n % ${TEAMS / 2} + case when n > 2400 then ${TEAMS / 2} else 0 end), '{}'
      from generate_series(1, ${RULES - PATTERNS}) n`,
    `insert into mapping_rule (org_id, source, match, value, value_key, target_kind, target, created_by)
      select $1, 'sso.groups', 'regex', 'group-9' || n || '[0-9]', 'group-9' || n || '[0-9]', 'team',
        (select id::text from team where org_id = $1 and key = 'team-' || n), '{}' from generate_series(1, ${PATTERNS}) n`,
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
