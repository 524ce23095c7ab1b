// What this service knows of a user's manager (RFC 7643 section 4.3). The reference is kept as it was stated, whether or not
// there is such a user yet; from when there is one, answers show its address, and its name where that is asked for.
import type { DirectoryScope } from '../src/directory/directory.ts';
import { findMemberNames } from '../src/directory/directory-group-queries.ts';
import { isUuid } from '../src/ids.ts';
import type { ScimServices } from './exchange.ts';
import type { Projection } from './projection.ts';
import { locationOf } from './render.ts';
import { ENTERPRISE_USER } from './schema/names.ts';
import type { JsonObject } from './schema/read-value.ts';
import { USER_TYPE } from './schema/user-schema.ts';

/** The rows with their managers; one further statement for all of them, and none where nobody has a manager. */
export async function withManagers<Row extends { readonly resource: string }>(
  services: ScimServices,
  scope: DirectoryScope,
  rows: readonly Row[],
  projection: Projection,
): Promise<Row[]> {
  const withName = projection.asksFor(ENTERPRISE_USER, 'manager', 'displayName');
  const managed = rows.map((row) => (row.resource.includes('"manager"') ? readManager(row.resource) : undefined));
  const ids = managed.flatMap((each) => (each && isUuid(each.id) ? [each.id] : []));
  if (ids.length === 0) return [...rows];
  const names = await findMemberNames(services, scope, [...new Set(ids)]);
  return rows.map((row, index) => {
    const each = managed[index];
    const displayName = each && names.get(each.id);
    if (!each || displayName === undefined) return row;
    const $ref = locationOf(services.baseUrl, USER_TYPE, each.id);
    const manager = { $ref, ...each.manager, ...(withName && { displayName }) };
    const enterprise = { ...each.enterprise, manager };
    return { ...row, resource: JSON.stringify({ ...each.resource, [ENTERPRISE_USER]: enterprise }) };
  });
}

function readManager(text: string) {
  const resource = JSON.parse(text) as JsonObject;
  const enterprise = resource[ENTERPRISE_USER] as JsonObject | undefined;
  const manager = enterprise?.manager as JsonObject | undefined;
  const id = manager?.value;
  return typeof id === 'string' ? { resource, enterprise, manager, id: id.toLowerCase() } : undefined;
}
