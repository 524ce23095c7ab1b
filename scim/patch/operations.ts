// The body of a PATCH -> its operations (RFC 7644 section 3.5.2). Op names in any case, since Entra (legacy) writes them
// with a capital.
import { DomainError } from '../../src/errors.ts';
import { unwrapObject } from '../quirks/wrapped-objects.ts';
import { fieldOf, requireMessage } from '../schema/message.ts';
import { PATCH_OP } from '../schema/names.ts';

export type PatchOperation = {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: string | undefined;
  readonly value: unknown;
};

/**
 * Of the PATCH of the resource `id`. An empty list is a PATCH without effect, which Entra sends. Throws `invalid_syntax`
 * or `invalid_value`, and `mutability` where a value states another resource's id: Okta repeats the id, and a different
 * one was meant for something else.
 */
export function readOperations(body: Readonly<Record<string, unknown>>, id: string): PatchOperation[] {
  requireMessage(body, PATCH_OP, 'PATCH');
  const operations = fieldOf(body, 'operations');
  if (!Array.isArray(operations)) throw new DomainError('invalid_syntax', 'A PATCH needs a list of Operations.');
  const read = operations.map(readOperation);
  for (const { path, value } of read) if (path === undefined) refuseOtherId(value, id);
  return read;
}

function refuseOtherId(value: unknown, id: string): void {
  const stated = typeof value === 'object' && value !== null ? fieldOf(value, 'id') : undefined;
  if (typeof stated !== 'string' || stated.toLowerCase() === id.toLowerCase()) return;
  throw new DomainError('mutability', 'The id of a resource cannot be changed, and this value states another one.');
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
  return path ? { op, path, value } : { op, path: undefined, value: unwrapObject(value) };
}
