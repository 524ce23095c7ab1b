// What the messages of RFC 7644 (PATCH, search, bulk) have in common: fields by name in any case, and what `schemas` says.
import { DomainError } from '../../src/errors.ts';

/** The value of a field, whatever the case of its name; undefined where there is none. */
export function fieldOf(object: object, lowerName: string): unknown {
  for (const [key, value] of Object.entries(object)) if (key.toLowerCase() === lowerName) return value;
  return undefined;
}

/**
 * Throws `invalid_syntax` where `schemas` names other messages than this one. A message that states none (an empty list
 * states nothing, RFC 7643 section 2.5) is taken for what its address takes: clients are seen to leave the list empty.
 */
export function requireMessage(body: object, urn: string, what: string): void {
  const schemas = fieldOf(body, 'schemas') ?? [];
  if (Array.isArray(schemas) && (schemas.length === 0 || schemas.some((each) => isUrn(each, urn)))) return;
  throw new DomainError('invalid_syntax', `schemas of a ${what} must name ${urn}.`);
}

function isUrn(stated: unknown, urn: string): boolean {
  return typeof stated === 'string' && stated.toLowerCase() === urn.toLowerCase();
}
