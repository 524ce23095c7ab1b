// Libraries for Java, both strict clients, through all that they can ask for: java-client.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureJavaClient } from './java-client.ts';
import { runClient } from './run-client.ts';
import { type RunningBridge, startRunningBridge } from './running-bridge.ts';

const argumentsFor = await ensureJavaClient();

describe.skipIf(argumentsFor === undefined)('Java clients (need a JDK 17 and Maven)', () => {
  let bridge: RunningBridge;
  beforeAll(async () => {
    bridge = await startRunningBridge();
  });
  afterAll(() => bridge?.[Symbol.asyncDispose]());

  test.each([
    ['UnboundID SCIM 2 SDK 5.0.0', 'UnboundIdRound'],
    ['SCIM-SDK 1.30.0', 'ScimSdkRound'],
  ] as const)('%s makes its round without a failure', async (name, round) => {
    const { token, orgKey } = await bridge.directory('generic');
    const options = [...argumentsFor!(round), bridge.scimUrl, token, `${orgKey}.test`];
    const { code, stdout, stderr } = await runClient('java', options);
    const lines = stdout.trim().split('\n');
    console.log(`${name}: ${lines.at(-1)}`);
    expect(
      lines.filter((line) => line.startsWith('FAILED')),
      stderr,
    ).toEqual([]);
    expect(code, stderr).toBe(0);
  });
});
