// What a run of bench:scim says about itself: medians, ratios, void runs and the mark.

import { expect, test } from 'vitest';
import { judge, type Measured, type Rounds, table } from '../../bench/scim/report.ts';
import { OPERATIONS } from '../../bench/scim/workload.ts';

function rounds(...speeds: readonly number[]): Rounds {
  return Object.fromEntries(OPERATIONS.map((operation) => [operation, speeds])) as unknown as Rounds;
}

const GOOD: Measured = {
  drawbridge: rounds(900, 600, 720),
  keycloak: rounds(50, 40, 60),
  floor: rounds(1200, 1150, 1300),
};

test('reaches the mark when every ratio to Keycloak, their mean and every part of the floor is there', () => {
  expect(judge(GOOD)).toEqual({ kind: 'reached', reasons: [] });
});

test('misses it by one operation and says which; single members of small groups have no mark', () => {
  const others = { ...GOOD.drawbridge, 'deep page': [9000], 'add member': [1] };
  const slower = { ...others, find: [299, 299, 299], delete: [249, 249, 249] };
  const floor = { ...GOOD.floor, find: [400, 400, 400] };
  const keycloak = { ...GOOD.keycloak, find: [50, 50, 50], delete: [50, 50, 50] };
  expect(judge({ drawbridge: slower, keycloak, floor: { ...floor, find: [1150, 1150, 1150] } })).toEqual({
    kind: 'missed',
    reasons: [
      'find: 6.0x Keycloak, less than 6x',
      'delete: 5.0x Keycloak, less than 5x',
      'find: 0.26 of the floor, less than 0.6',
    ],
  });
});

test('misses it when the mean over all operations is too low, though none is', () => {
  const even = Object.fromEntries(OPERATIONS.map((operation) => [operation, [550]])) as unknown as Rounds;
  const floor = Object.fromEntries(OPERATIONS.map((operation) => [operation, [900]])) as unknown as Rounds;
  const keycloak = { ...(Object.fromEntries(OPERATIONS.map((each) => [each, [50]])) as unknown as Rounds) };
  const lenient = { ...floor, patch: [1200], create: [1200], find: [1150] };
  const verdict = judge({ drawbridge: { ...even, find: [700] }, keycloak, floor: { ...lenient, find: [1150] } });
  expect(verdict).toMatchObject({ kind: 'missed' });
  expect(verdict.reasons[0]).toBe('geometric mean: 11.3x Keycloak, less than 12x');
});

test('is void when the floor is too slow against Keycloak, whatever Drawbridge did', () => {
  const busy = { ...GOOD.floor, patch: [1149, 1149, 1149], get: [700, 700, 700] };
  const verdict = judge({ ...GOOD, floor: busy });
  expect(verdict.kind).toBe('void');
  expect(verdict.reasons).toEqual(['patch: the floor is 23.0x Keycloak, less than 23x']);
});

test('prints medians with the slowest and fastest round, and ratios of medians', () => {
  const [header, , first] = table(GOOD).split('\n');
  expect(header).toContain('| floor / Keycloak |');
  expect(first).toBe('| create | 720 (600–900) | 50 (40–60) | 1,200 (1,150–1,300) | 14.4x | 0.60 | 24.0x |');
});

test('gives no figure to who had nothing left to do, and no ratio', () => {
  const filled = { ...GOOD.floor, 'add 100 members': [0, 0, 1200] };
  const line = table({ ...GOOD, floor: filled })
    .split('\n')
    .find((each) => each.startsWith('| add 100 members |'));
  expect(line).toBe('| add 100 members | 720 (600–900) | 50 (40–60) | – | 14.4x | – | – |');
});
