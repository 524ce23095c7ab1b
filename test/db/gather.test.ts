// Calls gathered into one statement: who goes with whom, and what one call's failure means for the others. The statements
// here are stand-ins that the test can hold open; the real ones are tested over HTTP in test/scim.
import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';
import { Gather } from '../../src/db/gather.ts';
import { DomainError } from '../../src/errors.ts';

type Call = { readonly name: string; readonly touches: readonly string[] };

/** A Gather whose statements wait for `release`, and the batches and single calls that it made. */
function gatherHeld(
  together: (names: string[]) => (string | undefined)[] = (names) => names.map((name) => `${name}!`),
  besideFrom?: number,
) {
  const batches: string[][] = [];
  const singles: string[] = [];
  const held: (() => void)[] = [];
  const gather = new Gather<Call, string>({
    atMost: 3,
    ...(besideFrom === undefined ? {} : { besideFrom }),
    together: async (calls) => {
      const names = calls.map(({ name }) => name);
      batches.push(names);
      await new Promise<void>((resolve) => held.push(resolve));
      return together(names);
    },
    alone: async ({ name }) => {
      singles.push(name);
      if (name.startsWith('bad')) throw new DomainError('uniqueness', `${name} is taken`);
      return `${name} alone`;
    },
    touches: ({ touches }) => touches,
  });
  const make = (name: string, lane = 'lane', touches: string[] = [name]) => gather.make(lane, { name, touches });
  return { make, batches, singles, release: () => held.shift()?.() };
}

/** Lets every promise that can go on do so, and whoever waits for a few turns of the event loop go. */
const settle = async () => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

test('those of one turn go together, and those that come meanwhile do, at most so many', async () => {
  const { make, batches, release } = gatherHeld();
  const answers = [make('a')];
  await settle();
  expect(batches).toEqual([['a']]);
  answers.push(...['b', 'c', 'd', 'e'].map((name) => make(name)));
  await settle();
  expect(batches).toEqual([['a']]);
  release();
  await settle();
  expect(batches).toEqual([['a'], ['b', 'c', 'd']]);
  release();
  await settle();
  release();
  expect(await Promise.all(answers)).toEqual(['a!', 'b!', 'c!', 'd!', 'e!']);
  expect(batches).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
});

test('those who come turn by turn go together, too', async () => {
  const { make, batches, release } = gatherHeld();
  const answers = [make('a')];
  await new Promise((resolve) => setImmediate(resolve));
  answers.push(make('b'));
  await settle();
  expect(batches).toEqual([['a', 'b']]);
  release();
  expect(await Promise.all(answers)).toEqual(['a!', 'b!']);
});

test('lanes do not wait for each other', async () => {
  const { make, batches, release } = gatherHeld();
  const answers = [make('a', 'one'), make('b', 'two')];
  await settle();
  expect(batches).toEqual([['a'], ['b']]);
  release();
  release();
  await Promise.all(answers);
});

test('calls that touch the same thing are never in one statement, and keep their order', async () => {
  const { make, batches, release } = gatherHeld();
  const answers = [make('first')];
  await settle();
  answers.push(make('a', 'lane', ['x']), make('b', 'lane', ['x', 'y']), make('c', 'lane', ['y']), make('d'));
  for (let step = 0; step < 4; step += 1) {
    release();
    await settle();
  }
  await Promise.all(answers);
  expect(batches).toEqual([['first'], ['a', 'd'], ['b'], ['c']]);
});

test('a second statement goes beside the first when enough wait for it, and no third', async () => {
  const { make, batches, release } = gatherHeld(undefined, 2);
  const answers = [make('a')];
  await settle();
  answers.push(make('b'));
  await settle();
  expect(batches).toEqual([['a']]);
  answers.push(make('c'));
  await settle();
  expect(batches).toEqual([['a'], ['b', 'c']]);
  answers.push(make('d'), make('e'));
  await settle();
  expect(batches).toHaveLength(2);
  release();
  await settle();
  expect(batches).toEqual([['a'], ['b', 'c'], ['d', 'e']]);
  release();
  release();
  expect(await Promise.all(answers)).toEqual(['a!', 'b!', 'c!', 'd!', 'e!']);
});

test('what a statement under way touches, the one beside it leaves alone', async () => {
  const { make, batches, release } = gatherHeld(undefined, 2);
  const answers = [make('a', 'lane', ['x'])];
  await settle();
  answers.push(make('b', 'lane', ['x']), make('c', 'lane', ['x', 'y']), make('d', 'lane', ['y']), make('e'));
  await settle();
  expect(batches).toEqual([['a'], ['e']]);
  for (let step = 0; step < 5; step += 1) {
    release();
    await settle();
  }
  await Promise.all(answers);
  expect(batches).toEqual([['a'], ['e'], ['b'], ['c'], ['d']]);
});

test('a call that the statement left out is made alone', async () => {
  const { make, singles, release } = gatherHeld((names) => names.map((name) => (name === 'b' ? undefined : name)));
  const answers = [make('first')];
  await settle();
  answers.push(make('a'), make('b'));
  release();
  await settle();
  release();
  expect(await Promise.all(answers)).toEqual(['first', 'a', 'b alone']);
  expect(singles).toEqual(['b']);
});

test('a refusal of the statement fails nobody but the one it is about', async () => {
  const { make, singles, release } = gatherHeld((names) => {
    if (names.length > 1) throw new DatabaseError('duplicate key', 1, 'error');
    return names;
  });
  const answers = [make('first')];
  await settle();
  answers.push(make('a'), make('bad'), make('c'));
  const settled = Promise.allSettled(answers);
  release();
  await settle();
  release();
  const [first, a, bad, c] = await settled;
  expect([first, a, c].map((one) => one?.status === 'fulfilled' && one.value)).toEqual(['first', 'a alone', 'c alone']);
  expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'uniqueness' } });
  expect(singles).toEqual(['a', 'bad', 'c']);
});

test('after a lost connection nothing is made again: nobody knows what was done', async () => {
  const { make, singles, release } = gatherHeld(() => {
    throw new DomainError('unavailable', 'The database does not answer.');
  });
  const first = make('a');
  const settled = Promise.allSettled([first, make('b'), make('c'), make('d')]);
  await settle();
  release();
  await settle();
  release();
  const outcomes = await settled;
  expect(outcomes.map((one) => one.status === 'rejected' && one.reason.code)).toEqual(new Array(4).fill('unavailable'));
  expect(singles).toEqual([]);
});
