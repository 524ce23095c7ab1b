// `attributes` and `excludedAttributes` (RFC 7644 section 3.9): which parts of a resource an answer shows. What is not
// shown is not loaded where it stands in a table of its own.
import type { Attribute, ResourceType } from './schema/attribute.ts';
import { resolveName } from './schema/attribute-path.ts';
import type { Json, JsonObject } from './schema/read-value.ts';

/** Chosen attributes by their key in the resource: all of one, or some sub-attributes (for extensions, attributes). */
type Choice = Map<string, 'all' | Set<string>>;

export type Projection = {
  /** True where the whole resource is shown, so that its text goes out as it is stored. */
  readonly isWhole: boolean;
  /** Whether anything of this list is shown, so that it must be loaded. */
  shows(collection: 'members' | 'groups'): boolean;
  /** Whether `attributes` names this one itself, as one that is returned on request needs. */
  asksFor(collection: 'members' | 'groups', part: string): boolean;
  apply(resource: JsonObject): JsonObject;
};

const WHOLE: Projection = { isWhole: true, shows: () => true, asksFor: () => false, apply: (resource) => resource };

/** Names that the type does not have choose nothing. */
export function readProjection(
  type: ResourceType,
  attributes: string | undefined,
  excluded: string | undefined,
): Projection {
  const wanted = namesOf(attributes);
  const unwanted = namesOf(excluded);
  if (wanted.length > 0) return only(type, readChoice(type, wanted));
  if (unwanted.length > 0) return without(type, readChoice(type, unwanted));
  return WHOLE;
}

function namesOf(list: string | undefined): string[] {
  return (list ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function readChoice(type: ResourceType, names: readonly string[]): Choice {
  const choice: Choice = new Map();
  const add = (key: string, part: string | undefined) => {
    const present = choice.get(key);
    if (part === undefined) choice.set(key, 'all');
    else if (present !== 'all') choice.set(key, (present ?? new Set()).add(part));
  };
  for (const name of names) {
    const found = resolveName(type, name);
    if (!found) continue;
    if (!('attribute' in found)) add(found.extension.id, undefined);
    else if (found.extension) add(found.extension.id, found.attribute.name);
    else add(found.attribute.name, found.sub?.name);
  }
  return choice;
}

function alwaysShown(type: ResourceType): Set<string> {
  const attributes: readonly Attribute[] = [...type.common, ...type.schema.attributes];
  return new Set(attributes.filter((attribute) => attribute.returned === 'always').map((attribute) => attribute.name));
}

function only(type: ResourceType, choice: Choice): Projection {
  const always = alwaysShown(type);
  return {
    isWhole: false,
    shows: (collection) => choice.has(collection),
    asksFor(collection, part) {
      const parts = choice.get(collection);
      return parts instanceof Set && parts.has(part);
    },
    apply(resource) {
      const shown: JsonObject = {};
      for (const [key, value] of Object.entries(resource)) {
        const part = choice.get(key);
        if (always.has(key) || part === 'all') shown[key] = value;
        else if (part) {
          const kept = pick(value, (name) => part.has(name));
          if (kept !== undefined) shown[key] = kept;
        }
      }
      return shown;
    },
  };
}

function without(type: ResourceType, choice: Choice): Projection {
  const always = alwaysShown(type);
  const isOnly = (collection: string) => choice.get(collection) === 'all';
  return {
    // a list that is not loaded needs no cutting
    isWhole: [...choice].every(([key, part]) => part === 'all' && (key === 'members' || key === 'groups')),
    shows: (collection) => !isOnly(collection),
    asksFor: () => false,
    apply(resource) {
      const shown: JsonObject = {};
      for (const [key, value] of Object.entries(resource)) {
        const part = choice.get(key);
        if (always.has(key) || part === undefined) shown[key] = value;
        else if (part !== 'all') {
          const kept = pick(value, (name) => !part.has(name));
          if (kept !== undefined) shown[key] = kept;
        }
      }
      return shown;
    },
  };
}

function pick(value: Json, isKept: (name: string) => boolean): Json | undefined {
  if (Array.isArray(value)) {
    const parts = value.map((element) => pick(element, isKept)).filter((element) => element !== undefined);
    return parts.length > 0 ? parts : undefined;
  }
  if (typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([name]) => isKept(name));
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
