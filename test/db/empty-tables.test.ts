// The first push into a new installation: plans that are made while a table is empty are kept while it fills, so each must
// look a row up by all of its key from the start. Counted by Postgres itself, before it has analyzed anything.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScimSetup, setupScim, type TestDirectory } from '../scim/scim-setup.ts';
import { eventually } from '../support/eventually.ts';

const PEOPLE = 400;
const CALLERS = 8;
/** Members of a group, and what a look-up by one key may find. */
const FEW = 10;

let s: ScimSetup;
let d: TestDirectory;
beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
});
afterAll(() => s[Symbol.asyncDispose]());

/** Does `work` for each, eight at a time. */
async function forEach<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  const left = [...all];
  const next = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: CALLERS }, next));
}

async function push(): Promise<void> {
  const ids: string[] = [];
  const names = Array.from({ length: PEOPLE }, (_, n) => `person-${n}`);
  await forEach(names, async (name) => {
    const { id } = await d.user(`${name}@${d.org.key}.test`, { externalId: name, displayName: name });
    ids.push(id);
  });
  await forEach(names, (name) => d.call('GET', `/Users?filter=${encodeURIComponent(`externalId eq "${name}"`)}`));
  await forEach(ids, (id) => d.patch(`/Users/${id}`, { op: 'replace', path: 'title', value: 'Pilot' }));
  await forEach(
    Array.from({ length: PEOPLE / FEW }, (_, n) => n),
    (n) => d.group(`Group ${n}`, ids.slice(n * FEW, n * FEW + FEW)),
  );
  await forEach(ids.slice(0, PEOPLE / 2), (id) =>
    d.patch(`/Users/${id}`, { op: 'replace', path: 'active', value: false }),
  );
  await forEach(ids.slice(0, PEOPLE / 4), (id) => d.call('DELETE', `/Users/${id}`));
}

/** Sessions hand in what they counted when they end; the pool opens others. */
async function readCounts() {
  await s.sql(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and usename <> current_user and pid <> pg_backend_pid()`);
  return eventually(async () => {
    const [user] = await s.sql<{ n: string }>(
      `select n_tup_ins as n from pg_stat_user_tables where relname = 'directory_user'`,
    );
    if (Number(user?.n) < PEOPLE) return undefined;
    return s.sql<{ by: string; scans: number; each: number }>(
      `select by, scans::integer, round(rows::numeric / scans, 1)::real as each from (
         select indexrelname as by, idx_scan as scans, idx_tup_read as rows from pg_stat_user_indexes
         union all
         select 'reading all of ' || relname, seq_scan, seq_tup_read from pg_stat_user_tables) x
       where scans > $1 order by each desc`,
      [FEW],
    );
  });
}

test('every row is looked up by all of its key from the first request on', async () => {
  await push();
  const counts = await readCounts();
  expect(counts.length).toBeGreaterThan(20);
  expect(counts.filter(({ each }) => each > FEW)).toEqual([]);
});
