// Which test sign-ins count for whoever needs a recent one: successful, their own, of the settings as they are now.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findRecentTest, principalOf } from '../../sso/connections/connection-test-queries.ts';
import { type Bridge, startBridge } from './support/bridge.ts';

let bridge: Bridge;
beforeAll(async () => {
  bridge = await startBridge();
});
afterAll(() => bridge?.[Symbol.asyncDispose]());

test('a recent test is a successful one, by the same principal, of the present settings', async () => {
  const { id: orgId } = await bridge.make.organization('acme', 'acme.test');
  const connectionId = await bridge.make.connection(orgId, {
    protocol: 'oidc',
    issuer: 'https://idp.test',
    clientId: 'x',
    clientSecret: 's',
  });
  const ada = principalOf({ kind: 'person', id: 'ada' });
  const at = new Date('2026-06-01T12:00:00Z');
  const find = (principal: string, since: Date) =>
    bridge.db.inOrg(orgId, (tx) => findRecentTest(tx, { connectionId, principal, since }));
  const add = (principal: string, outcome: string) =>
    bridge.rows(
      `insert into connection_test (org_id, connection_id, principal, outcome, trust_version, trace_id, at, expires_at)
        values ($1, $2, $3, $4, 1, uuidv7(), $5, $5)`,
      [orgId, connectionId, principal, outcome, at],
    );
  await add(ada, 'refused');
  await add(principalOf({ kind: 'person', id: 'bob' }), 'passed');
  expect(await find(ada, at)).toBeUndefined();
  await add(ada, 'passed');
  expect(await find(ada, at)).toMatchObject({ at });
  expect(await find(ada, new Date(at.getTime() + 1))).toBeUndefined();
  await bridge.rows('update connection set trust_version = 2 where id = $1', [connectionId]);
  expect(await find(ada, at)).toBeUndefined();
});
