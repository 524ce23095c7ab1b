// /Me (RFC 7644 section 3.11) with people's own tokens: signed here, as Keycloak signs them, so that each can name other
// organizations.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAccessTokenVerifier, type VerifyAccessToken } from '../../src/http/access-token.ts';
import { newId } from '../../src/ids.ts';
import { createTestClock, type Json } from '../support/server.ts';
import { ENTERPRISE, ERROR, type ScimSetup, setupScim, type TestDirectory, USER } from './scim-setup.ts';

let keys: Server;
let signer: CryptoKey;
let issuer: string;
let verify: VerifyAccessToken;
let s: ScimSetup;
let d: TestDirectory;
beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  signer = privateKey;
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
  keys = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })));
  await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve));
  const keycloak = { url: `http://127.0.0.1:${(keys.address() as AddressInfo).port}`, realm: 'test' };
  issuer = `${keycloak.url}/realms/test`;
  verify = createAccessTokenVerifier(keycloak, createTestClock());
  s = await setupScim({ verifyAccessToken: verify });
  d = await s.directory();
});
afterAll(async () => {
  await s[Symbol.asyncDispose]();
  keys.closeAllConnections();
  await new Promise((resolve) => keys.close(resolve));
});

async function tokenOf(personId: string, change: JWTPayload = {}): Promise<string> {
  const seconds = Math.floor(Date.now() / 1000);
  const claims = {
    iss: issuer,
    aud: 'drawbridge',
    typ: 'Bearer',
    person_id: personId,
    iat: seconds,
    exp: seconds + 300,
  };
  return new SignJWT({ ...claims, ...change }).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(signer);
}

type Person = { readonly id: string; readonly user: Json; readonly name: string };

async function person(name: string, of: TestDirectory = d, more: Record<string, unknown> = {}): Promise<Person> {
  const user = await of.user(`${name}@${of.org.key}.test`, more);
  const [row] = await s.sql('select person_id from member where id = $1', [user.id]);
  return { id: row.person_id, user, name };
}

const ask = async (token: string, method = 'GET', query = '', headers: Record<string, string> = {}) =>
  s.client(token)(method, `/Me${query}`, method === 'GET' ? undefined : {}, { headers });

describe('a person', () => {
  test('is shown their own user, as the directory states it, at its own address', async () => {
    const ada = await person('ada', d, { [ENTERPRISE]: { department: 'Engines' }, displayName: 'Ada' });
    const answer = await ask(await tokenOf(ada.id));
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual((await d.call('GET', `/Users/${ada.user.id}`)).body);
    expect(answer.headers.get('location')).toBe(ada.user.meta.location);
    expect(answer.headers.get('etag')).toBe(ada.user.meta.version);
  });

  test('can ask for part of it, and only if it has changed', async () => {
    const { id, user } = await person('part');
    const token = await tokenOf(id);
    expect((await ask(token, 'GET', '?attributes=userName')).body).toEqual({
      id: user.id,
      schemas: [USER],
      userName: user.userName,
    });
    expect((await ask(token, 'GET', '', { 'if-none-match': user.meta.version })).status).toBe(304);
  });

  test.each(['PUT', 'PATCH', 'DELETE', 'POST'])(
    'changes nothing by %s: the directory is the source',
    async (method) => {
      const { id, user } = await person(`changes-${method}`);
      const answer = await ask(await tokenOf(id), method);
      expect(answer).toMatchObject({ status: 403, body: { schemas: [ERROR], status: '403' } });
      expect((await d.call('GET', `/Users/${user.id}`)).body).toEqual(user);
    },
  );

  test('sees nothing but that', async () => {
    const token = await tokenOf((await person('curious')).id);
    for (const path of ['/Users', '/Groups', '/Schemas', '/Me/x', '/MeToo', '/Users/Me']) {
      expect((await s.client(token)('GET', path)).status, path).toBe(401);
    }
  });

  test('whom no directory states, or no more, is not found', async () => {
    expect((await ask(await tokenOf(newId()))).status).toBe(404);
    const member = await s.t.make.member(d.org);
    expect((await ask(await tokenOf(member.personId))).status).toBe(404);
    const gone = await person('gone');
    await s.t.make.member(d.org, { name: 'keeps' });
    await d.call('DELETE', `/Users/${gone.user.id}`);
    expect((await ask(await tokenOf(gone.id))).status).toBe(404);
  });

  test('whose access has ended is not found', async () => {
    const { id, user } = await person('inactive');
    await d.patch(`/Users/${user.id}`, { op: 'replace', path: 'active', value: false });
    expect((await ask(await tokenOf(id))).status).toBe(404);
  });
});

