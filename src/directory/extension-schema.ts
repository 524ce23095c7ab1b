// An organization's own SCIM schemas (RFC 7643 section 3.3 and 7): what its directories may state beyond the standard.
// Which declarations are taken is decided here; scim/schema/resource-types.ts makes attributes of them. Pure.
import { DomainError } from '../errors.ts';

export const EXTENDED_TYPES = ['User', 'Group'] as const;
export const DECLARED_TYPES = [
  'string',
  'boolean',
  'decimal',
  'integer',
  'dateTime',
  'reference',
  'binary',
  'complex',
] as const;
export const DECLARED_MUTABILITY = ['readWrite', 'immutable', 'writeOnly'] as const;
export const DECLARED_RETURNED = ['always', 'default', 'request', 'never'] as const;
export const DECLARED_UNIQUENESS = ['none', 'server'] as const;

/** One attribute, its characteristics those of RFC 7643 section 7 and all stated. */
export type DeclaredAttribute = {
  readonly name: string;
  readonly type: (typeof DECLARED_TYPES)[number];
  readonly description: string;
  readonly multiValued: boolean;
  /** Demanded wherever the extension is stated; a resource without the extension lacks nothing. */
  readonly required: boolean;
  readonly caseExact: boolean;
  readonly mutability: (typeof DECLARED_MUTABILITY)[number];
  readonly returned: (typeof DECLARED_RETURNED)[number];
  /** `server`: no two users of one directory have the same value. */
  readonly uniqueness: (typeof DECLARED_UNIQUENESS)[number];
  /** Suggested values; others are taken too, as for the standard attributes. */
  readonly canonicalValues?: readonly string[] | undefined;
  readonly referenceTypes?: readonly string[] | undefined;
  readonly subAttributes?: readonly DeclaredAttribute[] | undefined;
};

/** A schema as an administrator declares it. */
export type ExtensionSchemaInput = {
  readonly urn: string;
  readonly name: string;
  readonly description: string;
  readonly resourceTypes: readonly (typeof EXTENDED_TYPES)[number][];
  readonly attributes: readonly DeclaredAttribute[];
};

/** A declared schema as the directories of its organization have it. */
export type ExtensionSchema = ExtensionSchemaInput;

/** Given to every caller whose organization has declared nothing, so that "none" is one comparison. */
export const NO_EXTENSIONS: readonly ExtensionSchema[] = [];

export const MOST_SCHEMAS = 20;
export const MOST_ATTRIBUTES = 100;
export const MOST_SUB_ATTRIBUTES = 20;
const LARGEST_DECLARATION = 64 * 1024;

/** What a filter's lexer reads as one name, in URN form (RFC 8141). */
const URN = /^urn:[a-z0-9][a-z0-9-]{1,30}(?::[\w$.-]+)+$/i;
const NAME = /^[a-z][\w-]{0,63}$/i;
const SUB_NAME = /^(?:\$ref|[a-z][\w-]{0,63})$/i;

/** Entra's own guide has customers declare under urn:ietf:params:scim:schemas:extension, so that is left open. */
const RESERVED = [
  'urn:ietf:params:scim:schemas:core:',
  'urn:ietf:params:scim:api:',
  'urn:ietf:params:scim:schemas:extension:enterprise:',
];

/** Throws `invalid_value`, naming the attribute, for a declaration that could not be kept as declared. */
export function checkExtensionSchema(schema: ExtensionSchemaInput): void {
  const lower = schema.urn.toLowerCase();
  if (!URN.test(schema.urn)) {
    throw refusal('urn must be a URN of letters, digits, ".", "-", "_" and "$" between colons.');
  }
  if (RESERVED.some((prefix) => `${lower}:`.startsWith(prefix))) {
    throw refusal(`${schema.urn} is a URN of the standard; declare under one of your own.`);
  }
  if (JSON.stringify(schema).length > LARGEST_DECLARATION) {
    throw refusal(`The declaration is larger than ${LARGEST_DECLARATION / 1024} KB.`);
  }
  checkAttributes(schema.attributes, '', NAME, MOST_ATTRIBUTES);
  if (schema.resourceTypes.includes('Group')) {
    const unique = schema.attributes.find((attribute) => attribute.uniqueness !== 'none');
    if (unique) throw refusal(`${unique.name}: uniqueness is kept for users only; this schema extends groups.`);
  }
}

