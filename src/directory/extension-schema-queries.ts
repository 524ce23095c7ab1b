// Reads of an organization's own SCIM schemas.
import type { CoreDeps } from '../db/core-deps.ts';
import type { Queryable } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import type { DeclaredAttribute, ExtensionSchema } from './extension-schema.ts';

export type ExtensionSchemaRow = ExtensionSchema & {
  readonly id: string;
  readonly createdAt: Date;
  readonly modifiedAt: Date;
};

type Row = {
  id: string;
  urn: string;
  name: string;
  description: string;
  resource_types: ('User' | 'Group')[];
  attributes: DeclaredAttribute[];
  created_at: Date;
  modified_at: Date;
};

const COLUMNS = 'id, urn, name, description, resource_types, attributes, created_at, modified_at';

/** A column of a statement over `directory d`: what its organization has declared as a list of ExtensionSchema, or null. */
export const EXTENSIONS_OF_DIRECTORY = `(select json_agg(json_build_object('urn', s.urn, 'name', s.name,
    'description', s.description, 'resourceTypes', s.resource_types, 'attributes', s.attributes) order by s.id)
  from extension_schema s where s.org_id = d.org_id)`;

/** The organization's schemas, oldest first. */
export async function listExtensionSchemas(deps: CoreDeps, orgId: string): Promise<ExtensionSchemaRow[]> {
  const rows = await deps.db.query<Row>(orgId, {
    text: `select ${COLUMNS} from extension_schema where org_id = $1 order by id`,
    values: [orgId],
  });
  return rows.map(schemaOf);
}

/** Throws `not_found`. */
export async function getExtensionSchema(db: Queryable, orgId: string, id: string): Promise<ExtensionSchemaRow> {
  const [row] = await db.query<Row>({
    text: `select ${COLUMNS} from extension_schema where org_id = $1 and id = $2`,
    values: [orgId, id],
  });
  if (!row) throw new DomainError('not_found', 'The organization has no such extension schema.');
  return schemaOf(row);
}

/** The URNs of the organization's other schemas. */
export async function listOtherUrns(db: Queryable, orgId: string, id: string | undefined): Promise<string[]> {
  const rows = await db.query<{ urn: string }>({
    text: 'select urn from extension_schema where org_id = $1 and id is distinct from $2',
    values: [orgId, id],
  });
  return rows.map((row) => row.urn);
}

/** How many users and groups of the organization state anything at this place of their resource. */
export async function countStating(db: Queryable, orgId: string, path: readonly string[]): Promise<number> {
  const [row] = await db.query<{ stating: number }>({
    text: 'select count_stating($1, $2) as stating',
    values: [orgId, path],
  });
  return row!.stating;
}

function schemaOf(row: Row): ExtensionSchemaRow {
  return {
    id: row.id,
    urn: row.urn,
    name: row.name,
    description: row.description,
    resourceTypes: row.resource_types,
    attributes: row.attributes,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
  };
}
