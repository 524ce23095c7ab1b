// Whole lifecycles as Entra, Okta and others put them on the wire, and their own acceptance tests, replayed against the running
// server. A re-sync with nothing changed must leave every row version of the database as it was, the request journal
// apart.

import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventuallyHolds } from '../support/eventually.ts';
import { type RunningBridge, startRunningBridge } from './running-bridge.ts';
import { ENTRA_2020 } from './wire/entra-2020.ts';
import { ENTRA_LEGACY } from './wire/entra-legacy.ts';
import { MICROSOFT_COLLECTION } from './wire/microsoft-collection.ts';
import { OKTA_AIW } from './wire/okta-aiw.ts';
import { OKTA_OIN } from './wire/okta-oin.ts';
import { OKTA_SPEC } from './wire/okta-spec.ts';
import { OTHER_CLIENTS } from './wire/other-clients.ts';
import { type ReplayState, replayPhase } from './wire/replay.ts';
import { rowVersions } from './wire/row-versions.ts';

let bridge: RunningBridge;
beforeAll(async () => {
  bridge = await startRunningBridge();
});
afterAll(() => bridge?.[Symbol.asyncDispose]());

const REPLAYS = [...ENTRA_LEGACY, ...ENTRA_2020, OKTA_OIN, OKTA_AIW, OKTA_SPEC, MICROSOFT_COLLECTION, ...OTHER_CLIENTS];

test.each(REPLAYS)('$client', async (replay) => {
  const directory = await bridge.directory(replay.profile);
  const at: ReplayState = {
    scimUrl: bridge.scimUrl,
    token: directory.token,
    names: { domain: `${directory.orgKey}.test`, guid: crypto.randomUUID() },
    last: undefined,
    requests: 0,
  };
  const journalled = () =>
    eventuallyHolds(async () => {
      const text = 'select count(*)::integer as entries from scim_journal where directory_id = $1';
      expect(await bridge.sql(text, [directory.directoryId])).toEqual([{ entries: at.requests }]);
    });
  for (const phase of replay.phases) {
    if (phase.writesNothing) await journalled();
    const before = phase.writesNothing && (await rowVersions(bridge));
    await replayPhase(replay, phase, at);
    if (before) {
      await journalled();
      expect(await rowVersions(bridge), phase.name).toEqual(before);
    }
    for (const [name, status] of Object.entries(phase.statuses ?? {})) {
      const found = await bridge.sql('select status from member where id = $1', [at.names[name]]);
      expect(found, `${name} after ${phase.name}`).toEqual([{ status }]);
    }
  }
  console.log(`${replay.client}: ${replay.phases.length} phases, ${at.requests} requests`);
});

test('a connection is kept for longer than its client keeps it', async () => {
  const { token } = await bridge.directory('generic');
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${bridge.scimUrl}/ServiceProviderConfig`, { headers });
  expect(answer.headers.get('keep-alive')).toBe('timeout=75');
  await answer.arrayBuffer();
});

test('a request may name the whole address, as through a proxy (RFC 9112 section 3.2.2)', async () => {
  const { token } = await bridge.directory('generic');
  const { hostname, port, href } = new URL(`${bridge.scimUrl}/Users?count=0`);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ hostname, port, path: href, headers: { authorization: `Bearer ${token}` } }, resolve)
      .on('error', reject)
      .end();
  });
  expect([answer.statusCode, JSON.parse(await text(answer)).totalResults]).toEqual([200, 0]);
});

test('a row that is written with the values that it had is seen as written', async () => {
  const before = await rowVersions(bridge);
  await bridge.sql('update organization set display_name = display_name');
  const after = await rowVersions(bridge);
  expect(Object.keys(after).filter((table) => after[table] !== before[table])).toEqual(['public.organization']);
});
