// Objects that come as JSON text, or in a list of one: so SCIM-SDK for Java sends what its PATCH adds and replaces.
import { LONGEST_STRING } from '../schema/attribute.ts';

/** The object that a JSON text states; anything else as it came. */
export function objectOfText(value: unknown): unknown {
  if (typeof value !== 'string' || value.length > LONGEST_STRING || !value.trimStart().startsWith('{')) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** The object that a list of one or a JSON text stands for; anything else as it came. */
export function unwrapObject(value: unknown): unknown {
  return objectOfText(Array.isArray(value) && value.length === 1 ? value[0] : value);
}
