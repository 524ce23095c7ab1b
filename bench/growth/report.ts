// What the samples say: medians, ratios, and whether the marks are kept. Pure.

/** Milliseconds of each request, by size. */
export type Samples<Name extends string> = ReadonlyMap<Name, { readonly small: number[]; readonly large: number[] }>;

/** Times its value at the small size that a median may be. */
const MARK = 1.3;
const MOST_MEGABYTES = 400;

/** Why the run misses the marks; empty when it keeps them. */
export function judge(samples: Samples<string>, reading: { readonly megabytes: number }): string[] {
  const misses = [...samples].flatMap(([name, { small, large }]) => {
    const ratio = median(large) / median(small);
    return ratio <= MARK ? [] : [`${name}: ${ratio.toFixed(2)} times, more than ${MARK}`];
  });
  if (reading.megabytes > MOST_MEGABYTES) misses.push(`the web process took ${reading.megabytes} MB`);
  return misses;
}

export function operationsTable(samples: Samples<string>): string {
  const lines = [...samples].map(([name, { small, large }]) => {
    const ratio = (median(large) / median(small)).toFixed(2);
    const tail = [quantile(small, 0.95), quantile(large, 0.95)].map(shown);
    return `| ${[name, shown(median(small)), shown(median(large)), ratio, ...tail].join(' | ')} |`;
  });
  return [
    '| operation | small p50 ms | large p50 ms | ratio | small p95 | large p95 |',
    '|---|--:|--:|--:|--:|--:|',
    ...lines,
  ].join('\n');
}

export function statedTable(samples: Samples<string>): string {
  const lines = [...samples].map(
    ([name, { small, large }]) => `| ${name} | ${shown(median(small))} | ${shown(median(large))} |`,
  );
  return ['| stated, no mark | small p50 ms | large p50 ms |', '|---|--:|--:|', ...lines].join('\n');
}

function shown(ms: number): string {
  return ms >= 100 ? Math.round(ms).toLocaleString('en-US') : ms.toFixed(2);
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
