// Attribute names of the wire -> attributes (RFC 7644 section 3.10): any case, with or without the schema's URN.
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
    const id = extension.id.toLowerCase();
    if (lower === id) return { extension };
    if (lower.startsWith(`${id}:`)) {
      return resolveIn(extension.attributes, name.slice(id.length + 1), extension);
    }
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
