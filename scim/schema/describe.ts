// The published schemas (RFC 7643 section 7). The standard ones are shaped by scimmy from our own attribute table:
// instances of our own, nothing declared globally; it is used here and nowhere on the path of a resource. What an
// organization has declared is said as it was declared: scimmy takes only some URNs.
import SCIMMY from 'scimmy';
import type { Attribute, Schema } from './attribute.ts';
import { SCHEMA } from './names.ts';

type Description = { [key: string]: unknown };

/** A schema of the standard as a resource; `location` is its address. */
export function describeSchema(schema: Schema, location: string): Description {
  const attributes = schema.attributes.filter((attribute) => !attribute.common).map(scimmyAttribute);
  const definition = new SCIMMY.Types.SchemaDefinition(schema.name, schema.id, schema.description, attributes);
  const described = definition.describe() as Description;
  return { ...described, meta: { resourceType: 'Schema', location } };
}

/** A schema of the organization's own as a resource. */
export function describeDeclared(schema: Schema, location: string): Description {
  const { id, name, description } = schema;
  const attributes = schema.attributes.map(describeAttribute);
  return { schemas: [SCHEMA], id, name, description, attributes, meta: { resourceType: 'Schema', location } };
}

function describeAttribute(attribute: Attribute): Description {
  const { name, type, description, multiValued, required, caseExact, mutability, returned, uniqueness } = attribute;
  return {
    name,
    type,
    ...(type === 'complex' ? { subAttributes: attribute.subAttributes.map(describeAttribute) } : {}),
    multiValued,
    description,
    required,
    ...(attribute.canonicalValues ? { canonicalValues: attribute.canonicalValues } : {}),
    caseExact,
    mutability,
    returned,
    uniqueness,
    ...(attribute.referenceTypes ? { referenceTypes: attribute.referenceTypes } : {}),
  };
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
