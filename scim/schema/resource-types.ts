// The resource types that a directory sees: the standard ones, and with the schemas that its organization has declared
// (RFC 7643 section 6). Made once for each set of declarations; who has none shares the standard ones.
import type { DeclaredAttribute, ExtensionSchema } from '../../src/directory/extension-schema.ts';
import { AGENT_TYPE, AGENTIC_APPLICATION_TYPE } from './agent-schema.ts';
import { type Attribute, attribute, type ResourceType, type Schema } from './attribute.ts';
import { GROUP_TYPE } from './group-schema.ts';
import { USER_TYPE } from './user-schema.ts';

export type ResourceTypes = {
  readonly user: ResourceType;
  readonly group: ResourceType;
  readonly agent: ResourceType;
  readonly agenticApplication: ResourceType;
};

export const STANDARD_TYPES: ResourceTypes = {
  user: USER_TYPE,
  group: GROUP_TYPE,
  agent: AGENT_TYPE,
  agenticApplication: AGENTIC_APPLICATION_TYPE,
};

const made = new WeakMap<readonly ExtensionSchema[], Map<string, ResourceTypes>>();

/** The types with these schemas at this address of the service; asked again with the same list, the same types. */
export function typesWith(declared: readonly ExtensionSchema[], baseUrl: string): ResourceTypes {
  const byAddress = made.get(declared) ?? new Map<string, ResourceTypes>();
  made.set(declared, byAddress);
  let types = byAddress.get(baseUrl);
  if (!types) {
    const own = (type: ResourceType) => extend(type, declared, baseUrl);
    const { user, group, agent, agenticApplication } = STANDARD_TYPES;
    types = { user: own(user), group: own(group), agent: own(agent), agenticApplication: own(agenticApplication) };
    byAddress.set(baseUrl, types);
  }
  return types;
}

function extend(type: ResourceType, declared: readonly ExtensionSchema[], baseUrl: string): ResourceType {
  const own = declared.filter((each) => each.resourceTypes.some((name) => name === type.name));
  return { ...type, extensions: [...type.extensions, ...own.map(schemaOf)], baseUrl };
}

function schemaOf({ urn, name, description, attributes }: ExtensionSchema): Schema {
  const placed = attributes.map((each) => {
    const place = each.uniqueness === 'server' ? `${urn}:${each.name}`.toLowerCase() : undefined;
    return { ...attributeOf(each), ...(place ? { place } : {}) };
  });
  return { id: urn, name, description, attributes: placed };
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
