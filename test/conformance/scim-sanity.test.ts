// scim-sanity's probe (PyPI, strict mode) against the running server.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensurePythonClients } from './python-clients.ts';
import { runClient } from './run-client.ts';
import { type RunningBridge, startRunningBridge } from './running-bridge.ts';

const clients = await ensurePythonClients();

type Result = { readonly name: string; readonly status: string; readonly message?: string };

describe.skipIf(clients === undefined)('scim-sanity 0.7.4 (needs Python 3.11)', () => {
  let bridge: RunningBridge;
  beforeAll(async () => {
    bridge = await startRunningBridge();
  });
  afterAll(() => bridge?.[Symbol.asyncDispose]());

  test('finds nothing, an invented member apart', async () => {
    const { token } = await bridge.directory('generic');
    const args = ['probe', bridge.scimUrl, '--token', token, '--i-accept-side-effects', '--json-output'];
    const { stdout, stderr } = await runClient(clients!('scim-sanity'), args);
    expect(stdout, stderr).toContain('"results"');
    const { results } = JSON.parse(stdout) as { results: Result[] };
    const of = (...statuses: string[]) => results.filter(({ status }) => statuses.includes(status));
    const counts = ['pass', 'fail', 'warn', 'error', 'skip'].map((status) => `${of(status).length} ${status}`);
    console.log(`scim-sanity 0.7.4: ${counts.join(', ')}`);
    // a member that nobody knows is refused on purpose: a 200 would hide that it can never come into effect
    expect(of('fail', 'error', 'warn')).toMatchObject([
      { name: 'PATCH /Groups/{id} add member', message: 'Expected 200, got 400' },
    ]);
    expect(of('skip')).toEqual([]);
  });
});