describe('of several users', () => {
  test('the one in the organization that the token names is shown', async () => {
    const ada = await person('several');
    const second = await s.directory();
    const there = await second.user('elsewhere');
    await s.sql(`update member set person_id = $1, status = 'active', pending_reason = null where id = $2`, [
      ada.id,
      there.id,
    ]);
    const shown = async (organization: unknown) =>
      (await ask(await tokenOf(ada.id, organization === undefined ? {} : { organization }))).body.id;
    expect(await shown({ [second.org.key]: { id: newId() } })).toBe(there.id);
    expect(await shown({ [d.org.key]: { id: newId(), groups: ['/x'] } })).toBe(ada.user.id);
    expect(await shown([second.org.key])).toBe(there.id);
    // both, or none: the one stated first
    expect(await shown([second.org.key, d.org.key])).toBe(ada.user.id);
    expect(await shown(undefined)).toBe(ada.user.id);
    expect((await ask(await tokenOf(ada.id, { organization: ['nowhere'] }))).status).toBe(404);
    expect((await ask(await tokenOf(ada.id, { organization: {} }))).status).toBe(404);
  });

  test('of two directories of one organization, the one that calls the person active, else the first, is shown', async () => {
    const both = await person('both', d, { externalId: 'first' });
    const sibling = await s.directory({ org: d.org });
    const other = await sibling.user(`both@${d.org.key}.test`, { externalId: 'second' });
    expect(other.id).toBe(both.user.id);
    const shown = async () => (await ask(await tokenOf(both.id))).body.externalId;
    expect(await shown()).toBe('first');
    // an administrator lifts the block of the first directory's word; its word stays
    await s.sql('update directory_user set active = false where directory_id = $1 and member_id = $2', [
      d.id,
      other.id,
    ]);
    expect(await shown()).toBe('second');
    await s.sql(`update directory set status = 'inactive' where id = $1`, [sibling.id]);
    expect(await shown()).toBe('first');
  });
});

test('a token that is not good is 401, as everywhere', async () => {
  const { id } = await person('bad');
  const seconds = Math.floor(Date.now() / 1000);
  for (const change of [{ exp: seconds - 60 }, { aud: 'somebody' }, { typ: 'ID' }, { person_id: 'x' }]) {
    const answer = await ask(await tokenOf(id, change as JWTPayload));
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  }
  expect((await ask('not-a-token')).status).toBe(401);
});

test('a directory’s own token speaks for nobody', async () => {
  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'POST']) expect((await ask(d.token, method)).status).toBe(404);
});

test('what people ask is none of the directory’s journal, nor of its rate', async () => {
  await using limited = await setupScim({ ratePerSecond: 10, clockStands: true, verifyAccessToken: verify });
  const own = await limited.directory();
  const user = await own.user(`eager@${own.org.key}.test`);
  const [row] = await limited.sql('select person_id from member where id = $1', [user.id]);
  const token = await tokenOf(row.person_id);
  const statuses: number[] = [];
  for (let n = 0; n < 12; n += 1) statuses.push((await limited.client(token)('GET', '/Me')).status);
  expect(statuses).toEqual([...Array(10).fill(200), 429, 429]);
  expect((await own.call('GET', '/Users')).status).toBe(200);
  await limited.scim.close();
  const rows = await limited.sql('select method, path from scim_journal where directory_id = $1 order by id', [own.id]);
  expect(rows).toEqual([
    { method: 'POST', path: '/Users' },
    { method: 'GET', path: '/Users' },
  ]);
});
