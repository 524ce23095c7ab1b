// Discovery (RFC 7644 section 4) says what the attribute table says.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AGENT_TYPE, AGENTIC_APPLICATION_TYPE } from '../../scim/schema/agent-schema.ts';
import type { Attribute } from '../../scim/schema/attribute.ts';
import { GROUP_TYPE } from '../../scim/schema/group-schema.ts';
import { USER_TYPE } from '../../scim/schema/user-schema.ts';
import type { Json } from '../support/server.ts';
import { ENTERPRISE, GROUP, type ScimSetup, setupScim, type TestDirectory, USER } from './scim-setup.ts';

let s: ScimSetup;
let d: TestDirectory;
beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
});
afterAll(() => s[Symbol.asyncDispose]());

const CORE = 'urn:ietf:params:scim:schemas:core:2.0:';

describe('discovery', () => {
  test('lists the schemas, each of them readable by its URN in any case', async () => {
    const { body } = await d.call('GET', '/Schemas');
    expect(body).toMatchObject({ totalResults: 5, startIndex: 1, itemsPerPage: 5 });
    expect(body.Resources.map((schema: Json) => schema.id)).toEqual([
      USER,
      ENTERPRISE,
      GROUP,
      AGENT_TYPE.schema.id,
      AGENTIC_APPLICATION_TYPE.schema.id,
    ]);
    for (const schema of body.Resources) {
      expect((await d.call('GET', `/Schemas/${schema.id}`)).body).toEqual(schema);
      expect((await d.call('GET', `/Schemas/${schema.id.toUpperCase()}`)).body).toEqual(schema);
      expect(schema.meta).toEqual({ resourceType: 'Schema', location: `${s.scimUrl}/Schemas/${schema.id}` });
      expect(JSON.stringify(schema)).not.toContain('null');
    }
  });

  test('publishes every attribute as it is validated', async () => {
    for (const schema of [
      USER_TYPE.schema,
      ...USER_TYPE.extensions,
      GROUP_TYPE.schema,
      AGENT_TYPE.schema,
      AGENTIC_APPLICATION_TYPE.schema,
    ]) {
      const { body } = await d.call('GET', `/Schemas/${schema.id}`);
      expectSame(body.attributes, schema.attributes);
    }
  });

  test('lists the resource types', async () => {
    const { body } = await d.call('GET', '/ResourceTypes');
    expect(body.Resources).toMatchObject([
      { id: 'User', endpoint: '/Users', schema: USER, schemaExtensions: [{ schema: ENTERPRISE, required: false }] },
      { id: 'Group', endpoint: '/Groups', schema: GROUP },
      { id: 'Agent', endpoint: '/Agents', schema: `${CORE}Agent` },
      { id: 'AgenticApplication', endpoint: '/AgenticApplications', schema: `${CORE}AgenticApplication` },
    ]);
    expect((await d.call('GET', '/ResourceTypes/User')).body).toEqual(body.Resources[0]);
  });

  test('says what is served', async () => {
    const { body } = await d.call('GET', '/ServiceProviderConfig');
    expect(body).toMatchObject({
      patch: { supported: true },
      bulk: { supported: true, maxOperations: 1_000, maxPayloadSize: 4_194_304 },
      filter: { supported: true, maxResults: expect.any(Number) },
      changePassword: { supported: false },
      sort: { supported: true },
      etag: { supported: true },
      authenticationSchemes: [{ type: 'oauthbearertoken' }],
    });
  });
});

function expectSame(published: readonly Json[], declared: readonly Attribute[]): void {
  expect(published.map((each) => each.name)).toEqual(declared.map((each) => each.name));
  for (const [index, attribute] of declared.entries()) {
    expect(published[index]).toMatchObject({
      type: attribute.type,
      multiValued: attribute.multiValued,
      required: attribute.required,
      mutability: attribute.mutability,
      returned: attribute.returned,
    });
    if (attribute.type === 'string') expect(published[index].caseExact).toBe(attribute.caseExact);
    if (attribute.type === 'complex') expectSame(published[index].subAttributes, attribute.subAttributes);
  }
}
