// What every request meets: who asks, what they send, how refusals look, what is logged.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;

beforeAll(async () => {
  t = await setup();
  acme = await t.make.organization('acme');
});
afterAll(() => t[Symbol.asyncDispose]());

const teams = '/v1/organizations/acme/teams';

describe('a credential', () => {
  test('is asked for with a challenge that names no error, when none was sent', async () => {
    const answer = await t.call('GET', teams);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="drawbridge"');
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  test.each([
    ['Basic dXNlcjpwYXNz', 'does not carry a bearer token'],
    ['Bearer', 'does not carry a bearer token'],
    ['Bearer db_nonsense', 'mistyped'],
    ['Bearer eyJhbGciOiJub25lIn0.e30.', 'not valid here'],
  ])('of the form "%s" is refused with a reason', async (authorization, reason) => {
    const answer = await t.call('GET', teams, { headers: { authorization } });
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(answer.body.detail).toContain(reason);
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(answer.body).not.toHaveProperty('presented');
  });

  test('with one wrong character is told from an unknown key', async () => {
    const wrong = acme.ownerKey.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    const mistyped = await t.call('GET', teams, { key: wrong });
    expect(mistyped.body.detail).toContain('mistyped');
  });

  test('of another organization finds no organization at all', async () => {
    const other = await t.make.organization();
    const answer = await t.call('GET', teams, { key: other.ownerKey });
    expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  test('without the permission is refused by the name of the permission', async () => {
    const { key } = await t.make.key(acme, ['member.view']);
    const answer = await t.call('POST', teams, { key, body: { displayName: 'No' } });
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden', permission: 'team.manage' } });
  });

  test('of an organization never opens what is the operator’s', async () => {
    const answer = await t.call('GET', '/v1/organizations', { key: acme.ownerKey });
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  test('is asked for before anything of the body is read', async () => {
    const answer = await t.call('POST', teams, { raw: '{"broken' });
    expect(answer.status).toBe(401);
  });
});

describe('a request', () => {
  test('with several faults is told all of them at once', async () => {
    const body = { displayName: '', kind: 'gang', colour: 'red' };
    const answer = await t.call('POST', `${teams}?verbose=1`, { key: acme.ownerKey, body });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    const faults = answer.body.errors.map((fault: { in: string; path: string }) => `${fault.in} ${fault.path}`);
    expect(faults.sort()).toEqual(['body colour', 'body displayName', 'body kind', 'query verbose']);
  });

  test('without the body that it needs says so', async () => {
    const answer = await t.call('POST', teams, { key: acme.ownerKey });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ in: 'body', message: 'is missing' }] } });
  });

  test('with a body where none belongs is refused', async () => {
    const member = await t.make.member(acme);
    const path = `/v1/organizations/acme/members/${member.id}/reactivate`;
    const answer = await t.call('POST', path, { key: acme.ownerKey, body: { force: true } });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'force' }] } });
  });

  test('that is not JSON is refused, and what it held is not repeated', async () => {
    const answer = await t.call('POST', teams, { key: acme.ownerKey, raw: '{"displayName": "hidden-value' });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_syntax' } });
    expect(JSON.stringify(answer.body)).not.toContain('hidden-value');
  });

  test('of another content type is refused', async () => {
    const headers = { 'content-type': 'text/plain' };
    const answer = await t.call('POST', teams, { key: acme.ownerKey, raw: 'displayName=x', headers });
    expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  });

  test('that is larger than a megabyte is refused', async () => {
    const raw = JSON.stringify({ displayName: 'x'.repeat(1_100_000) });
    const answer = await t.call('POST', teams, { key: acme.ownerKey, raw });
    expect(answer).toMatchObject({ status: 413, body: { code: 'too_large' } });
  });

  test.each([
    ['U+0000 in a text', '{"displayName":"a\\u0000b"}'],
    ['half a character', '{"displayName":"a\\ud800b"}'],
    ['half a character in a key', '{"displayName":"a","\\udc00":1}'],
    ['a hundred thousand levels', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ])('with %s is refused, since nothing could store it', async (_, raw) => {
    const answer = await t.call('POST', teams, { key: acme.ownerKey, raw });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_value' } });
  });

  test.each([
    [`${teams}/%00`, 404],
    ['/v1/organizations/%00/teams', 404],
    ['/v1/organizations/acme/members?q=%00', 400],
    ['/v1/organizations/acme/members?q=a&q=b', 400],
    [`/v1/organizations/acme/members?cursor=${Buffer.from('["\\ud800"]').toString('base64url')}`, 400],
  ])('to %s is refused as well', async (path, status) => {
    expect((await t.call('GET', path, { key: acme.ownerKey })).status).toBe(status);
  });

  test('to a known address with another method is told which it takes', async () => {
    const answer = await t.call('PUT', teams, { key: acme.ownerKey, body: {} });
    expect(answer).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
    expect(answer.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'POST']);
  });

  test.each(['/v1/nothing', '/v1/organizations/acme/teams/%ff', '/v1/organizations/acme/members/not-an-id', '/%00'])(
    'to %s gets a problem, not a stack',
    async (path) => {
      const answer = await t.call('GET', path, { key: acme.ownerKey });
      expect([400, 404]).toContain(answer.status);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
    },
  );

  test('with a cursor that we never gave is refused', async () => {
    for (const cursor of ['x', 'WyJhIl0', Buffer.from('["\\u0000"]').toString('base64url')]) {
      const answer = await t.call('GET', `/v1/organizations/acme/members?cursor=${cursor}`, { key: acme.ownerKey });
      expect(answer.status).toBe(400);
    }
  });
});

