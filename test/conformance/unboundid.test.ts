// The UnboundID SCIM 2 SDK for Java, a strict client, through all that it can ask for: java-client/Round.java.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureJavaClient } from './java-client.ts';
import { runClient } from './run-client.ts';
import { type RunningBridge, startRunningBridge } from './running-bridge.ts';

const round = await ensureJavaClient();

describe.skipIf(round === undefined)('UnboundID SCIM 2 SDK 5.0.0 (needs a JDK 17 and Maven)', () => {
  let bridge: RunningBridge;
  beforeAll(async () => {
    bridge = await startRunningBridge();
  });
  afterAll(() => bridge?.[Symbol.asyncDispose]());

  test('makes its round without a failure', async () => {
    const { token, orgKey } = await bridge.directory('generic');
    const { code, stdout, stderr } = await runClient('java', [...round!, bridge.scimUrl, token, `${orgKey}.test`]);
    const lines = stdout.trim().split('\n');
    console.log(`UnboundID SCIM 2 SDK 5.0.0: ${lines.at(-1)}`);
    expect(
      lines.filter((line) => line.startsWith('FAILED')),
      stderr,
    ).toEqual([]);
    expect(code, stderr).toBe(0);
  });
});
