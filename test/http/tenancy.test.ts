// Law 5: no row, id or count crosses from one organization to another: by any endpoint, in any place where an id can
// stand, on any connection, as any role.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Endpoint } from '../../src/http/endpoint.ts';
import { newId } from '../../src/ids.ts';
import { type Json, type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;
let globex: MadeOrganization;
/** One of each thing of the other organization, by the name of the path parameter it may stand in. */
let foreign: Record<string, string>;
/** What a body needs to be well formed; every id in it is the other organization's. */
let bodies: Record<string, Json>;

beforeAll(async () => {
  t = await setup({ poolSize: 3 });
  acme = await t.make.organization('acme');
  globex = await t.make.organization('globex');
  const team = await t.make.team(globex, 'Secret Lab');
  const member = await t.make.member(globex, { name: 'hidden-person', teams: [team.key] });
  await t.make.member(globex, { role: 'owner' });
  const { id: key } = await t.make.key(globex, ['member.view']);
  const rule = await t.call('POST', `/v1/organizations/globex/mapping-rules`, {
    key: globex.ownerKey,
    body: { source: 'scim.group', match: 'display_name', value: 'Hidden', target: { team: team.id } },
  });
  foreign = { team: team.id, member: member.id, key, rule: rule.body.id, domain: 'globex.test' };
  bodies = {
    'patch /v1/organizations/{org}': { displayName: 'Taken over' },
    'post /v1/organizations/{org}/domains': { domain: 'other.test' },
    'post /v1/organizations/{org}/members': { address: 'x@globex.test', teams: [team.id] },
    'patch /v1/organizations/{org}/members/{member}': { role: 'member' },
    'put /v1/organizations/{org}/members/{member}/teams': { teams: [team.id] },
    'post /v1/organizations/{org}/members/{member}/suspend': { reason: 'x' },
    'post /v1/organizations/{org}/teams': { displayName: 'X' },
    'patch /v1/organizations/{org}/teams/{team}': { displayName: 'Taken over' },
    'post /v1/organizations/{org}/mapping-rules': {
      source: 'scim.group',
      match: 'display_name',
      value: 'x',
      target: { team: team.id },
    },
    'post /v1/organizations/{org}/api-keys': { displayName: 'x', permissions: [], memberId: member.id },
  };
});
afterAll(() => t[Symbol.asyncDispose]());

const nameOf = ({ method, path }: Endpoint) => `${method} ${path}`;

function fill(path: string, org: string, values: Record<string, string>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => (name === 'org' ? org : (values[name] ?? newId())));
}

async function everythingOf(org: MadeOrganization): Promise<Json> {
  const tables = await t.db.realm<{ name: string }>({
    text: `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id'
      where c.relkind in ('r', 'p') and not c.relispartition and c.relrowsecurity order by 1`,
  });
  const state: Record<string, unknown> = {};
  for (const { name } of tables) {
    if (name === 'idempotency_key') continue;
    const [row] = await t.db.query<{ all: string }>(org.id, {
      text: `select coalesce(jsonb_agg(to_jsonb(x) order by to_jsonb(x)::text), '[]')::text as all from ${name} x where org_id = $1`,
      values: [org.id],
    });
    state[name] = row?.all;
  }
  return state;
}

test('law 5: every endpoint of an organization is 404 for the key of another, and nothing changes there', async () => {
  const before = await everythingOf(globex);
  let tried = 0;
  for (const declared of t.api.endpoints.filter(({ path }) => path.includes('{org}'))) {
    for (const org of [globex.id, globex.key]) {
      const body = bodies[nameOf(declared)];
      const answer = await t.call(declared.method.toUpperCase(), fill(declared.path, org, foreign), {
        key: acme.ownerKey,
        body,
      });
      expect([nameOf(declared), answer.status]).toEqual([nameOf(declared), 404]);
      tried += 1;
    }
  }
  expect(tried).toBeGreaterThan(40);
  expect(await everythingOf(globex)).toEqual(before);
});

