// What a run of bench:scim says about itself: medians, ratios, void runs and the mark.

import { expect, test } from 'vitest';
import { judge, type Measured, type Rounds, table } from '../../bench/scim/report.ts';
import { OPERATIONS } from '../../bench/scim/workload.ts';

function rounds(...speeds: readonly number[]): Rounds {
  return Object.fromEntries(OPERATIONS.map((operation) => [operation, speeds])) as unknown as Rounds;
}

const GOOD: Measured = {
  drawbridge: rounds(900, 600, 700),
  keycloak: rounds(50, 40, 60),
  floor: rounds(1200, 1150, 1300),
};

test('reaches the mark when each of the four marked operations is six times Keycloak', () => {
  expect(judge(GOOD)).toEqual({ kind: 'reached', reasons: [] });
});

test('misses it by one operation and says which; list and membership have no mark', () => {
  const slower = { ...GOOD.drawbridge, find: [299, 299, 299], list: [1, 1, 1], 'add member': [1, 1, 1] };
  expect(judge({ ...GOOD, drawbridge: slower })).toEqual({
    kind: 'missed',
    reasons: ['find: 6.0x Keycloak, less than 6x'],
  });
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
  expect(first).toBe('| create | 700 (600–900) | 50 (40–60) | 1,200 (1,150–1,300) | 14.0x | 0.58 | 24.0x |');
});
