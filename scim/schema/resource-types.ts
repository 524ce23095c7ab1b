// The resource types that a directory sees: the standard ones, and with the schemas that its organization has declared
// (RFC 7643 section 6). Made once for each set of declarations; who has none shares the standard ones.
import { type DeclaredAttribute, type ExtensionSchema, NO_EXTENSIONS } from '../../src/directory/extension-schema.ts';
import { type Attribute, attribute, type ResourceType, type Schema } from './attribute.ts';
import { GROUP_TYPE } from './group-schema.ts';
import { USER_TYPE } from './user-schema.ts';

export type ResourceTypes = { readonly user: ResourceType; readonly group: ResourceType };

export const STANDARD_TYPES: ResourceTypes = { user: USER_TYPE, group: GROUP_TYPE };

const made = new WeakMap<readonly ExtensionSchema[], ResourceTypes>([[NO_EXTENSIONS, STANDARD_TYPES]]);

/** The types with these schemas; asked again with the same list, the same types. */
export function typesWith(declared: readonly ExtensionSchema[]): ResourceTypes {
  let types = made.get(declared);
  if (!types) {
    types = { user: extend(USER_TYPE, declared), group: extend(GROUP_TYPE, declared) };
    made.set(declared, types);
  }
  return types;
}

function extend(type: ResourceType, declared: readonly ExtensionSchema[]): ResourceType {
  const own = declared.filter((each) => each.resourceTypes.includes(type.name));
  if (own.length === 0) return type;
  return { ...type, extensions: [...type.extensions, ...own.map(schemaOf)] };
}

function schemaOf({ urn, name, description, attributes }: ExtensionSchema): Schema {
  return { id: urn, name, description, attributes: attributes.map(attributeOf) };
}

function attributeOf(declared: DeclaredAttribute): Attribute {
  const { name, type, description, subAttributes, canonicalValues, referenceTypes, ...options } = declared;
  return attribute(name, type, description, {
    ...options,
    ...(canonicalValues?.length ? { canonicalValues } : {}),
    ...(referenceTypes?.length ? { referenceTypes } : {}),
    ...(subAttributes ? { subAttributes: subAttributes.map(attributeOf) } : {}),
  });
}