describe('every answer', () => {
  test('carries a request id: the caller’s if it is sane, else ours', async () => {
    const given = await t.call('GET', '/healthz', { headers: { 'x-request-id': 'trace-12345678' } });
    expect(given.headers.get('x-request-id')).toBe('trace-12345678');
    const made = await t.call('GET', '/healthz', { headers: { 'x-request-id': 'evil id <script>' } });
    expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('carries the security headers, and API answers are never stored', async () => {
    const answer = await t.call('GET', teams, { key: acme.ownerKey });
    const header = (name: string) => answer.headers.get(name);
    expect(header('x-content-type-options')).toBe('nosniff');
    expect(header('content-security-policy')).toContain("default-src 'none'");
    expect(header('x-frame-options')).toBe('DENY');
    expect(header('referrer-policy')).toBe('no-referrer');
    expect(header('cache-control')).toBe('no-store');
  });

  test('that is a problem names type, title, status, code, detail and request id', async () => {
    const answer = await t.call('GET', '/v1/organizations/nobody', { key: acme.ownerKey });
    expect(answer.body).toEqual({
      type: `${t.baseUrl}/problems/not_found`,
      title: 'There is nothing at this address',
      status: 404,
      code: 'not_found',
      detail: 'There is no such organization.',
      requestId: answer.headers.get('x-request-id'),
    });
  });
});

test('each request leaves one log line, with the template of its path, who asked, and no secret', async () => {
  const secretName = 'name-that-belongs-to-nobody';
  const answer = await t.call('GET', `/v1/organizations/acme/members?q=${secretName}`, { key: acme.ownerKey });
  const requestId = answer.headers.get('x-request-id') ?? '';
  await eventually(() => t.logLines.some((line) => line.includes(requestId)));
  const lines = t.logLines.filter((line) => line.includes(requestId) && line.includes('"msg":"request"'));
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    method: 'GET',
    route: '/v1/organizations/{org}/members',
    status: 200,
    principal: { kind: 'api_key' },
  });
  expect(lines[0]).not.toContain(secretName);
});

test('a caller who hangs up in the middle of a body harms nobody', async () => {
  const { hostname, port } = new URL(t.baseUrl);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(
    `POST ${teams} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${acme.ownerKey}\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"displ`,
  );
  socket.destroy();
  await eventually(() => t.logLines.some((line) => line.includes('"status":499')));
  expect((await t.call('GET', teams, { key: acme.ownerKey })).status).toBe(200);
  expect(t.logLines.filter((line) => line.includes('unexpected failure'))).toEqual([]);
});
