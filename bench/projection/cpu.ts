// Processor time of a process and of all that it started, from /proc; where there is no /proc, nothing is said.
import { readdirSync, readFileSync } from 'node:fs';

const TICK_MS = 10;

/** Milliseconds used so far by the process groups of `pids`, ended children included; undefined without /proc. */
export function cpuOf(pids: readonly number[]): number | undefined {
  let ticks = 0;
  try {
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      const fields = statOf(entry);
      // Fields 5 and 14 to 17 of proc(5), counted behind the name: group, own time, time of ended children.
      if (fields && (pids.includes(Number(fields[2])) || pids.includes(Number(fields[1]))))
        ticks += fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    }
  } catch {
    return undefined;
  }
  return ticks * TICK_MS;
}

/** What stands behind the name, which may hold blanks; undefined when the process has just ended. */
function statOf(pid: string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
