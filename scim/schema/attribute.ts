// What an attribute is (RFC 7643 section 2 and 7): the one description that filters, PATCH, validation, projections and
// the published schemas are made from.
import type { Target } from '../../src/directory/directory-filter.ts';

export type AttributeType =
  | 'string'
  | 'boolean'
  | 'decimal'
  | 'integer'
  | 'dateTime'
  | 'reference'
  | 'binary'
  | 'complex';

export const LONGEST_STRING = 65_536;

export type Attribute = {
  readonly name: string;
  readonly type: AttributeType;
  readonly description: string;
  readonly multiValued: boolean;
  readonly required: boolean;
  readonly caseExact: boolean;
  readonly mutability: 'readWrite' | 'readOnly' | 'immutable' | 'writeOnly';
  /** `request`: shown only where `attributes` names it; `never`: not even there, nor found by a filter. */
  readonly returned: 'always' | 'default' | 'request' | 'never';
  readonly uniqueness: 'none' | 'server' | 'global';
  /** Suggested values; others are taken too (RFC 7643 section 7: a service may, and directories send their own). */
  readonly canonicalValues?: readonly string[];
  readonly referenceTypes?: readonly string[];
  readonly subAttributes: readonly Attribute[];
  /** How many characters a value may have, where an index must hold it; else `LONGEST_STRING`. */
  readonly longest?: number;
  /** A stored column that answers for this attribute in filters and sorting. */
  readonly column?: string;
  /** Where this value stands in the keys by which users are found; the first part of a key. */
  readonly place?: string;
  /** The address of a resource: where it begins, and the column of the resource's id. */
  readonly addressOf?: { readonly endpoint: ResourceType['endpoint']; readonly column: string };
  /** The column by which a multi-valued attribute sorts. */
  readonly sortColumn?: string;
  /** A list that is not in the resource but in a table. */
  readonly collection?: 'members' | 'groups';
  /** Part of every resource (RFC 7643 section 3.1): never listed in a schema. */
  readonly common?: boolean;
};

export type Schema = {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly attributes: readonly Attribute[];
};

export type ResourceType = {
  readonly name: 'User' | 'Group' | 'Agent' | 'AgenticApplication';
  readonly endpoint: '/Users' | '/Groups' | '/Agents' | '/AgenticApplications';
  readonly description: string;
  readonly schema: Schema;
  readonly extensions: readonly Schema[];
  readonly common: readonly Attribute[];
  /** The public address of the service, which addresses of resources begin with. */
  readonly baseUrl?: string;
};

/** A longer one, in any script and folded, would not fit into an entry of an index. */
export const LONGEST_INDEXED = 512;

type Options = Partial<Omit<Attribute, 'name' | 'type' | 'description'>>;

/** An attribute with the defaults of RFC 7643 section 2.2. */
export function attribute(name: string, type: AttributeType, description: string, options: Options = {}): Attribute {
  return {
    name,
    type,
    description,
    multiValued: false,
    required: false,
    caseExact: type === 'reference' || type === 'binary',
    mutability: 'readWrite',
    returned: 'default',
    uniqueness: 'none',
    subAttributes: [],
    ...options,
  };
}

const byName = new WeakMap<readonly Attribute[], Map<string, Attribute>>();

/** The attribute of that name, whatever its case (RFC 7643 section 2.1). */
export function findAttribute(attributes: readonly Attribute[], name: string): Attribute | undefined {
  let names = byName.get(attributes);
  if (!names) {
    names = new Map(attributes.map((each) => [each.name.toLowerCase(), each]));
    byName.set(attributes, names);
  }
  return names.get(name.toLowerCase());
}

/** How values of a simple attribute compare. */
export function valueKind(attribute: Attribute): Extract<Target, { kind: unknown }>['kind'] {
  switch (attribute.type) {
    case 'boolean':
      return 'boolean';
    case 'integer':
    case 'decimal':
      return 'number';
    case 'dateTime':
      return 'time';
    default:
      return attribute.caseExact ? 'text' : 'folded';
  }
}
