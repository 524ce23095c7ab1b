// scim2-cli's own suite (PyPI) against the running server: discovery, CRUD, projections, and PATCH add, replace and
// remove of every attribute of every schema that the server publishes.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensurePythonClients } from './python-clients.ts';
import { runClient } from './run-client.ts';
import { type RunningBridge, startRunningBridge } from './running-bridge.ts';

const clients = await ensurePythonClients();

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';

/**
 * What the suite can check of an extension: it fills decimal and dateTime with a UUID, compares binary with its text,
 * wants writeOnly back, and takes an add to a list for a replacement of it.
 */
const DECLARED = [
  {
    urn: 'urn:example:params:scim:acme:2.0:User',
    name: 'AcmeUser',
    description: 'What Acme knows about a person',
    resourceTypes: ['User'],
    attributes: [
      { name: 'badge', description: 'Number of the badge', uniqueness: 'server' },
      { name: 'isContractor', type: 'boolean' },
      { name: 'floor', type: 'integer' },
      { name: 'picture', type: 'reference', referenceTypes: ['external'] },
      { name: 'desk', type: 'complex', subAttributes: [{ name: 'building' }, { name: 'room', type: 'integer' }] },
    ],
  },
  {
    urn: 'urn:example:params:scim:acme:2.0:Group',
    name: 'AcmeGroup',
    description: 'What Acme knows about a group',
    resourceTypes: ['Group'],
    attributes: [{ name: 'costCenter' }, { name: 'budget', type: 'integer' }],
  },
];

describe.skipIf(clients === undefined)('scim2-cli 0.6.0 (needs Python 3.11)', () => {
  let bridge: RunningBridge;
  beforeAll(async () => {
    bridge = await startRunningBridge();
  });
  afterAll(() => bridge?.[Symbol.asyncDispose]());

  /** Runs the suite as a directory; answers the results that are not a success. */
  async function check(what: string, token: string): Promise<{ results: string[]; notOk: string[] }> {
    const env = { SCIM_CLI_HEADERS: `Authorization: Bearer ${token}` };
    const { code, stdout, stderr } = await runClient(clients!('scim2'), ['-u', bridge.scimUrl, 'test'], { env });
    const [heading, ...results] = stdout.split(/\n(?=[A-Z]{5,} )/);
    expect(heading, stderr).toContain('Performing a SCIM compliance check');
    const notOk = results.filter((result) => !result.startsWith('SUCCESS '));
    console.log(`scim2-cli 0.6.0, ${what}: ${results.length - notOk.length} ok, ${notOk.length} not`);
    if (notOk.length === 0) expect(code, stderr).toBe(0);
    return { results, notOk };
  }

  test('finds no error in the standard schemas', async () => {
    const { token } = await bridge.directory('generic');
    const { results, notOk } = await check('standard schemas', token);
    expect(notOk).toEqual([]);
    // what stock scimmy is asked; more attributes and schemas only add to it
    expect(results.length).toBeGreaterThanOrEqual(105);
  });

  test('finds no error where an organization has declared schemas of its own', async () => {
    const { token, orgId, ownerKey } = await bridge.directory('generic');
    for (const schema of DECLARED) await bridge.create(`/organizations/${orgId}/extension-schemas`, ownerKey, schema);
    const { results, notOk } = await check('and two declared ones', token);
    expect(notOk).toEqual([]);
    for (const { urn } of DECLARED) expect(results.filter((result) => result.includes(urn)).length).toBeGreaterThan(0);
  });

  test('sends a bulk request whose operations refer to later ones', async () => {
    const { token, orgKey } = await bridge.directory('generic');
    const user = (name: string, more: object = {}) => ({
      method: 'POST',
      path: '/Users',
      bulkId: name,
      data: { schemas: [USER], userName: `${name}@${orgKey}.test`, ...more },
    });
    const request = {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: [
        {
          method: 'POST',
          path: '/Groups',
          bulkId: 'team',
          data: { schemas: [GROUP], displayName: 'Team', members: [{ value: 'bulkId:ute' }, { value: 'bulkId:boss' }] },
        },
        user('ute', { schemas: [USER, ENTERPRISE], [ENTERPRISE]: { manager: { value: 'bulkId:boss' } } }),
        user('boss'),
        user('UTE'),
      ],
    };
    const run = (...args: readonly string[]) => {
      const env = { SCIM_CLI_HEADERS: `Authorization: Bearer ${token}` };
      return runClient(clients!('scim2'), ['-u', bridge.scimUrl, ...args], { env, stdin: JSON.stringify(request) });
    };
    const { stdout, stderr } = await run('bulk');
    expect(stderr).toContain('1 of 4 bulk operations failed');
    const { Operations: done } = JSON.parse(stdout) as { Operations: { bulkId: string; status: string }[] };
    expect(Object.fromEntries(done.map(({ bulkId, status }) => [bulkId, status]))).toEqual({
      team: '201',
      ute: '201',
      boss: '201',
      UTE: '409',
    });
    const found = await run('query', 'group', '--filter', 'displayName eq "Team"');
    expect(JSON.parse(found.stdout), found.stderr).toMatchObject({
      totalResults: 1,
      Resources: [{ displayName: 'Team', members: [{ type: 'User' }, { type: 'User' }] }],
    });
  });
});
