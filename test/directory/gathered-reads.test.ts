// Reads that are gathered: each directory gets its own users only, whoever asks with it. They never cross a shared
// transaction: what a dry run has changed is seen in it and nowhere else.
import { AsyncResource } from 'node:async_hooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GatheredReads } from '../../src/directory/gathered-reads.ts';
import { DomainError } from '../../src/errors.ts';
import { type ScimSetup, setupScim, type TestDirectory } from '../scim/scim-setup.ts';

let s: ScimSetup;
let d: TestDirectory;

beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
});
afterAll(() => s[Symbol.asyncDispose]());

test('a read inside a shared transaction sees what it changed, and one at the same time outside does not', async () => {
  const { id } = await d.user('ada@acme.test');
  const scope = { orgId: d.org.id, directoryId: d.id };
  const { db } = s.t;
  const reads = new GatheredReads({ ...s.t, db });
  const read = async () => (await reads.findUser(scope, 'id', id, 'http://scim.test/Groups/'))?.version;
  const outside = new AsyncResource('outside');
  const undone = db.inSharedTransaction(scope.orgId, async (tx) => {
    await tx.query({
      text: 'update directory_user set version = 99 where org_id = $1 and member_id = $2',
      values: [scope.orgId, id],
    });
    expect(await read()).toBe(99);
    expect(await Promise.all([read(), outside.runInAsyncScope(read)])).toEqual([99, 1]);
    throw new DomainError('conflict', 'undone');
  });
  await expect(undone).rejects.toMatchObject({ code: 'conflict' });
  expect(await Promise.all([read(), read()])).toEqual([1, 1]);
});

test('directories that ask at the same time get their own users, also by the same name', async () => {
  const sister = await s.directory({ org: d.org });
  const stranger = await s.directory();
  const directories = [d, sister, stranger];
  // the stranger's is of another organization, the sister's of the same one; d has none of this name
  const made = [undefined, await sister.user('grace@acme.test'), await stranger.user('grace@acme.test')];
  const reads = new GatheredReads(s.t);
  const answers = await Promise.all(
    directories.flatMap(({ org, id }) => {
      const scope = { orgId: org.id, directoryId: id };
      const find = (key: 'id' | 'userName', value: string) =>
        reads.findUser(scope, key, value, 'http://scim.test/Groups/');
      return [find('userName', 'GRACE@acme.test'), find('id', made[1]!.id), find('id', made[2]!.id)];
    }),
  );
  const [, hers, theirs] = made.map((user) => user?.id);
  expect(answers.map((row) => row?.id)).toEqual([
    undefined,
    undefined,
    undefined,
    hers,
    hers,
    undefined,
    theirs,
    undefined,
    theirs,
  ]);
});
