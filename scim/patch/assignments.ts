// Operations -> single assignments, each on one attribute with its path looked up. A value without a path is taken apart
// here: attributes, Entra's dotted keys ("name.givenName") and URN keys (aadOptscim062020), whole extensions.
import { DomainError } from '../../src/errors.ts';
import type { FilterNode } from '../filter/filter.ts';
import { parsePatchPath } from '../filter/parser.ts';
import { unwrapObject } from '../quirks/wrapped-objects.ts';
import { findAttribute, type ResourceType, type Schema } from '../schema/attribute.ts';
import { type AttributePath, resolveAttribute, resolveName } from '../schema/attribute-path.ts';
import type { Dropped } from '../schema/read-value.ts';
import type { PatchOperation } from './operations.ts';

export type Assignment = {
  readonly op: PatchOperation['op'];
  readonly target: AttributePath;
  readonly filter: FilterNode | undefined;
  readonly value: unknown;
};

/** Removing a whole extension, or replacing it by nothing. */
type ExtensionRemoval = { readonly op: 'remove'; readonly extension: Schema };

export type PatchStep = Assignment | ExtensionRemoval;

/** Taken and dropped: see the notes on passwords in schema/read-resource.ts. */
const NEVER_KEPT = new Set(['password', 'schemas']);

/** Beside those on members, which are made together by the database. */
const MOST_STEPS = 250;

/**
 * Throws `invalid_path` for a path that names nothing, `mutability` for one that names what cannot be changed, and
 * `too_large` for more than one request may change.
 */
export function readSteps(type: ResourceType, operations: readonly PatchOperation[], dropped: Dropped): PatchStep[] {
  const steps = operations.flatMap((operation) =>
    operation.path === undefined
      ? stepsOfBody(type, operation.op, operation.value, dropped)
      : stepsOfPath(type, operation, operation.path, dropped),
  );
  const onAttributes = steps.filter((step) => 'extension' in step || step.target.attribute.collection === undefined);
  if (onAttributes.length <= MOST_STEPS) return steps;
  throw new DomainError(
    'too_large',
    `The PATCH changes ${onAttributes.length} attributes; at most ${MOST_STEPS} beside members may be in one.`,
  );
}

function stepsOfPath(type: ResourceType, operation: PatchOperation, path: string, dropped: Dropped): PatchStep[] {
  const { op, value } = operation;
  const parsed = parsePatchPath(path);
  if (NEVER_KEPT.has(parsed.name.toLowerCase())) {
    dropped.add(parsed.name);
    return [];
  }
  const found = resolveName(type, parsed.name);
  if (!found) throw new DomainError('invalid_path', `${path} is no attribute of a ${type.name}.`);
  if (!('attribute' in found)) {
    if (parsed.filter) throw new DomainError('invalid_path', `${path} is no list.`);
    if (op === 'remove') return [{ op, extension: found.extension }];
    return stepsOfExtension(type, found.extension, op, unwrapObject(value), dropped);
  }
  const target =
    parsed.sub === undefined ? found : { ...found, sub: findAttribute(found.attribute.subAttributes, parsed.sub) };
  if (parsed.sub !== undefined && (!target.sub || found.sub)) {
    throw new DomainError('invalid_path', `${path} is no attribute of a ${type.name}.`);
  }
  if (parsed.filter && (!found.attribute.multiValued || found.sub)) {
    throw new DomainError('invalid_path', `${found.attribute.name} is no list whose elements a filter could choose.`);
  }
  if (found.attribute.mutability === 'readOnly' || target.sub?.mutability === 'readOnly') {
    throw new DomainError('mutability', `${path} cannot be changed: it is readOnly.`);
  }
  return [{ op, target, filter: parsed.filter, value }];
}

function stepsOfBody(type: ResourceType, op: PatchOperation['op'], value: unknown, dropped: Dropped): PatchStep[] {
  return entriesOf(value, 'The value of an operation without a path').flatMap(([key, part]): PatchStep[] => {
    // Entra writes whole value paths as keys, too (`emails[type eq "work"].value`)
    if (key.includes('[')) return stepsOfPath(type, { op, path: key, value: part }, key, dropped);
    const found = NEVER_KEPT.has(key.toLowerCase()) ? undefined : resolveName(type, key);
    if (!found) {
      dropped.add(key);
      return [];
    }
    if (!('attribute' in found)) {
      return part === null
        ? [{ op: 'remove', extension: found.extension }]
        : stepsOfExtension(type, found.extension, op, part, dropped);
    }
    if (found.attribute.mutability === 'readOnly' || found.sub?.mutability === 'readOnly') return [];
    return [{ op, target: found, filter: undefined, value: part }];
  });
}

function stepsOfExtension(
  type: ResourceType,
  extension: Schema,
  op: PatchOperation['op'],
  value: unknown,
  dropped: Dropped,
): PatchStep[] {
  return entriesOf(value, `The value of ${extension.id}`).flatMap(([key, part]): PatchStep[] => {
    const target = resolveAttribute(type, `${extension.id}:${key}`);
    if (!target) {
      dropped.add(`${extension.id}:${key}`);
      return [];
    }
    if (target.attribute.mutability === 'readOnly' || target.sub?.mutability === 'readOnly') return [];
    return [{ op, target, filter: undefined, value: part }];
  });
}

function entriesOf(value: unknown, what: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DomainError('invalid_value', `${what} must be an object.`);
  }
  return Object.entries(value);
}
