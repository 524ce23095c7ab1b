// Which JWTs open the API. The tokens are signed here, so that each can be wrong in one way; Keycloak's own are used by
// the journeys (test/e2e).
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAccessTokenVerifier } from '../../src/http/access-token.ts';
import { newId } from '../../src/ids.ts';
import { createTestClock, type Json, type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let server: Server;
let issuer: string;
let keycloak: { url: string; realm: string };
let signer: CryptoKey;
let isDown = false;
let acme: MadeOrganization;
let admin: Json;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  signer = privateKey;
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }];
  server = createServer((_request, response) => {
    response.statusCode = isDown ? 503 : 200;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  keycloak = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, realm: 'test' };
  issuer = `${keycloak.url}/realms/test`;
  t = await setup({ verifyAccessToken: createAccessTokenVerifier(keycloak, createTestClock()) });
  acme = await t.make.organization('acme');
  admin = await t.make.member(acme, { role: 'admin' });
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function sign(change: JWTPayload = {}, header: object = {}, key: CryptoKey | Uint8Array = signer): Promise<string> {
  const seconds = Math.floor(Date.now() / 1000);
  const claims = {
    iss: issuer,
    aud: ['drawbridge', 'account'],
    typ: 'Bearer',
    person_id: admin?.personId,
    sid: 's1',
    iat: seconds,
    exp: seconds + 300,
  };
  return new SignJWT({ ...claims, ...change }).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(key);
}

const members = '/v1/organizations/acme/members';
const get = async (token: string | Promise<string>, path = members) => t.call('GET', path, { key: await token });

test('a person’s token has the rights of their active membership, as they are now', async () => {
  expect((await get(sign())).status).toBe(200);
  expect(await get(sign(), '/v1/organizations')).toMatchObject({ status: 403 });
  const patch = { key: acme.ownerKey, body: { role: 'member' } };
  await t.call('PATCH', `${members}/${admin.id}`, patch);
  expect(await get(sign())).toMatchObject({ status: 403, body: { permission: 'member.view' } });
  await t.call('PATCH', `${members}/${admin.id}`, { ...patch, body: { role: 'admin' } });
});

test('the same token is nobody in another organization, and nobody when suspended', async () => {
  await t.make.organization('globex');
  expect((await get(sign(), '/v1/organizations/globex')).status).toBe(404);
  expect((await get(sign({ person_id: newId() }))).status).toBe(404);
  const one = `${members}/${admin.id}`;
  await t.call('POST', `${one}/suspend`, { key: acme.ownerKey, body: { reason: 'x' } });
  expect((await get(sign())).status).toBe(404);
  await t.call('POST', `${one}/reactivate`, { key: acme.ownerKey });
});

test('law 4: nobody changes their own role, signed in or not', async () => {
  const answer = await t.call('PATCH', `${members}/${admin.id}`, { key: await sign(), body: { role: 'manager' } });
  expect(answer).toMatchObject({ status: 403, body: { code: 'self_role_change' } });
});

test('what a person does is audited as theirs', async () => {
  await t.call('POST', '/v1/organizations/acme/teams', { key: await sign(), body: { displayName: 'By hand' } });
  const { body } = await t.call('GET', '/v1/organizations/acme/audit-events?action=team.created&limit=1', {
    key: acme.ownerKey,
  });
  expect(body.items[0].actor).toMatchObject({ kind: 'person', id: admin.personId, memberId: admin.id });
});

test.each<[string, () => Promise<string>]>([
  ['of another issuer', () => sign({ iss: 'https://elsewhere.test/realms/test' })],
  ['for another audience', () => sign({ aud: 'account' })],
  ['that has expired', () => sign({ exp: Math.floor(Date.now() / 1000) - 10 })],
  ['not valid yet', () => sign({ nbf: Math.floor(Date.now() / 1000) + 600 })],
  ['that never expires', () => sign({ exp: undefined as never })],
  ['that is an ID token', () => sign({ typ: 'ID' })],
  ['that is a refresh token', () => sign({ typ: 'Refresh' })],
  ['without a person', () => sign({ person_id: undefined })],
  ['with a person that is no id', () => sign({ person_id: "x' or true --" })],
  ['signed by another key', async () => sign({}, {}, (await generateKeyPair('RS256')).privateKey)],
  ['signed by a key that nobody published', () => sign({}, { kid: 'unknown' })],
  ['signed with a shared secret', () => sign({}, { alg: 'HS256' }, new TextEncoder().encode('x'.repeat(32)))],
  [
    'signed by nobody',
    async () => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${(await sign()).split('.')[1]}.`,
  ],
])('a token %s is refused', async (_, make) => {
  expect(await get(make())).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
});

test('keys that cannot be read are our trouble, not the caller’s: 503', async () => {
  isDown = true;
  const other = await setup({ verifyAccessToken: createAccessTokenVerifier(keycloak, createTestClock()) });
  const answer = await other.call('GET', '/v1/organizations/acme', { key: await sign() });
  isDown = false;
  await other[Symbol.asyncDispose]();
  expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
});
