// A transaction that Postgres undoes is done again by itself. Real transactions that lock two rows in opposite order.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Tx } from '../../src/db/database.ts';
import { type Setup, setup } from '../support/server.ts';

let t: Setup;
beforeAll(async () => {
  t = await setup();
});
afterAll(() => t[Symbol.asyncDispose]());

test.each(['inOrg', 'inSharedTransaction'] as const)(
  '%s: of two that wait for each other both come to their end',
  async (kind) => {
    const org = await t.make.organization();
    const teams = [await t.make.team(org, 'A'), await t.make.team(org, 'B')];
    let holding = 0;
    let bothHold: () => void = () => {};
    const met = new Promise<void>((resolve) => {
      bothHold = resolve;
    });
    const mark = (tx: Tx, id: string, letter: string) =>
      tx.query({ text: 'update team set display_name = display_name || $2 where id = $1', values: [id, letter] });
    const inOrder = (ids: readonly string[], letter: string) =>
      t.db[kind](org.id, async (tx) => {
        await mark(tx, ids[0]!, letter);
        holding += 1;
        if (holding === 2) bothHold();
        await met;
        await mark(tx, ids[1]!, letter);
      });
    const ids = teams.map((team) => team.id);
    await Promise.all([inOrder(ids, 'x'), inOrder(ids.toReversed(), 'y')]);
    // one of them was undone, and ran once more
    expect(holding).toBeGreaterThan(2);
    const { body } = await t.call('GET', `/v1/organizations/${org.id}/teams`, { key: org.ownerKey });
    const names = body.items.map((team: { displayName: string }) => [...team.displayName].sort().join(''));
    expect(names.sort()).toEqual(['Axy', 'Bxy']);
  },
);
