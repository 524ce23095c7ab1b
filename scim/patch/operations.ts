// The body of a PATCH -> its operations (RFC 7644 section 3.5.2). Op names in any case, since Entra (legacy) writes them
// with a capital.
import { DomainError } from '../../src/errors.ts';
import { PATCH_OP } from '../schema/names.ts';

export type PatchOperation = {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: string | undefined;
  readonly value: unknown;
};

/** An empty list is a PATCH without effect, which Entra sends. Throws `invalid_syntax` or `invalid_value`. */
export function readOperations(body: Readonly<Record<string, unknown>>): PatchOperation[] {
  const schemas = fieldOf(body, 'schemas');
  if (schemas !== undefined && !(Array.isArray(schemas) && schemas.includes(PATCH_OP))) {
    throw new DomainError('invalid_syntax', `schemas of a PATCH must name ${PATCH_OP}.`);
  }
  const operations = fieldOf(body, 'operations');
  if (!Array.isArray(operations)) throw new DomainError('invalid_syntax', 'A PATCH needs a list of Operations.');
  return operations.map(readOperation);
}

function readOperation(raw: unknown, index: number): PatchOperation {
  const at = `Operation ${index + 1}`;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new DomainError('invalid_syntax', `${at} must be an object.`);
  }
  const name = fieldOf(raw, 'op');
  const op = typeof name === 'string' ? name.toLowerCase() : '';
  if (op !== 'add' && op !== 'replace' && op !== 'remove') {
    throw new DomainError('invalid_syntax', `${at} must be add, replace or remove.`);
  }
  const path = fieldOf(raw, 'path') ?? undefined;
  if (path !== undefined && typeof path !== 'string') {
    throw new DomainError('invalid_path', `The path of ${at.toLowerCase()} must be a text.`);
  }
  const value = fieldOf(raw, 'value');
  if (op === 'remove' && path === undefined) {
    throw new DomainError('no_target', `${at} removes nothing: it needs a path.`);
  }
  if (op !== 'remove' && value === undefined) throw new DomainError('invalid_value', `${at} needs a value.`);
  return { op, path: path === '' ? undefined : path, value };
}

function fieldOf(object: object, lowerName: string): unknown {
  for (const [key, value] of Object.entries(object)) if (key.toLowerCase() === lowerName) return value;
  return undefined;
}
