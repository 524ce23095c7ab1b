// Law 5: no row, id or count crosses from one organization to another: by any endpoint, in any place where an id can
// stand, on any connection, as any role.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Endpoint } from '../../src/http/endpoint.ts';
import { fillPath, makeThings, nameOf, type Things } from '../support/example-requests.ts';
import { type Json, type MadeOrganization, type Setup, setup } from '../support/server.ts';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}/;

let t: Setup;
let acme: MadeOrganization;
let globex: MadeOrganization;
/** One of each thing of the other organization. */
let foreign: Things;

beforeAll(async () => {
  t = await setup({ poolSize: 3 });
  acme = await t.make.organization('acme');
  globex = await t.make.organization('globex');
  foreign = await makeThings(t, globex);
});
afterAll(() => t[Symbol.asyncDispose]());

const inOrganization = () => t.api.endpoints.filter(({ path }) => path.includes('{org}'));

/** As one organization's owner, with the other's ids wherever the path takes one. */
function attack(declared: Endpoint, org: string, own: Record<string, string> = {}) {
  const address = fillPath(declared.path, { ...foreign.ids, ...own, org });
  return t.call(declared.method.toUpperCase(), address, { key: acme.ownerKey, body: foreign.bodies[nameOf(declared)] });
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
  for (const declared of inOrganization()) {
    for (const org of [globex.id, globex.key]) {
      expect([nameOf(declared), (await attack(declared, org)).status]).toEqual([nameOf(declared), 404]);
    }
  }
  expect(inOrganization().length).toBeGreaterThan(40);
  expect(await everythingOf(globex)).toEqual(before);
});

test('law 5: every id of another organization, in every place of an own path, is nobody', async () => {
  const before = await everythingOf(globex);
  const places = inOrganization().filter(({ path }) => /\{org\}.*\{/.test(path));
  expect(places.length).toBeGreaterThan(20);
  for (const declared of places) {
    expect([nameOf(declared), (await attack(declared, acme.id)).status]).toEqual([nameOf(declared), 404]);
  }
  expect(await everythingOf(globex)).toEqual(before);
});

test('law 5: every id of another organization, in every place of a body, is refused', async () => {
  const own = await makeThings(t, acme);
  const before = await everythingOf(globex);
  const places = inOrganization().filter((declared) =>
    UUID.test(JSON.stringify(foreign.bodies[nameOf(declared)] ?? '')),
  );
  expect(places.length).toBeGreaterThan(6);
  for (const declared of places) {
    const answer = await attack(declared, acme.id, own.ids);
    expect([nameOf(declared), answer.status]).toEqual([nameOf(declared), 400]);
  }
  expect(await everythingOf(globex)).toEqual(before);
});

test('law 5: every endpoint with a body, and every kind of path parameter, stands in this test', () => {
  const missing = inOrganization().filter((declared) => declared.body && !foreign.bodies[nameOf(declared)]);
  expect(missing.map(nameOf)).toEqual([]);
  const unfilled = inOrganization().filter(({ path }) => fillPath(path, { ...foreign.ids, org: 'x' }).includes('{'));
  expect(unfilled.map(nameOf)).toEqual([]);
});

test('law 5: no list of one organization shows anything of another', async () => {
  const lists = inOrganization().filter(({ method, path }) => method === 'get' && !/\{(?!org)/.test(path));
  for (const declared of lists) {
    const answer = await t.call('GET', fillPath(declared.path, { org: 'acme' }), { key: acme.ownerKey });
    expect([nameOf(declared), answer.status]).toEqual([nameOf(declared), 200]);
    const text = JSON.stringify(answer.body);
    const seen = [globex.id, ...Object.values(foreign.ids)].filter((id) => text.includes(id));
    expect([nameOf(declared), seen]).toEqual([nameOf(declared), []]);
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
        'select * from audit_event_default',
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

  test.each([`scim_create_users($1, $2, '{}', '[]')`, `scim_update_users($1, $2, '{}', '{}', '[]')`])(
    'is demanded by what runs past it: %s',
    async (call) => {
      const asked = { text: `select * from ${call}`, values: [globex.id, await t.make.directory(globex)] };
      await expect(t.db.query(acme.id, asked)).rejects.toThrow(/not lent for organization/);
      await expect(t.db.realm(asked)).rejects.toThrow(/not lent for organization/);
      expect(await t.db.query(globex.id, asked)).toEqual([]);
    },
  );

  test('every function that crosses organizations has a pinned search path and is granted by name', async () => {
    const { rows } = await as(t.database.adminUrl, (client) =>
      client.query(`select p.oid::regprocedure::text as name from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef
        and (not coalesce(p.proconfig::text, '') like '%search_path=public%' or has_function_privilege('public', p.oid, 'execute'))`),
    );
    expect(rows).toEqual([]);
  });
});
