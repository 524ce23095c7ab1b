// Organizations and their policy; keys are for ever.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alertLastOwner } from '../../src/directory/alert-last-owner.ts';
import { newId } from '../../src/ids.ts';
import { type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;

beforeAll(async () => {
  t = await setup();
  acme = await t.make.organization('acme');
});
afterAll(() => t[Symbol.asyncDispose]());

test('a new organization has its preset’s roles, an owner key that works, and a mark for Keycloak', async () => {
  const { body: roles } = await t.call('GET', '/v1/organizations/acme/roles', { key: acme.ownerKey });
  expect(roles.items.map((role: { key: string; fullControl: boolean }) => [role.key, role.fullControl])).toEqual([
    ['owner', true],
    ['admin', false],
    ['manager', false],
    ['member', false],
  ]);
  const { body } = await t.call('GET', `/v1/organizations/${acme.id}`, { key: acme.ownerKey });
  expect(body).toMatchObject({
    key: 'acme',
    defaultRole: 'member',
    policy: { effective: { inviteLifetimeSeconds: 604_800 } },
  });
  const marks = await t.db.realm({
    text: `select 1 from projection_due where kind = 'organization' and subject_id = $1`,
    values: [acme.id],
  });
  expect(marks).toHaveLength(1);
});

test('an organization key is never used twice, and has a form', async () => {
  const post = (key: string) =>
    t.call('POST', '/v1/organizations', { key: t.operatorKey, body: { key, displayName: 'X' } });
  expect(await post('acme')).toMatchObject({ status: 409, body: { code: 'uniqueness' } });
  for (const key of ['Acme', 'a--b', '-a', 'a'.repeat(41), '', newId()]) {
    expect([key, (await post(key)).status]).toEqual([key, 400]);
  }
});

test('the operator pages through all organizations by key', async () => {
  for (const key of ['aaa', 'bbb', 'ccc']) await t.make.organization(key);
  const seen: string[] = [];
  let cursor = '';
  do {
    const { body } = await t.call('GET', `/v1/organizations?limit=2${cursor}`, { key: t.operatorKey });
    seen.push(...body.items.map((item: { key: string }) => item.key));
    cursor = body.nextCursor ? `&cursor=${body.nextCursor}` : '';
  } while (cursor);
  expect(seen).toEqual([...seen].sort());
  expect(seen).toEqual(expect.arrayContaining(['aaa', 'acme', 'bbb', 'ccc']));
});

test('policy overrides are bounded, versioned and audited', async () => {
  const patch = (policy: object) => t.call('PATCH', '/v1/organizations/acme', { key: acme.ownerKey, body: { policy } });
  expect((await patch({ inviteLifetimeSeconds: 60 })).status).toBe(400);
  expect((await patch({ unheardOf: true })).status).toBe(400);
  expect(await patch({ inviteLifetimeSeconds: 7200 })).toMatchObject({
    status: 200,
    body: { policyVersion: 2, policy: { effective: { inviteLifetimeSeconds: 7200 } } },
  });
  const { body } = await t.call('GET', '/v1/organizations/acme/audit-events?action=organization.changed', {
    key: acme.ownerKey,
  });
  expect(body.items).toHaveLength(1);
});

test('seats are the operator’s to set, and the last one taken refuses the next member', async () => {
  const org = await t.make.organization();
  const patch = (key: string) => t.call('PATCH', `/v1/organizations/${org.id}`, { key, body: { seatLimit: 1 } });
  expect((await patch(org.ownerKey)).status).toBe(403);
  expect((await patch(t.operatorKey)).status).toBe(200);
  await t.make.member(org, { name: 'first' });
  const body = { address: `second@${org.key}.test` };
  const answer = await t.call('POST', `/v1/organizations/${org.id}/members`, { key: org.ownerKey, body });
  expect(answer).toMatchObject({ status: 409, body: { code: 'seat_limit' } });
});

test('law 3: a frozen organization’s keys stop until an operator thaws it', async () => {
  const org = await t.make.organization();
  const member = await t.make.member(org, { role: 'owner' });
  await alertLastOwner(t, { orgId: org.id, directoryId: newId(), requestId: 'freeze' } as never, member.id);
  const path = `/v1/organizations/${org.id}`;
  expect(await t.call('GET', `${path}/members`, { key: org.ownerKey })).toMatchObject({
    status: 403,
    body: { code: 'organization_frozen' },
  });
  expect((await t.call('GET', path, { key: t.operatorKey })).body.frozen).toMatchObject({ reason: expect.any(String) });
  expect((await t.call('POST', `${path}/unfreeze`, { key: t.operatorKey })).body.frozen).toBeNull();
  expect((await t.call('GET', `${path}/members`, { key: org.ownerKey })).status).toBe(200);
});
