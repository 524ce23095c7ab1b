// What a trace keeps of the values that a company sent, by the connection's policy. Pure.

export type TraceValues = 'names' | 'masked' | 'all';

const MOST_VALUES = 50;

/** Undefined under `names`. Masked: the first letter, and of an address its domain; lengths stay comparable. */
export function redactValues(
  attributes: ReadonlyMap<string, readonly string[]>,
  policy: TraceValues,
): Record<string, string[]> | undefined {
  if (policy === 'names') return undefined;
  const keep = policy === 'all' ? (value: string) => value : mask;
  return Object.fromEntries(
    [...attributes].map(([name, values]) => [name, values.slice(0, MOST_VALUES).map(keep)] as const),
  );
}

function mask(value: string): string {
  const at = value.lastIndexOf('@');
  const shown = value.slice(0, 1);
  return at > 0 ? `${shown}…${value.slice(at)}` : `${shown}… (${value.length})`;
}