/** Throws `conflict` where a name under one URN could be read as a name under the other. */
export function refuseOverlap(urn: string, others: readonly string[]): void {
  const own = urn.toLowerCase();
  for (const other of others.map((each) => each.toLowerCase())) {
    if (own === other) throw new DomainError('uniqueness', `The organization has a schema ${urn}.`);
    if (own.startsWith(`${other}:`) || other.startsWith(`${own}:`)) {
      throw new DomainError('conflict', `${urn} and ${other} overlap: one begins with the other.`);
    }
  }
}

/**
 * The attributes whose stored values would no longer be readable if `next` took the place of `present`: those that are
 * gone, or whose values have another shape.
 */
export function attributesLost(present: ExtensionSchema, next: ExtensionSchemaInput): string[] {
  return lostIn(present.attributes, next.attributes, '');
}

function lostIn(present: readonly DeclaredAttribute[], next: readonly DeclaredAttribute[], at: string): string[] {
  return present.flatMap((attribute) => {
    const same = next.find((each) => each.name === attribute.name);
    if (!same || same.type !== attribute.type || same.multiValued !== attribute.multiValued)
      return [at + attribute.name];
    return lostIn(attribute.subAttributes ?? [], same.subAttributes ?? [], `${at}${attribute.name}.`);
  });
}

function checkAttributes(attributes: readonly DeclaredAttribute[], at: string, form: RegExp, most: number): void {
  if (attributes.length > most) throw refusal(`${at || 'attributes'}: at most ${most} are taken.`);
  const seen = new Set<string>();
  for (const attribute of attributes) {
    const path = at === '' ? attribute.name : `${at}.${attribute.name}`;
    if (!form.test(attribute.name) || attribute.name in {})
      throw refusal(`${path} cannot be the name of an attribute.`);
    if (seen.has(attribute.name.toLowerCase())) throw refusal(`${path} is declared twice; names have no case.`);
    seen.add(attribute.name.toLowerCase());
    checkAttribute(attribute, path, at !== '');
  }
}

function checkAttribute(attribute: DeclaredAttribute, path: string, isSub: boolean): void {
  const { type, mutability, returned, subAttributes, uniqueness } = attribute;
  if (type === 'complex') {
    if (isSub) throw refusal(`${path}: a sub-attribute cannot be complex (RFC 7643 section 2.3.8).`);
    if (!subAttributes?.length) throw refusal(`${path}: a complex attribute needs subAttributes.`);
    checkAttributes(subAttributes, path, SUB_NAME, MOST_SUB_ATTRIBUTES);
  } else if (subAttributes?.length) throw refusal(`${path}: only a complex attribute has subAttributes.`);
  if (attribute.referenceTypes?.length && type !== 'reference') {
    throw refusal(`${path}: only a reference has referenceTypes.`);
  }
  if (mutability === 'writeOnly' && returned !== 'never') {
    throw refusal(`${path}: what is writeOnly is returned "never" (RFC 7643 section 7).`);
  }
  if (isSub && (mutability !== 'readWrite' || returned !== 'default' || attribute.required)) {
    throw refusal(`${path}: required, mutability and returned are declared for the whole attribute.`);
  }
  if (uniqueness === 'none') return;
  if (isSub || attribute.multiValued || (type !== 'string' && type !== 'integer' && type !== 'reference')) {
    throw refusal(`${path}: only a single string, integer or reference can be unique.`);
  }
}

function refusal(detail: string): DomainError {
  return new DomainError('invalid_value', detail);
}
