// Runs a table of checks from top to bottom, to the first one that refuses.
import { Refused, type SamlRefusalCode } from './refusals.ts';

/** A step throws `Refused`, or answers what it found in words for the trace. */
export type Steps<V> = readonly (readonly [name: string, step: (v: V) => string])[];

/** What a step found, for the trace. `detail` may hold personal values of the sender. */
export type Check = { readonly name: string; readonly ok: boolean; readonly detail: string };

export type SamlRefusal = {
  readonly ok: false;
  readonly refusal: SamlRefusalCode;
  readonly detail: string;
  readonly checks: readonly Check[];
};

export function runSteps<V>(
  steps: Steps<V>,
  v: V,
): { readonly ok: true; readonly checks: readonly Check[] } | SamlRefusal {
  const checks: Check[] = [];
  let current = '';
  try {
    for (const [name, step] of steps) {
      current = name;
      checks.push({ name, ok: true, detail: step(v) });
    }
    return { ok: true, checks };
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
    checks.push({ name: current, ok: false, detail: fault.message });
    return { ok: false, refusal: fault.code, detail: fault.message, checks };
  }
}
