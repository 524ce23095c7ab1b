// Law 1: a change, its audit event and its job or mark are one transaction. Here the audit's table refuses every event:
// then no write of the API may leave a trace, in any table, of any kind.
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fillPath, makeThings, nameOf, type Things } from '../support/example-requests.ts';
import { type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;
let things: Things;
let admin: pg.Client;

beforeAll(async () => {
  t = await setup();
  acme = await t.make.organization('acme');
  things = await makeThings(t, acme);
  admin = new pg.Client({ connectionString: t.database.adminUrl });
  await admin.connect();
  await admin.query(
    `create function no_audit() returns trigger language plpgsql as $$ begin raise exception 'the audit is broken'; end $$`,
  );
});
afterAll(async () => {
  await admin.end();
  await t[Symbol.asyncDispose]();
});

/** A hash of every table's rows. */
async function snapshot(): Promise<Record<string, string>> {
  const { rows: tables } = await admin.query(
    `select format('%I.%I', schemaname, relname) as name from pg_stat_user_tables where schemaname in ('public', 'graphile_worker') order by 1`,
  );
  const hashes: Record<string, string> = {};
  for (const { name } of tables) {
    const { rows } = await admin.query(
      `select md5(coalesce(string_agg(to_jsonb(x)::text, ',' order by to_jsonb(x)::text), '')) as hash from ${name} x`,
    );
    hashes[name] = rows[0].hash;
  }
  return hashes;
}

/** With the example as it is they change nothing, so they have nothing to tell; a plan only says what would change. */
const NOTHING_TO_TELL = [
  'post /unfreeze',
  'post /directories/{directory}/activate',
  'delete /directories/{directory}',
  'post /directories/{directory}/journal/{entry}/replay',
  'post /members/{member}/reactivate',
  'post /members/{member}/override-block',
  'post /members/{member}/release',
  'post /members/release',
  'post /directories/{directory}/adoptions/{member}/approve',
  'post /directories/{directory}/adoptions/{member}/decline',
  'post /connections/{connection}/refresh',
  'post /connections/{connection}/pending-change/accept',
  'post /connections/{connection}/pending-change/reject',
  'post /connections/{connection}/key-rotation',
  'post /connections/{connection}/key-rotation/finish',
  'delete /connections/{connection}/identities/{member}',
  'post /sign-in-policy/break-glass',
  'delete /sign-in-policy/break-glass/{member}',
  'post /mapping-plans',
];

test('law 1: when the audit event cannot be written, no write endpoint leaves anything behind', async () => {
  await t.call('GET', '/v1/organizations/acme', { key: acme.ownerKey });
  await t.credentials.flush();
  await admin.query('create trigger no_audit before insert on audit_event for each row execute function no_audit()');
  const before = await snapshot();
  const writes = t.api.endpoints.filter(({ method, path }) => method !== 'get' && path.includes('{org}'));
  const told: string[] = [];
  for (const declared of writes) {
    const path = fillPath(declared.path, { ...things.ids, org: 'acme' });
    const body = things.bodies[nameOf(declared)];
    const answer = await t.call(declared.method.toUpperCase(), path, { key: acme.ownerKey, body });
    if (answer.status === 500) told.push(nameOf(declared));
    expect([nameOf(declared), await snapshot()]).toEqual([nameOf(declared), before]);
  }
  await admin.query('drop trigger no_audit on audit_event');
  const silent = writes.map(nameOf).filter((name) => !told.includes(name));
  // refused before the audit is reached: the domain has no TXT record, the connection cannot be reached
  expect(silent.filter((name) => !NOTHING_TO_TELL.includes(name))).toEqual(['post /domains/{domain}/verify']);
  expect(told.length).toBeGreaterThan(20);
});

test('law 1: with the audit in order, the same requests leave one event each at least', async () => {
  const count = async () => {
    const { rows } = await admin.query('select count(*)::integer as events from audit_event where org_id = $1', [
      acme.id,
    ]);
    return rows[0].events as number;
  };
  const silent: string[] = [];
  const writes = t.api.endpoints.filter(
    ({ method, path }) => !['get', 'delete'].includes(method) && path.includes('{org}'),
  );
  for (const declared of writes) {
    const path = fillPath(declared.path, { ...things.ids, org: 'acme' });
    const before = await count();
    const request = { key: acme.ownerKey, body: things.bodies[nameOf(declared)] };
    const answer = await t.call(declared.method.toUpperCase(), path, request);
    if (answer.status < 300 && (await count()) === before) silent.push(nameOf(declared));
  }
  expect(silent.filter((name) => !NOTHING_TO_TELL.includes(name))).toEqual([]);
});
