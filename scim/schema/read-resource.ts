// A whole body -> the resource that is kept: known attributes under their own names, extensions under their URNs. What
// the body has beyond that is dropped and noted; readOnly attributes are ignored (RFC 7644 section 3.3, 3.5.1).
import { isDeepStrictEqual } from 'node:util';
import { DomainError } from '../../src/errors.ts';
import { namesOf } from '../quirks/schema-names.ts';
import { type Attribute, findAttribute, type ResourceType, type Schema } from './attribute.ts';
import { AGENT, AGENTIC_APPLICATION, BULK_REQUEST, GROUP, PATCH_OP, SEARCH_REQUEST, USER } from './names.ts';
import { type Dropped, type Json, type JsonObject, readValue } from './read-value.ts';

/** Taken and dropped without a note in the resource: Okta sends a placeholder always, and Drawbridge keeps no password. */
const NEVER_KEPT = new Set(['password', 'schemas']);

/** Bodies that are certainly not meant for the address of another type. */
const OTHER_THINGS = new Set(
  [USER, GROUP, AGENT, AGENTIC_APPLICATION, PATCH_OP, SEARCH_REQUEST, BULK_REQUEST].map((urn) => urn.toLowerCase()),
);

/** Throws `invalid_value`. Lists that live in tables (`members`) are left to who writes those. */
export function readResource(
  type: ResourceType,
  body: Readonly<Record<string, unknown>>,
  dropped: Dropped,
): JsonObject {
  const kept: JsonObject = {};
  checkSchemas(type, body, dropped);
  for (const [key, raw] of Object.entries(body)) {
    const extension = type.extensions.find((each) => namesOf(each).includes(key.toLowerCase()));
    if (extension) {
      const read = readExtension(extension, raw, dropped);
      if (read) {
        kept[extension.id] = read;
        requireExtension(extension, kept);
      }
      continue;
    }
    const attribute = findTopLevel(type, key);
    if (!attribute) {
      dropped.add(key);
      continue;
    }
    if (attribute.mutability === 'readOnly' || attribute.collection) continue;
    const read = readValue(attribute, raw, attribute.name, dropped);
    if (read !== undefined) kept[attribute.name] = read;
  }
  requireAll(type, kept);
  return kept;
}

/** Sets `schemas` to what the resource has (RFC 7643 section 3), first in order. */
export function withSchemas(type: ResourceType, kept: JsonObject): JsonObject {
  const { schemas: _, ...rest } = kept;
  const extensions = type.extensions.filter((extension) => kept[extension.id] !== undefined);
  return { schemas: [type.schema.id, ...extensions.map((extension) => extension.id)], ...rest };
}

/** Throws `invalid_value` where a required attribute of the resource's own schema is missing or empty. */
export function requireAll(type: ResourceType, kept: JsonObject): void {
  requireOf(type.schema.attributes, kept, '');
}

/** The same for an extension, which is asked where a request states it: a user from before it was declared lacks nothing. */
export function requireExtension(extension: Schema, kept: JsonObject): void {
  const stated = kept[extension.id];
  if (stated !== undefined) requireOf(extension.attributes, stated as JsonObject, `${extension.id}:`);
}

function requireOf(attributes: readonly Attribute[], kept: JsonObject, at: string): void {
  for (const attribute of attributes) {
    const value = kept[attribute.name];
    if (attribute.required && (value === undefined || (typeof value === 'string' && value.trim() === ''))) {
      throw new DomainError('invalid_value', `${at}${attribute.name} is required.`);
    }
  }
}

type Fixed = { readonly urn: string; readonly name: string; readonly value: Json };

/** Whether anything of the type is immutable. Outside of lists only schemas of an organization's own have such attributes. */
export function hasImmutable(type: ResourceType): boolean {
  return type.extensions.some(({ attributes }) => attributes.some(({ mutability }) => mutability === 'immutable'));
}

/** The values of a resource that may not change any more. */
export function immutableValues(type: ResourceType, kept: JsonObject): Fixed[] {
  return type.extensions.flatMap(({ id: urn, attributes }) => {
    const stated = kept[urn] as JsonObject | undefined;
    if (stated === undefined) return [];
    return attributes.flatMap(({ name, mutability }) => {
      const value = stated[name];
      return mutability === 'immutable' && value !== undefined ? [{ urn, name, value }] : [];
    });
  });
}

/** Throws `mutability` where one of these values is another one now, or gone (RFC 7644 section 3.5.1 and 3.5.2). */
export function refuseImmutableChange(before: readonly Fixed[], after: JsonObject): void {
  for (const { urn, name, value } of before) {
    if (isDeepStrictEqual((after[urn] as JsonObject | undefined)?.[name], value)) continue;
    throw new DomainError('mutability', `${urn}:${name} has a value, and is immutable.`);
  }
}

function findTopLevel(type: ResourceType, key: string): Attribute | undefined {
  return findAttribute(type.schema.attributes, key) ?? findAttribute(type.common, key);
}

function readExtension(extension: Schema, raw: unknown, dropped: Dropped): JsonObject | undefined {
  if (raw === null || raw === undefined) return undefined;
  if (typeof raw !== 'object' || Array.isArray(raw)) {
    throw new DomainError('invalid_value', `${extension.id} must be an object.`);
  }
  const kept: JsonObject = {};
  for (const [key, value] of Object.entries(raw)) {
    const attribute = findAttribute(extension.attributes, key);
    if (!attribute) {
      dropped.add(`${extension.id}:${key}`);
      continue;
    }
    if (attribute.mutability === 'readOnly') continue;
    const read = readValue(attribute, value, attribute.name, dropped);
    if (read !== undefined) kept[attribute.name] = read;
  }
  return Object.keys(kept).length > 0 ? kept : undefined;
}

function checkSchemas(type: ResourceType, body: Readonly<Record<string, unknown>>, dropped: Dropped): void {
  const stated = Object.entries(body).find(([key]) => key.toLowerCase() === 'schemas')?.[1];
  for (const key of Object.keys(body))
    if (NEVER_KEPT.has(key.toLowerCase()) && key.toLowerCase() !== 'schemas') dropped.add(key);
  if (stated === undefined || stated === null) return;
  if (!Array.isArray(stated) || !stated.every((urn) => typeof urn === 'string')) {
    throw new DomainError('invalid_value', 'schemas must be a list of URNs.');
  }
  const known = [type.schema, ...type.extensions].flatMap(namesOf);
  const others = stated.filter((urn) => !known.includes(urn.toLowerCase()));
  // a URN that nobody knows is passed over: OneLogin names nothing but `urn:scim:schemas:core:2.0`
  if (others.length === stated.length && others.some((urn) => OTHER_THINGS.has(urn.toLowerCase()))) {
    throw new DomainError('invalid_value', `schemas must name ${type.schema.id}: this is something else.`);
  }
  for (const urn of others) dropped.add(urn);
}
