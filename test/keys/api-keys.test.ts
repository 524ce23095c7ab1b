// API keys: their form, their ceiling (law 4), and that they stop with their member (law 2).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId, newSecret } from '../../src/ids.ts';
import { formatKey, parseKey } from '../../src/keys/key-text.ts';
import { createOperatorKey, revokeOperatorKey } from '../../src/keys/operator-keys.ts';
import { eventually } from '../support/eventually.ts';
import { type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;
const members = '/v1/organizations/acme/members';
const keys = '/v1/organizations/acme/api-keys';

beforeAll(async () => {
  t = await setup();
  acme = await t.make.organization('acme');
});
afterAll(() => t[Symbol.asyncDispose]());

test('a key says its kind and id, and any changed character is noticed', () => {
  const id = newId();
  const text = formatKey('dbo', id, newSecret());
  expect(parseKey(text)).toEqual({ prefix: 'dbo', id });
  for (const [at, character] of [...text].entries()) {
    if (at < 4) continue;
    const other = character === 'a' ? 'b' : 'a';
    const changed = text.slice(0, at) + other + text.slice(at + 1);
    expect(parseKey(changed)).toBe('mistyped');
  }
  expect(parseKey('eyJhbGciOiJSUzI1NiJ9.e30.x')).toBe('not_a_key');
});

test('the list shows a key by its last characters only', async () => {
  const { id, key } = await t.make.key(acme, ['team.view']);
  const { body } = await t.call('GET', keys, { key: acme.ownerKey });
  expect(body.items.find((item: { id: string }) => item.id === id)).toMatchObject({
    lastCharacters: key.slice(-4),
    permissions: ['team.view'],
    memberId: null,
  });
  expect(JSON.stringify(body)).not.toContain(key);
});

test('law 4: a key never carries what its maker does not hold, and never full control without it', async () => {
  const { key } = await t.make.key(acme, ['key.manage', 'member.view']);
  const post = (body: object) => t.call('POST', keys, { key, body: { displayName: 'more', ...body } });
  expect(await post({ permissions: ['member.manage'] })).toMatchObject({ status: 403, body: { code: 'role_ceiling' } });
  expect(await post({ permissions: ['member.view'], fullControl: true })).toMatchObject({ status: 403 });
  expect(await post({ permissions: ['member.view'] })).toMatchObject({ status: 201, body: { fullControl: false } });
});

test('a revoked key is dead at once, and cannot be revoked twice', async () => {
  const { id, key } = await t.make.key(acme, ['member.view']);
  expect((await t.call('GET', members, { key })).status).toBe(200);
  expect((await t.call('DELETE', `${keys}/${id}`, { key: acme.ownerKey })).status).toBe(204);
  expect((await t.call('GET', members, { key })).status).toBe(401);
  expect((await t.call('DELETE', `${keys}/${id}`, { key: acme.ownerKey })).status).toBe(404);
});

describe('the key of a member', () => {
  test('stops with suspension, is the same key again on reactivation, and is destroyed by removal', async () => {
    const member = await t.make.member(acme, { role: 'admin' });
    const { key, id } = await t.make.key(acme, ['member.view'], member.id);
    const one = `${members}/${member.id}`;
    const status = async () => (await t.call('GET', members, { key })).status;
    expect(await status()).toBe(200);
    await t.call('POST', `${one}/suspend`, { key: acme.ownerKey, body: { reason: 'leave' } });
    expect(await status()).toBe(401);
    await t.call('POST', `${one}/reactivate`, { key: acme.ownerKey });
    expect(await status()).toBe(200);
    await t.call('DELETE', one, { key: acme.ownerKey });
    expect(await status()).toBe(401);
    const { body } = await t.call('GET', keys, { key: acme.ownerKey });
    expect(body.items.some((item: { id: string }) => item.id === id)).toBe(false);
  });

  test('can do no more than the member’s role at this moment', async () => {
    const member = await t.make.member(acme, { role: 'admin' });
    const { key } = await t.make.key(acme, ['member.view', 'team.manage', 'audit.view'], member.id);
    const audit = async () => (await t.call('GET', '/v1/organizations/acme/audit-events', { key })).status;
    expect(await audit()).toBe(200);
    await t.call('PATCH', `${members}/${member.id}`, { key: acme.ownerKey, body: { role: 'manager' } });
    expect(await audit()).toBe(403);
  });

  test('cannot be made for somebody of another organization', async () => {
    const globex = await t.make.organization('globex');
    const stranger = await t.make.member(globex);
    const body = { displayName: 'x', permissions: [], memberId: stranger.id };
    expect((await t.call('POST', keys, { key: acme.ownerKey, body })).status).toBe(400);
  });
});

test('an operator’s key opens every organization until it is revoked', async () => {
  const { id, text } = await createOperatorKey(t);
  expect((await t.call('GET', members, { key: text })).status).toBe(200);
  expect(await revokeOperatorKey(t, id)).toBe(true);
  await eventually(async () => (await t.call('GET', members, { key: text })).status === 401);
  expect(await revokeOperatorKey(t, id)).toBe(false);
});

test('an id and a secret of two different keys open nothing', async () => {
  const one = await t.make.key(acme, ['member.view']);
  const other = await t.make.key(acme, ['member.view']);
  const secret = other.key.split('_').slice(2, -1).join('_');
  expect((await t.call('GET', members, { key: formatKey('db', one.id, secret) })).status).toBe(401);
});
