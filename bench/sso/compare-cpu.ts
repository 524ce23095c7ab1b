// Two ways to do the same, by the processor time of this process: they take turns in rounds, so that a machine that gets
// slower or faster favours neither, and what else runs there hardly counts.

export type Rounds = {
  readonly rounds: number;
  /** Processor time of each side in each round. */
  readonly roundMs: number;
};

/** Processor milliseconds of one call, the medians of the rounds; one more round before them warms both up. */
export async function compareCpu(
  ours: () => Promise<void>,
  theirs: () => Promise<void>,
  { rounds, roundMs }: Rounds,
): Promise<{ readonly oursMs: number; readonly theirsMs: number }> {
  const samples: { ours: number; theirs: number }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const [first, second] = round % 2 === 0 ? [ours, theirs] : [theirs, ours];
    const [a, b] = [await cpuPerCall(first, roundMs), await cpuPerCall(second, roundMs)];
    if (round > 0) samples.push(first === ours ? { ours: a, theirs: b } : { ours: b, theirs: a });
  }
  return { oursMs: median(samples.map((it) => it.ours)), theirsMs: median(samples.map((it) => it.theirs)) };
}

async function cpuPerCall(call: () => Promise<void>, roundMs: number): Promise<number> {
  const before = process.cpuUsage();
  let calls = 0;
  let spent = 0;
  while (spent < roundMs) {
    await call();
    calls += 1;
    const { user, system } = process.cpuUsage(before);
    spent = (user + system) / 1000;
  }
  return spent / calls;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
