// `attributes` and `excludedAttributes` (RFC 7644 section 3.9) over what each attribute's `returned` says (RFC 7643 section
// 7): which parts of a resource an answer shows. What is not shown is not loaded where it stands in a table of its own.
import type { RequestParameters } from './parameters.ts';
import type { Attribute, ResourceType } from './schema/attribute.ts';
import { resolveName } from './schema/attribute-path.ts';
import type { Json, JsonObject } from './schema/read-value.ts';

/** Chosen parts by their key in the resource, down to sub-attributes: all of one, or some of it. */
type Choice = Map<string, 'all' | Choice>;

export type Projection = {
  /** True where the whole resource is shown, so that its text goes out as it is stored. */
  readonly isWhole: boolean;
  /** Whether anything of this list is shown, so that it must be loaded. */
  shows(collection: 'members' | 'groups'): boolean;
  /** Whether `attributes` names the part at this path itself, as one that is returned on request needs. */
  asksFor(...path: readonly string[]): boolean;
  apply(resource: JsonObject): JsonObject;
};

const WHOLE: Projection = { isWhole: true, shows: () => true, asksFor: () => false, apply: (resource) => resource };

/** What a type shows to who chooses nothing, as nearly all do. */
const unchosen = new WeakMap<ResourceType, Projection>();

/** By `attributes`, else by `excludedAttributes`. Names that the type does not have choose nothing. */
export function readProjection(type: ResourceType, parameters: RequestParameters): Projection {
  const isChosen = parameters('attributes') !== undefined || parameters('excludedAttributes') !== undefined;
  if (isChosen) return makeProjection(type, parameters);
  const known = unchosen.get(type) ?? makeProjection(type, parameters);
  unchosen.set(type, known);
  return known;
}

function makeProjection(type: ResourceType, parameters: RequestParameters): Projection {
  const wanted = namesOf(parameters('attributes'));
  if (wanted.length > 0) return only(shownBy(type, readChoice(type, wanted)));
  const hidden = hiddenBy(type, readChoice(type, namesOf(parameters('excludedAttributes'))));
  return hidden.size > 0 ? without(hidden) : WHOLE;
}

/** Microsoft's test collection asks for `emails[type eq "work"]`: a filter chooses no elements here, so all are shown. */
function namesOf(list: string | undefined): string[] {
  return (list ?? '')
    .replace(/\[[^\]]*\]/g, '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function readChoice(type: ResourceType, names: readonly string[]): Choice {
  const choice: Choice = new Map();
  for (const name of names) {
    const found = resolveName(type, name);
    if (!found) continue;
    const path =
      'attribute' in found ? [found.extension?.id, found.attribute.name, found.sub?.name] : [found.extension.id];
    choose(
      choice,
      path.filter((key) => key !== undefined),
    );
  }
  return choice;
}

/** What was chosen as a whole stays so, whatever part of it is named as well. */
function choose(choice: Choice, [key, ...rest]: readonly string[]): void {
  if (key === undefined || choice.get(key) === 'all') return;
  if (rest.length === 0) choice.set(key, 'all');
  else {
    const part: Choice = (choice.get(key) as Choice | undefined) ?? new Map();
    choice.set(key, part);
    choose(part, rest);
  }
}

/** All that is shown where `wanted` is asked for: with what is always returned, without what never is. */
function shownBy(type: ResourceType, wanted: Choice): Choice {
  for (const attribute of [...type.common, ...type.schema.attributes]) {
    if (attribute.returned === 'always') wanted.set(attribute.name, 'all');
  }
  for (const { id, attributes } of type.extensions) {
    const asked = wanted.get(id);
    const shown: Choice = asked instanceof Map ? asked : new Map();
    for (const { name, returned } of attributes) {
      if (returned === 'never') shown.delete(name);
      else if (returned === 'always' || (asked === 'all' && returned === 'default')) shown.set(name, 'all');
    }
    if (shown.size > 0) wanted.set(id, shown);
    else wanted.delete(id);
  }
  return wanted;
}

/** All that is not shown where `unwanted` is left out: what is always returned stays, what waits to be asked for goes. */
function hiddenBy(type: ResourceType, unwanted: Choice): Choice {
  for (const attribute of [...type.common, ...type.schema.attributes]) {
    if (attribute.returned === 'always') unwanted.delete(attribute.name);
  }
  for (const { id, attributes } of type.extensions) {
    if (attributes.every(isShownByDefault)) continue;
    const all = unwanted.get(id) === 'all';
    const hidden: Choice = all ? new Map() : ((unwanted.get(id) as Choice | undefined) ?? new Map());
    for (const { name, returned } of attributes) {
      if (returned === 'always') hidden.delete(name);
      else if (all || returned !== 'default') hidden.set(name, 'all');
    }
    if (hidden.size > 0) unwanted.set(id, hidden);
    else unwanted.delete(id);
  }
  return unwanted;
}

function isShownByDefault(attribute: Attribute): boolean {
  return attribute.returned === 'default';
}

function only(shown: Choice): Projection {
  return {
    isWhole: false,
    shows: (collection) => shown.has(collection),
    asksFor(...path) {
      let parts: 'all' | Choice | undefined = shown;
      for (const key of path) parts = parts instanceof Map ? parts.get(key) : undefined;
      return parts !== undefined;
    },
    apply: (resource) => (keep(resource, shown) ?? {}) as JsonObject,
  };
}

function without(hidden: Choice): Projection {
  return {
    // a list that is not loaded needs no cutting
    isWhole: [...hidden].every(([key, part]) => part === 'all' && (key === 'members' || key === 'groups')),
    shows: (collection) => hidden.get(collection) !== 'all',
    asksFor: () => false,
    apply: (resource) => (cut(resource, hidden) ?? {}) as JsonObject,
  };
}

/** The chosen parts, or undefined where nothing is left. */
function keep(value: Json, choice: Choice): Json | undefined {
  return map(value, (name, part) => {
    const chosen = choice.get(name);
    return chosen === 'all' ? part : chosen && keep(part, chosen);
  });
}

/** All but the chosen parts, or undefined where nothing is left. */
function cut(value: Json, choice: Choice): Json | undefined {
  return map(value, (name, part) => {
    const chosen = choice.get(name);
    if (chosen === 'all') return undefined;
    return chosen ? cut(part, chosen) : part;
  });
}

function map(value: Json, part: (name: string, value: Json) => Json | undefined): Json | undefined {
  if (Array.isArray(value)) {
    const parts = value.map((element) => map(element, part)).filter((element) => element !== undefined);
    return parts.length > 0 ? parts : undefined;
  }
  if (typeof value !== 'object') return value;
  const entries = Object.entries(value).flatMap(([name, each]) => {
    const kept = part(name, each);
    return kept === undefined ? [] : [[name, kept] as const];
  });
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
