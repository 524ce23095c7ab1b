// Processor time of this process per call: what a shared machine's other work hardly changes.

/** Milliseconds of processor time of one call, over as many as fit into `withinMs` of wall time. */
export async function cpuPerCall(call: () => unknown, withinMs: number): Promise<number> {
  const until = performance.now() + withinMs;
  const before = process.cpuUsage();
  let calls = 0;
  while (performance.now() < until) {
    await call();
    calls += 1;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / calls;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
