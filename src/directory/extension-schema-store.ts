// Writes of an organization's own SCIM schemas.
import type { Tx } from '../db/database.ts';
import type { ExtensionSchemaInput } from './extension-schema.ts';

/** Orders changes of the organization's schemas, and holds back users that state any of them, until the transaction ends. */
export async function lockExtensionSchemas(tx: Tx): Promise<void> {
  await tx.query({ text: 'select lock_extension_schemas($1, true)', values: [tx.orgId] });
}

const valuesOf = (schema: ExtensionSchemaInput): unknown[] => [
  schema.urn,
  schema.name,
  schema.description,
  schema.resourceTypes,
  JSON.stringify(schema.attributes),
];

export async function insertExtensionSchema(tx: Tx, id: string, schema: ExtensionSchemaInput): Promise<void> {
  await tx.query({
    text: `insert into extension_schema (org_id, id, urn, urn_key, name, description, resource_types, attributes)
      values ($1, $2, $3, lower($3), $4, $5, $6, $7)`,
    values: [tx.orgId, id, ...valuesOf(schema)],
  });
}

export async function updateExtensionSchema(tx: Tx, id: string, schema: ExtensionSchemaInput): Promise<void> {
  await tx.query({
    text: `update extension_schema set urn = $3, urn_key = lower($3), name = $4, description = $5, resource_types = $6,
      attributes = $7, modified_at = now() where org_id = $1 and id = $2`,
    values: [tx.orgId, id, ...valuesOf(schema)],
  });
}

export async function deleteExtensionSchemaRow(tx: Tx, id: string): Promise<void> {
  await tx.query({ text: 'delete from extension_schema where org_id = $1 and id = $2', values: [tx.orgId, id] });
}

/** Takes what is stated under a URN out of every user and group. Answers how many there were. */
export async function removeExtensionValues(tx: Tx, urn: string): Promise<number> {
  const [row] = await tx.query<{ removed: number }>({
    text: 'select remove_extension_values($1, $2) as removed',
    values: [tx.orgId, urn],
  });
  return row!.removed;
}

/** Unique values by the schemas as they are now. Throws `uniqueness` where two users of a directory have the same one. */
export async function rebuildUniqueKeys(tx: Tx): Promise<void> {
  await tx.query({ text: 'select rebuild_unique_keys($1)', values: [tx.orgId] });
}

/** At the commit, every process reads anew what the organization's directories may state. */
export async function announceExtensionSchemas(tx: Tx): Promise<void> {
  await tx.query({
    text: 'select forget_directory_tokens(org_id, id) from directory where org_id = $1',
    values: [tx.orgId],
  });
}

export async function recordExtensionSchemaEvent(
  tx: Tx,
  event: { readonly actor: object; readonly action: string; readonly schemaId: string; readonly data: object },
): Promise<void> {
  await tx.query({
    text: `select record_audit($1, $2, $3, 'extension_schema', $4, $5)`,
    values: [tx.orgId, JSON.stringify(event.actor), event.action, event.schemaId, JSON.stringify(event.data)],
  });
}
