// Names for statements whose text is made from a filter: the common shapes are prepared once per connection, and the
// number of names is bounded, since each costs memory on every connection.

const MOST_NAMES = 100;
const LONGEST_TEXT = 2_000;
const names = new Map<string, string>();

/** `{name}` for a text that may be prepared under a name, or nothing for one that is sent as it is. */
export function nameOfShape(text: string): { name?: string } {
  const known = names.get(text);
  if (known !== undefined) return { name: known };
  if (names.size >= MOST_NAMES || text.length > LONGEST_TEXT) return {};
  const name = `directory_shape_${names.size}`;
  names.set(text, name);
  return { name };
}
