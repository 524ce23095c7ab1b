// Whole lifecycles as Microsoft Entra sends them, in both dialects (field: entra-docs, app-provisioning).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../support/server.ts';
import { ENTERPRISE, GROUP, type ScimSetup, setupScim, type TestDirectory, USER } from './scim-setup.ts';

let s: ScimSetup;
beforeAll(async () => {
  s = await setupScim();
});
afterAll(() => s[Symbol.asyncDispose]());

const LIST = { schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'] };

function newUser(d: TestDirectory, name: string): Json {
  return {
    schemas: [USER, ENTERPRISE, 'urn:ietf:params:scim:schemas:extension:enterprise:2.0User'],
    externalId: `object-${name}`,
    userName: `${name}@${d.org.key}.test`,
    active: true,
    addresses: null,
    displayName: 'Anna Example',
    emails: [{ primary: true, type: 'work', value: `${name}@${d.org.key}.test` }],
    meta: { resourceType: 'User' },
    name: { formatted: 'Anna Example', familyName: 'Example', givenName: 'Anna' },
    roles: [],
    title: null,
    department: null,
    manager: null,
    password: 'never kept',
  };
}

describe.each(['legacy', 'aadOptscim062020'] as const)('Entra, %s', (dialect) => {
  const isLegacy = dialect === 'legacy';
  const suffix = isLegacy ? '' : '?aadOptscim062020';
  const op = (name: string) => (isLegacy ? name : name.toLowerCase());

  test('assigns, changes, blocks, restores and deletes a person', async () => {
    const d = await s.directory({ profile: 'entra' });
    const call = (method: string, path: string, body?: unknown) =>
      d.call(method, path.includes('?') ? path : `${path}${suffix}`, body);

    // Test Connection: a random value must give an empty list
    const probe = await call('GET', `/Users?filter=userName eq "${crypto.randomUUID()}"`);
    expect(probe).toMatchObject({ status: 200, body: { ...LIST, totalResults: 0, Resources: [] } });

    const created = await call('POST', '/Users', newUser(d, 'anna'));
    expect(created.status).toBe(201);
    const { id } = created.body;
    expect(created.body).not.toHaveProperty('password');
    expect(created.body).not.toHaveProperty('department');
    expect(created.body.schemas).toEqual([USER]);

    for (const filter of [
      `userName eq "anna@${d.org.key}.test"`,
      'externalId eq "object-anna"',
      'externalId eq object-anna',
      `emails[type eq "work"].value eq "anna@${d.org.key}.test"`,
    ]) {
      const found = await call('GET', `/Users?filter=${encodeURIComponent(filter)}`);
      expect(found.body).toMatchObject({ totalResults: 1, Resources: [{ id }] });
    }

    const operations = isLegacy
      ? [
          { op: 'Replace', path: 'displayName', value: 'Anna Newname' },
          { op: 'Replace', path: 'name.familyName', value: 'Newname' },
          { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+49 170 1' },
          { op: 'Add', path: `${ENTERPRISE}:department`, value: 'Research' },
        ]
      : [
          {
            op: 'replace',
            value: {
              displayName: 'Anna Newname',
              'name.familyName': 'Newname',
              [`${ENTERPRISE}:department`]: 'Research',
            },
          },
          { op: 'add', path: 'phoneNumbers[type eq "mobile"].value', value: '+49 170 1' },
        ];
    const changed = await call('PATCH', `/Users/${id}`, patchBody(operations));
    expect(changed).toMatchObject({
      status: 200,
      body: {
        displayName: 'Anna Newname',
        name: { givenName: 'Anna', familyName: 'Newname' },
        phoneNumbers: [{ type: 'mobile', value: '+49 170 1' }],
        [ENTERPRISE]: { department: 'Research' },
        meta: { version: 'W/"2"' },
      },
    });
    // a restart of the cycle sends everything again
    const again = await call('PATCH', `/Users/${id}`, patchBody(operations));
    expect(again.body).toEqual(changed.body);

    const group = await call('POST', '/Groups', {
      schemas: [GROUP, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
      externalId: 'object-group',
      displayName: 'Research',
      meta: { resourceType: 'Group' },
    });
    expect(group.status).toBe(201);
    const add = { op: op('Add'), path: 'members', value: [{ $ref: null, value: id }] };
    expect((await call('PATCH', `/Groups/${group.body.id}`, patchBody([add]))).status).toBe(204);
    const check = encodeURIComponent(`id eq "${group.body.id}" and members eq "${id}"`);
    expect((await call('GET', `/Groups?filter=${check}&attributes=id`)).body.Resources).toEqual([
      { schemas: [GROUP], id: group.body.id },
    ]);
    const seen = await call('GET', `/Groups/${group.body.id}?excludedAttributes=members`);
    expect(seen.body).not.toHaveProperty('members');

    const off = isLegacy
      ? [{ op: 'Replace', path: 'active', value: 'False' }]
      : [{ op: 'replace', path: 'active', value: false }];
    expect((await call('PATCH', `/Users/${id}`, patchBody(off))).body.active).toBe(false);
    expect(await memberStatus(id)).toBe('suspended');
    const still = await call('GET', `/Users?filter=${encodeURIComponent('externalId eq "object-anna"')}`);
    expect(still.body.Resources[0]).toMatchObject({ id, active: false, groups: [{ value: group.body.id }] });

    const on = isLegacy
      ? [{ op: 'Replace', path: 'active', value: 'True' }]
      : [{ op: 'replace', value: { active: true } }];
    expect((await call('PATCH', `/Users/${id}`, patchBody(on))).body.active).toBe(true);
    expect(await memberStatus(id)).toBe('active');
    const members = await call('GET', `/Groups/${group.body.id}`);
    expect(members.body.members).toMatchObject([{ value: id, type: 'User', $ref: `${s.scimUrl}/Users/${id}` }]);

    const remove = isLegacy
      ? { op: 'Remove', path: 'members', value: [{ $ref: null, value: id }] }
      : { op: 'remove', path: `members[value eq "${id}"]` };
    for (const _ of [1, 2]) {
      expect((await call('PATCH', `/Groups/${group.body.id}`, patchBody([remove]))).status).toBe(204);
    }
    expect((await call('GET', `/Groups/${group.body.id}`)).body.members).toEqual([]);

    expect((await call('DELETE', `/Users/${id}`)).status).toBe(204);
    expect((await call('GET', `/Users/${id}`)).status).toBe(404);
    expect((await call('DELETE', `/Users/${id}`)).status).toBe(404);
    expect(await memberStatus(id)).toBe('removed');
    expect((await call('DELETE', `/Groups/${group.body.id}`)).status).toBe(204);
  });

  test('a manager is set, asked for, and removed', async () => {
    const d = await s.directory({ profile: 'entra' });
    const boss = await d.user(`boss@${d.org.key}.test`);
    const { id } = await d.user(`clerk@${d.org.key}.test`);
    const path = `${ENTERPRISE}:manager`;
    const value = isLegacy ? [{ $ref: null, value: boss.id }] : boss.id;
    const set = await d.patch(`/Users/${id}`, { op: op('Add'), path, value });
    expect(set.body[ENTERPRISE].manager.value).toBe(boss.id);
    const bare = encodeURIComponent(`id eq "${id}" and manager eq "${boss.id}"`);
    expect((await d.call('GET', `/Users?filter=${bare}&attributes=id`)).body.totalResults).toBe(1);
    const named = encodeURIComponent(`id eq "${id}" and ${ENTERPRISE}:manager eq "${boss.id}"`);
    expect((await d.call('GET', `/Users?filter=${named}&attributes=id`)).body.totalResults).toBe(1);
    const removed = await d.patch(`/Users/${id}`, { op: op('Remove'), path });
    expect(removed.body).not.toHaveProperty([ENTERPRISE]);
  });
});

async function memberStatus(id: string): Promise<string> {
  const [member] = await s.sql<{ status: string }>('select status from member where id = $1', [id]);
  return member!.status;
}

function patchBody(Operations: readonly object[]) {
  return { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations };
}
