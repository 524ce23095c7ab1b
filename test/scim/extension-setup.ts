// An organization's own schema for a SCIM test, declared over REST and known to the directory when the promise resolves.
import { eventually } from '../support/eventually.ts';
import type { Json } from '../support/server.ts';
import type { ScimSetup, TestDirectory } from './scim-setup.ts';

/** The declared schema. A change is told to every process at its commit, and is heard a moment later. */
export async function declareSchema(s: ScimSetup, d: TestDirectory, schema: object): Promise<Json> {
  const path = `/v1/organizations/${d.org.id}/extension-schemas`;
  const { status, body } = await s.t.call('POST', path, { key: d.org.ownerKey, body: schema });
  if (status !== 201) throw new Error(`POST ${path}: ${status} ${JSON.stringify(body)}`);
  await eventually(async () => (await d.call('GET', `/Schemas/${body.urn}`)).status === 200);
  return body;
}
