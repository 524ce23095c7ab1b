// What a request would change, from what a resource was and would be. Pure.

export type AttributeChange = { readonly attribute: string; readonly before: unknown; readonly after: unknown };
export type MembersChange = {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly addedCount: number;
  readonly removedCount: number;
};

const MOST_LISTED = 100;

/** Attributes that differ, with null where there is none; meta (its version and time) is left out. */
export function attributeChanges(before: unknown, after: unknown): AttributeChange[] {
  const was = asRecord(before);
  const is = asRecord(after);
  const names = new Set([...Object.keys(was), ...Object.keys(is)]);
  names.delete('meta');
  return [...names]
    .filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]))
    .map((attribute) => ({ attribute, before: was[attribute] ?? null, after: is[attribute] ?? null }));
}

/** Ids that come and go: all are counted, the first 100 listed. */
export function membersChange(before: readonly string[], after: readonly string[]): MembersChange {
  const were = new Set(before);
  const are = new Set(after);
  const added = after.filter((id) => !were.has(id));
  const removed = before.filter((id) => !are.has(id));
  return {
    added: added.slice(0, MOST_LISTED),
    removed: removed.slice(0, MOST_LISTED),
    addedCount: added.length,
    removedCount: removed.length,
  };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