test('law 5: every id of another organization, in every place of an own path, is nobody', async () => {
  const before = await everythingOf(globex);
  const places = t.api.endpoints.filter(({ path }) => /\{org\}.*\{/.test(path));
  expect(places.length).toBeGreaterThan(10);
  for (const declared of places) {
    const body = bodies[nameOf(declared)];
    const answer = await t.call(declared.method.toUpperCase(), fill(declared.path, acme.id, foreign), {
      key: acme.ownerKey,
      body,
    });
    expect([nameOf(declared), answer.status]).toEqual([nameOf(declared), 404]);
  }
  expect(await everythingOf(globex)).toEqual(before);
});

test('law 5: every id of another organization, in every place of a body, is refused', async () => {
  const mine = await t.make.member(acme);
  const before = await everythingOf(globex);
  for (const [name, body] of Object.entries(bodies)) {
    if (!JSON.stringify(body).match(/[0-9a-f]{8}-[0-9a-f]{4}/)) continue;
    const [method = '', path = ''] = name.split(' ');
    const answer = await t.call(method.toUpperCase(), fill(path, acme.id, { member: mine.id }), {
      key: acme.ownerKey,
      body,
    });
    expect([name, answer.status]).toEqual([name, 400]);
  }
  expect(await everythingOf(globex)).toEqual(before);
});

test('law 5: every write endpoint with a body stands in this test', () => {
  const writes = t.api.endpoints.filter(({ body, path }) => body && path.includes('{org}')).map(nameOf);
  expect(writes.filter((name) => !bodies[name])).toEqual([]);
});

test('law 5: no list of one organization shows anything of another', async () => {
  for (const declared of t.api.endpoints.filter(
    ({ method, path }) => method === 'get' && path.endsWith('}') === false && path.includes('{org}'),
  )) {
    const answer = await t.call('GET', fill(declared.path, acme.key, {}), { key: acme.ownerKey });
    const text = JSON.stringify(answer.body);
    for (const id of [globex.id, ...Object.values(foreign)])
      expect([declared.path, text.includes(id)]).toEqual([declared.path, false]);
  }
});

test('law 5: connections borrowed for organizations at random never leak', async () => {
  const orgs = [acme, globex, await t.make.organization('third')];
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  const looks = Array.from({ length: 300 }, async () => {
    const org = orgs[random(orgs.length)] as MadeOrganization;
    const text =
      'select distinct org_id from organization union select org_id from member union select org_id from audit_event';
    const kind = random(4);
    if (kind === 0) {
      const none = await t.db.realm({ text });
      return expect(none).toEqual([]);
    }
    if (kind === 1) {
      const failed = t.db.inOrg(org.id, async (tx) => {
        await tx.query({ text });
        throw new Error('planned');
      });
      return expect(failed).rejects.toThrow('planned');
    }
    const rows = kind === 2 ? await t.db.query(org.id, { text }) : await t.db.inOrg(org.id, (tx) => tx.query({ text }));
    expect(rows).toEqual([{ org_id: org.id }]);
  });
  await Promise.all(looks);
});

describe('law 5: row-level security', () => {
  async function as<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return work(client).finally(() => client.end());
  }

  test('stands on every table of organizations, and no role of ours can bypass it', async () => {
    const { tables, roles } = await as(t.database.adminUrl, async (client) => ({
      tables:
        await client.query(`select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id'
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and not c.relrowsecurity order by 1`),
      roles:
        await client.query(`select rolname, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb as mighty from pg_roles
        where rolname in ('drawbridge_app', 'drawbridge_worker') order by 1`),
    }));
    // the realm tables, which only listed functions read (design, section 2)
    expect(tables.rows.map((row) => row.relname)).toEqual([
      'credential',
      'domain_claim',
      'keycloak_id',
      'organization_key',
    ]);
    expect(roles.rows).toEqual([
      { rolname: 'drawbridge_app', mighty: false },
      { rolname: 'drawbridge_worker', mighty: false },
    ]);
  });

  test.each(['app', 'worker'])('%s cannot switch it off, become somebody else, or read realm tables', async (role) => {
    await as(role === 'app' ? t.database.appUrl : t.database.workerUrl, async (client) => {
      await client.query('set row_security = off');
      await expect(client.query('select * from member')).rejects.toThrow(/row-level security/);
      await client.query('set row_security = on');
      expect((await client.query('select * from member')).rows).toEqual([]);
      for (const statement of [
        'alter table member disable row level security',
        'drop policy of_organization on member',
        'set role drawbridge_owner',
        'select * from person',
        'select * from person_address',
        'select * from credential',
        'select * from domain_claim',
        'select * from organization_key',
        'create table mine (x int)',
      ]) {
        await expect(client.query(statement)).rejects.toThrow(/permission denied|must be (owner|able)/);
      }
    });
  });

  test('refuses to write a row into another organization', async () => {
    const write = t.db.query(acme.id, {
      text: `insert into team (org_id, key, display_name) values ($1, 'smuggled', 'x')`,
      values: [globex.id],
    });
    await expect(write).rejects.toThrow(/row-level security/);
    const moved = await t.db.query(acme.id, {
      text: `update team set display_name = 'x' where org_id = $1 returning id`,
      values: [globex.id],
    });
    expect(moved).toEqual([]);
  });

  test('every function that crosses organizations has a pinned search path and is granted by name', async () => {
    const { rows } = await as(t.database.adminUrl, (client) =>
      client.query(`select p.oid::regprocedure::text as name from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef
        and (not coalesce(p.proconfig::text, '') like '%search_path=public%' or has_function_privilege('public', p.oid, 'execute'))`),
    );
    expect(rows).toEqual([]);
  });
});
