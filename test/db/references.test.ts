// Foreign keys that are stated and not checked (decision 0009): what they lead to is never deleted, rows that belong to nobody
// are found, and a directory's whole life leaves none.
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findBrokenReferences } from '../../src/db/broken-references.ts';
import { Database } from '../../src/db/database.ts';
import { newId } from '../../src/ids.ts';
import { type ScimSetup, setupScim } from '../scim/scim-setup.ts';

let s: ScimSetup;
let worker: Database;
beforeAll(async () => {
  s = await setupScim();
  worker = new Database(s.t.database.workerUrl, { size: 1 });
});
afterAll(async () => {
  await worker.close();
  await s[Symbol.asyncDispose]();
});

const broken = () => findBrokenReferences({ query: worker.realm.bind(worker) });

async function asOwner(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: s.t.database.url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

test('lead to what is kept for ever, and to directories, which take their users along', async () => {
  const unchecked = await s.sql<{ parent: string }>(
    `select distinct confrelid::regclass::text as parent from pg_constraint where contype = 'f' and not conenforced order by 1`,
  );
  expect(unchecked.map(({ parent }) => parent)).toEqual(['directory', 'member', 'organization', 'person', 'team']);
});

test.each(
  ['organization', 'person', 'member', 'team'].flatMap((table) => [
    `delete from ${table}`,
    `truncate ${table} cascade`,
  ]),
)('whose rows stay: the owner cannot %s', async (text) => {
  const d = await s.directory();
  await d.user(`ada@${d.org.key}.test`);
  await expect(asOwner(text)).rejects.toThrow('row_is_kept');
});

test('hold through the life of a directory, and what breaks one is found', async () => {
  const d = await s.directory();
  const ids: string[] = [];
  for (const name of ['ada', 'grace', 'edsger']) ids.push((await d.user(`${name}@${d.org.key}.test`)).id);
  await d.group('Engineering', ids);
  await d.patch(`/Users/${ids[0]}`, { op: 'replace', path: 'active', value: false });
  await d.call('DELETE', `/Users/${ids[1]}`);
  await d.user(`grace@${d.org.key}.test`);
  expect(await broken()).toEqual([]);
  const gone = await s.directory({ org: d.org });
  await gone.user(`barbara@${d.org.key}.test`);
  await s.t.call('POST', `/v1/organizations/${d.org.id}/directories/${gone.id}/deactivate`, {
    key: d.org.ownerKey,
    body: { grants: 'release' },
  });
  const deleted = await s.t.call('DELETE', `/v1/organizations/${d.org.id}/directories/${gone.id}`, {
    key: d.org.ownerKey,
  });
  expect(deleted.status).toBeLessThan(300);
  expect(await s.sql('select from directory_user where directory_id = $1', [gone.id])).toEqual([]);
  expect(await broken()).toEqual([]);

  const nobody = [d.org.id, newId()];
  await s.sql(`insert into carrier (org_id, member_id, source, ref) values ($1, $2, 'manual', $2)`, nobody);
  expect(await broken()).toEqual([{ name: 'carrier_org_id_member_id_fkey', table: 'carrier', rows: 1 }]);
  await s.sql('delete from carrier where org_id = $1 and member_id = $2', nobody);
});
