// The usual shape of a multi-valued attribute (RFC 7643 section 2.4).
import { type Attribute, attribute } from './attribute.ts';

/** A list of {value, display, type, primary}; `types` are suggested, `type` is the one of the values. */
export function plural(
  name: string,
  description: string,
  options: Partial<Attribute> & { types?: string[] } = {},
): Attribute {
  const { types, type, sortColumn, place } = options;
  return attribute(name, 'complex', description, {
    multiValued: true,
    ...(sortColumn ? { sortColumn } : {}),
    subAttributes: [
      attribute('value', type ?? 'string', 'The value itself.', {
        ...(type === 'reference' ? { referenceTypes: ['external'] } : {}),
        ...(place ? { place } : {}),
      }),
      attribute('display', 'string', 'The value as shown to people.'),
      attribute('type', 'string', 'What the value is for.', types ? { canonicalValues: types } : {}),
      attribute('primary', 'boolean', 'Whether this is the preferred one; at most one is.'),
    ],
  });
}
