// What no column can hold is refused at the door (law 8): U+0000, halves of surrogate pairs, and JSON nested so deep that
// walking it would cost more than reading it.

const DEPTH_MAX = 32;

/** Whether Postgres can store the text as it is. */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

/** What is wrong with a parsed JSON value, keys included; undefined when all of it can be stored. */
export function findUnstorable(value: unknown, depth = 0): string | undefined {
  if (typeof value === 'string') return isStorable(value) ? undefined : 'A text holds U+0000 or half a character.';
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === DEPTH_MAX) return `The body is nested deeper than ${DEPTH_MAX} levels.`;
  for (const [key, part] of Object.entries(value)) {
    const fault = findUnstorable(key, depth) ?? findUnstorable(part, depth + 1);
    if (fault) return fault;
  }
  return undefined;
}
