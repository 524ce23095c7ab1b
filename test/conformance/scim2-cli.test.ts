// scim2-cli's own suite (PyPI) against the running server: discovery, CRUD, projections, and PATCH add, replace and
// remove of every attribute of every schema that the server publishes.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensurePythonClients } from './python-clients.ts';
import { runClient } from './run-client.ts';
import { type RunningBridge, startRunningBridge } from './running-bridge.ts';

const clients = await ensurePythonClients();

describe.skipIf(clients === undefined)('scim2-cli 0.6.0 (needs Python 3.11)', () => {
  let bridge: RunningBridge;
  beforeAll(async () => {
    bridge = await startRunningBridge();
  });
  afterAll(() => bridge?.[Symbol.asyncDispose]());

  test('finds no error in any published schema', async () => {
    const { token } = await bridge.directory('generic');
    const env = { SCIM_CLI_HEADERS: `Authorization: Bearer ${token}` };
    const { code, stdout, stderr } = await runClient(clients!('scim2'), ['-u', bridge.scimUrl, 'test'], env);
    const [heading, ...results] = stdout.split(/\n(?=[A-Z]{5,} )/);
    expect(heading, stderr).toContain('Performing a SCIM compliance check');
    const notOk = results.filter((result) => !result.startsWith('SUCCESS '));
    console.log(`scim2-cli 0.6.0: ${results.length - notOk.length} ok, ${notOk.length} not`);
    expect(notOk).toEqual([]);
    expect(code, stderr).toBe(0);
    // what stock scimmy is asked; more attributes and schemas only add to it
    expect(results.length).toBeGreaterThanOrEqual(105);
  });
});
