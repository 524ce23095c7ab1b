// What the measured rounds say: medians, ratios, and whether the run counts and reaches the mark. Pure.

import { OPERATIONS, type Operation } from './workload.ts';

/** Operations per second of each round. */
export type Rounds = Readonly<Record<Operation, readonly number[]>>;
export type Measured = { readonly drawbridge: Rounds; readonly keycloak: Rounds; readonly floor: Rounds };

/** How many times Keycloak's speed the floor must reach: below, the machine was too busy for the run to count. */
const FLOOR_AT_LEAST: Partial<Record<Operation, number>> = { create: 18, find: 22, get: 14, patch: 23 };
/** How many times Keycloak's speed Drawbridge must reach in the operations that a sign-up consists of. */
const MARK = 6;
const MARKED: readonly Operation[] = ['create', 'find', 'get', 'patch'];
/** What all operations of a directory must reach together (geometric mean) and each by itself. */
const MEAN_MARK = 12;
const LEAST = 5;
const MEANT: readonly Operation[] = [
  'create',
  'find',
  'get',
  'patch',
  'deep page',
  'add 100 members',
  'remove one of all',
  'add one to all',
  'deactivate',
  'delete',
];
/** How much of the floor's speed Drawbridge must reach. */
const OF_FLOOR: Partial<Record<Operation, number>> = { create: 0.45, patch: 0.45, find: 0.6, get: 0.6, list: 0.6 };

export type Verdict = { readonly kind: 'reached' | 'missed' | 'void'; readonly reasons: readonly string[] };

export function judge(measured: Measured): Verdict {
  const faults = OPERATIONS.flatMap((operation) => {
    const least = FLOOR_AT_LEAST[operation];
    const ratio = median(measured.floor[operation]) / median(measured.keycloak[operation]);
    if (least === undefined || ratio >= least) return [];
    return [`${operation}: the floor is ${times(ratio)} Keycloak, less than ${least}x`];
  });
  if (faults.length > 0) return { kind: 'void', reasons: faults };
  const misses = missesOf(measured);
  return { kind: misses.length > 0 ? 'missed' : 'reached', reasons: misses };
}

/** The geometric mean of the ratios to Keycloak over the operations that count. */
export function meanRatio({ drawbridge, keycloak }: Measured): number {
  const logs = MEANT.map((operation) => Math.log(median(drawbridge[operation]) / median(keycloak[operation])));
  return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}

function missesOf(measured: Measured): string[] {
  const { drawbridge, keycloak, floor } = measured;
  const mean = meanRatio(measured);
  return [
    ...(mean >= MEAN_MARK ? [] : [`geometric mean: ${times(mean)} Keycloak, less than ${MEAN_MARK}x`]),
    ...OPERATIONS.flatMap((operation) => {
      const least = MARKED.includes(operation) ? MARK : MEANT.includes(operation) ? LEAST : 0;
      const ratio = median(drawbridge[operation]) / median(keycloak[operation]);
      return ratio >= least ? [] : [`${operation}: ${times(ratio)} Keycloak, less than ${least}x`];
    }),
    ...OPERATIONS.flatMap((operation) => {
      const least = OF_FLOOR[operation] ?? 0;
      const part = median(drawbridge[operation]) / median(floor[operation]);
      return part >= least ? [] : [`${operation}: ${part.toFixed(2)} of the floor, less than ${least}`];
    }),
  ];
}

/** A Markdown table: operations per second (median of the rounds, slowest to fastest round) and the ratios of medians. */
export function table(measured: Measured): string {
  const { drawbridge, keycloak, floor } = measured;
  const lines = OPERATIONS.map((operation) => {
    const [d, k, f] = [drawbridge[operation], keycloak[operation], floor[operation]];
    const ratios = [ratio(d, k, times), ratio(d, f, (value) => value.toFixed(2)), ratio(f, k, times)];
    return `| ${[operation, speed(d), speed(k), speed(f), ...ratios].join(' | ')} |`;
  });
  return [
    '| operation | Drawbridge /s | Keycloak /s | floor /s | Drawbridge / Keycloak | Drawbridge / floor | floor / Keycloak |',
    '|---|--:|--:|--:|--:|--:|--:|',
    ...lines,
  ].join('\n');
}

/** What a server had nothing left to do for (the floor fills all groups in its first rounds) has no figure and no ratio. */
const NONE = '–';

function ratio(a: readonly number[], b: readonly number[], show: (value: number) => string): string {
  return median(a) === 0 || median(b) === 0 ? NONE : show(median(a) / median(b));
}

function speed(rounds: readonly number[]): string {
  if (median(rounds) === 0) return NONE;
  return `${whole(median(rounds))} (${whole(Math.min(...rounds))}–${whole(Math.max(...rounds))})`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function times(value: number): string {
  return `${value.toFixed(1)}x`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
