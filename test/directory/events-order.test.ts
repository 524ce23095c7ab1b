// Two directories, an invitation and an administrator on one human, in every order of events: after each, who is a member,
// with which status, carriers, blocks and grants, is what the oracle says; and the end depends only on what each source
// last said, wherever the design claims so.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Event } from './lifecycle-oracle.ts';
import { assertAnySequence, Life, type Stage, setStage } from './lifecycle-play.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

async function live(events: readonly Event[]): Promise<Life> {
  const life = new Life(stage);
  for (const event of events) await life.play(event);
  return life;
}

/** Lives have nothing to do with each other, so several are lived at a time. Answers how they ended. */
async function liveAll(ways: readonly (readonly Event[])[]): Promise<string[]> {
  const ends: string[] = [];
  const left = [...ways];
  const worker = async () => {
    for (let way = left.pop(); way; way = left.pop()) ends.push(JSON.stringify((await live(way)).outcome()));
  };
  await Promise.all(Array.from({ length: 6 }, worker));
  return ends;
}

/** Every way to interleave the sequences, each in its own order. */
function interleavings(sequences: readonly (readonly Event[])[]): Event[][] {
  const open = sequences.filter((sequence) => sequence.length > 0);
  if (open.length === 0) return [[]];
  return open.flatMap((chosen) =>
    interleavings(sequences.map((sequence) => (sequence === chosen ? sequence.slice(1) : sequence))).map((rest) => [
      chosen[0] as Event,
      ...rest,
    ]),
  );
}

describe('whatever the order in which they speak, the end is the same', () => {
  // nobody is out for good on the way: that is an end, and what comes after it is another story
  const one: Event[] = ['A creates'];
  const both: Event[] = ['A creates', 'B creates'];
  const offered: Event[] = ['invitation sent'];
  test.each<[string, Event[], Event[][]]>([
    ['both want, one blocks', one, [['A touches', 'A deactivates'], ['B creates'], ['admin grants']]],
    [
      'both block, one lifts',
      one,
      [
        ['A deactivates', 'A activates'],
        ['B creates', 'B deactivates'],
      ],
    ],
    ['one lets go while active', both, [['A deletes'], ['B touches'], ['admin suspends']]],
    [
      'one lets go while it blocks',
      both,
      [
        ['A deactivates', 'A deletes'],
        ['B touches', 'B deactivates'],
      ],
    ],
    [
      'an override, and a word that changes nothing',
      one,
      [
        ['A deactivates', 'admin overrides A', 'A touches'],
        ['B creates', 'B touches'],
      ],
    ],
    [
      'an admin suspends and reactivates',
      one,
      [
        ['admin suspends', 'admin reactivates'],
        ['B creates', 'B deletes'],
      ],
    ],
    ['an offer is taken', offered, [['A creates', 'A touches'], ['B creates'], ['invitation accepted']]],
    ['an offer stays open', offered, [['A creates', 'A deactivates', 'A deletes'], ['admin grants']]],
  ])('%s', async (_, opening, sequences) => {
    const ends = await liveAll(interleavings(sequences).map((way) => [...opening, ...way]));
    expect([...new Set(ends)]).toHaveLength(1);
  });
});

test('every order of creation, block, deletion and an offer leaves what the oracle says', async () => {
  await liveAll(interleavings([['A creates', 'A deletes'], ['B creates', 'B deactivates'], ['invitation sent']]));
});

test('any sequence of events does what the oracle says, and touches nothing of another source', async () => {
  await assertAnySequence(stage, { numRuns: 30, seed: 20_261_122 });
});
