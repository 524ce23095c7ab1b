// URNs under which clients state schemas that have another name, each with who does so.
import type { Schema } from '../schema/attribute.ts';
import { ENTERPRISE_USER } from '../schema/names.ts';

const OTHER_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  // OneLogin's template for SCIM 2.0 has the URN of the drafts
  [ENTERPRISE_USER, ['urn:scim:schemas:extension:enterprise:2.0']],
]);

/** What a schema is called on the wire, in lower case: its URN first. */
export function namesOf(schema: Schema): string[] {
  return [schema.id.toLowerCase(), ...(OTHER_NAMES.get(schema.id) ?? [])];
}
