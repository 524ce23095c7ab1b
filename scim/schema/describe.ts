// The published schemas (RFC 7643 section 7), shaped by scimmy from our own attribute table: instances of our own, nothing
// declared globally. scimmy is used here and nowhere on the path of a resource.
import SCIMMY from 'scimmy';
import type { Attribute, Schema } from './attribute.ts';

type Description = { [key: string]: unknown };

/** The schema resource; `location` is its address. */
export function describeSchema(schema: Schema, location: string): Description {
  const attributes = schema.attributes.filter((attribute) => !attribute.common).map(scimmyAttribute);
  const definition = new SCIMMY.Types.SchemaDefinition(schema.name, schema.id, schema.description, attributes);
  const described = definition.describe() as Description;
  return { ...described, meta: { resourceType: 'Schema', location } };
}

function scimmyAttribute(attribute: Attribute): InstanceType<typeof SCIMMY.Types.Attribute> {
  const config = {
    multiValued: attribute.multiValued,
    required: attribute.required,
    description: attribute.description,
    caseExact: attribute.caseExact,
    mutable: attribute.mutability,
    returned: attribute.returned,
    uniqueness: attribute.uniqueness,
    ...(attribute.canonicalValues ? { canonicalValues: [...attribute.canonicalValues] } : {}),
    ...(attribute.referenceTypes ? { referenceTypes: [...attribute.referenceTypes] } : {}),
  };
  const subAttributes = attribute.subAttributes.map(scimmyAttribute);
  return new SCIMMY.Types.Attribute(attribute.type, attribute.name, config, subAttributes);
}
