// Attribute names of the wire -> attributes (RFC 7644 section 3.10): any case, with or without the schema's URN.
import { namesOf } from '../quirks/schema-names.ts';
import { type Attribute, findAttribute, type ResourceType, type Schema } from './attribute.ts';

export type AttributePath = {
  /** The extension that the attribute stands in; undefined for core attributes. */
  readonly extension: Schema | undefined;
  readonly attribute: Attribute;
  readonly sub: Attribute | undefined;
};

/** What a name means: an attribute, a whole extension, or nothing that this resource type has. */
export function resolveName(
  type: ResourceType,
  name: string,
): AttributePath | { readonly extension: Schema } | undefined {
  const lower = name.toLowerCase();
  for (const extension of type.extensions) {
    const urn = namesOf(extension).find((each) => lower === each || lower.startsWith(`${each}:`));
    if (urn === lower) return { extension };
    if (urn !== undefined) return resolveIn(extension.attributes, name.slice(urn.length + 1), extension);
  }
  const core = `${type.schema.id.toLowerCase()}:`;
  const rest = lower.startsWith(core) ? name.slice(core.length) : name;
  return resolveIn(type.schema.attributes, rest, undefined) ?? resolveIn(type.common, rest, undefined);
}

/** An attribute by its path, or undefined. */
export function resolveAttribute(type: ResourceType, name: string): AttributePath | undefined {
  const found = resolveName(type, name);
  return found && 'attribute' in found ? found : undefined;
}

function resolveIn(
  attributes: readonly Attribute[],
  path: string,
  extension: Schema | undefined,
): AttributePath | undefined {
  const dot = path.indexOf('.');
  const attribute = findAttribute(attributes, dot < 0 ? path : path.slice(0, dot));
  if (!attribute) return undefined;
  if (dot < 0) return { extension, attribute, sub: undefined };
  const sub = findAttribute(attribute.subAttributes, path.slice(dot + 1));
  return sub && { extension, attribute, sub };
}

/** The keys under which the attribute's value stands in a stored resource. */
export function keysOf(path: AttributePath): string[] {
  return path.extension ? [path.extension.id, path.attribute.name] : [path.attribute.name];
}
