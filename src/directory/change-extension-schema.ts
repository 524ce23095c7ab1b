// An administrator declares, replaces or deletes one of the organization's own SCIM schemas. Whatever a directory has
// stated stays readable: a change that would make a stored value unreadable is refused, and values go only where the
// administrator says so.
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { newId } from '../ids.ts';
import {
  attributesLost,
  checkExtensionSchema,
  type ExtensionSchemaInput,
  MOST_SCHEMAS,
  refuseOverlap,
} from './extension-schema.ts';
import {
  countStating,
  type ExtensionSchemaRow,
  getExtensionSchema,
  listOtherUrns,
} from './extension-schema-queries.ts';
import {
  announceExtensionSchemas,
  deleteExtensionSchemaRow,
  insertExtensionSchema,
  lockExtensionSchemas,
  rebuildUniqueKeys,
  recordExtensionSchemaEvent,
  removeExtensionValues,
  updateExtensionSchema,
} from './extension-schema-store.ts';

/** Throws `invalid_value` for a declaration that is not sound, `uniqueness` or `conflict` for a URN that is taken. */
export function declareExtensionSchema(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  schema: ExtensionSchemaInput,
): Promise<ExtensionSchemaRow> {
  checkExtensionSchema(schema);
  const id = newId();
  return change(deps, ctx, orgId, id, async (tx) => {
    const others = await listOtherUrns(tx, orgId, undefined);
    if (others.length >= MOST_SCHEMAS) {
      throw new DomainError('conflict', `The organization has ${MOST_SCHEMAS} extension schemas, which is the most.`);
    }
    refuseOverlap(schema.urn, others);
    await insertExtensionSchema(tx, id, schema);
    // users may hold values from before, kept while nobody had declared them
    return { action: 'extension_schema.declared', data: { urn: schema.urn } };
  });
}

/**
 * Replaces a declaration. Attributes may be added, and characteristics other than the shape may change at any time: users
 * that were stored before are valid as they are, and are held to the new declaration from the next change on that touches
 * the extension. Throws `conflict` where a user or group holds a value that would lose its attribute or change its shape
 * (type, multiValued), or its URN or resource type; `uniqueness` where an attribute becomes unique that is not.
 */
export function replaceExtensionSchema(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  id: string,
  schema: ExtensionSchemaInput,
): Promise<ExtensionSchemaRow> {
  checkExtensionSchema(schema);
  return change(deps, ctx, orgId, id, async (tx) => {
    const present = await getExtensionSchema(tx, orgId, id);
    refuseOverlap(schema.urn, await listOtherUrns(tx, orgId, id));
    const isMoved =
      present.urn !== schema.urn || present.resourceTypes.some((type) => !schema.resourceTypes.includes(type));
    if (isMoved) await refuseWhileStated(tx, [present.urn], 'another URN, or fewer resource types');
    for (const name of attributesLost(present, schema)) {
      // a part of an attribute counts as the whole of it
      const path = [present.urn, name.split('.')[0]!];
      await refuseWhileStated(tx, path, `${name} gone or of another shape`);
    }
    await updateExtensionSchema(tx, id, schema);
    return { action: 'extension_schema.replaced', data: { urn: schema.urn } };
  });
}

/**
 * Deletes a declaration. Throws `conflict` while users or groups hold values of it, unless `removesValues`: then they are
 * taken out of each of them, with a new version, in the same transaction.
 */
export async function deleteExtensionSchema(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  id: string,
  removesValues: boolean,
): Promise<void> {
  await inChange(deps, ctx, orgId, id, async (tx) => {
    const { urn } = await getExtensionSchema(tx, orgId, id);
    if (!removesValues) await refuseWhileStated(tx, [urn], 'the schema gone; delete with values=remove to remove them');
    const removedFrom = removesValues ? await removeExtensionValues(tx, urn) : 0;
    await deleteExtensionSchemaRow(tx, id);
    return { action: 'extension_schema.deleted', data: { urn, removedFrom } };
  });
}

type Event = { readonly action: string; readonly data: object };

function change(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  id: string,
  work: (tx: Tx) => Promise<Event>,
): Promise<ExtensionSchemaRow> {
  return inChange(deps, ctx, orgId, id, work, (tx) => getExtensionSchema(tx, orgId, id));
}

async function inChange<T = void>(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  schemaId: string,
  work: (tx: Tx) => Promise<Event>,
  result?: (tx: Tx) => Promise<T>,
): Promise<T> {
  return deps.db.inOrg(orgId, async (tx) => {
    await lockExtensionSchemas(tx);
    const event = await work(tx);
    await rebuildUniqueKeys(tx);
    await recordExtensionSchemaEvent(tx, { actor: ctx.actor, schemaId, ...event });
    await announceExtensionSchemas(tx);
    return (await result?.(tx)) as T;
  });
}

async function refuseWhileStated(tx: Tx, path: readonly string[], what: string): Promise<void> {
  const stating = await countStating(tx, tx.orgId, path);
  if (stating === 0) return;
  throw new DomainError(
    'conflict',
    `${stating} users or groups hold values of ${path.join(':')}: with ${what}, they could not be read.`,
  );
}
