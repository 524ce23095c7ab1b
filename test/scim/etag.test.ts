// Versions (RFC 7644 section 3.14, RFC 9110 section 13) and methods, on every kind of resource.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScimSetup, setupScim, type TestDirectory } from './scim-setup.ts';

let s: ScimSetup;
let d: TestDirectory;
beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
});
afterAll(() => s[Symbol.asyncDispose]());

type Kind = { readonly make: (name: string) => Promise<string>; readonly body: (name: string) => object };

const KINDS: Record<string, Kind> = {
  User: {
    make: async (name) => `/Users/${(await d.user(name)).id}`,
    body: (name) => ({ userName: name, title: 'changed' }),
  },
  Group: {
    make: async (name) => `/Groups/${(await d.group(name)).id}`,
    body: (name) => ({ displayName: name, externalId: `changed ${name}` }),
  },
};

const patchOf = (name: string) => ({ Operations: [{ op: 'replace', path: 'externalId', value: `patched ${name}` }] });

describe.each(Object.entries(KINDS))('a %s', (kind, { make, body }) => {
  const ask = async (method: string, path: string, headers: Record<string, string>, name = '') => {
    const sent = method === 'PUT' ? body(name) : method === 'PATCH' ? patchOf(name) : undefined;
    return (await d.call(method, path, sent, { headers })).status;
  };

  test.each<[string, string, number]>([
    ['if-match', 'W/"1"', 200],
    ['if-match', '"1"', 200],
    ['if-match', '"9", W/"1" ,"x"', 200],
    ['if-match', '*', 200],
    ['if-match', 'W/"2"', 412],
    ['if-match', '"2", "3"', 412],
    ['if-match', '"01"', 412],
    ['if-match', '"99999999999"', 412],
    ['if-match', 'nonsense', 412],
    ['if-match', '', 412],
    ['if-none-match', 'W/"2"', 200],
    ['if-none-match', '"2", "3"', 200],
    ['if-none-match', 'W/"1"', 412],
    ['if-none-match', '"7", "1"', 412],
    ['if-none-match', '*', 412],
  ])('is changed under %s: %s only as it says', async (header, value, expected) => {
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const name = `${kind} ${method} ${header} ${value}`;
      const path = await make(name);
      const status = await ask(method, path, { [header]: value }, name);
      expect(status < 300 ? 200 : status, name).toBe(expected);
      const { body: after, status: left } = await d.call('GET', path);
      const isChanged = method === 'DELETE' ? left === 404 : after.meta.version === 'W/"2"';
      expect(isChanged, name).toBe(expected === 200);
    }
  });

  test('is read under conditions', async () => {
    const path = await make(`${kind} read`);
    const reads: [Record<string, string>, number][] = [
      [{ 'if-none-match': 'W/"1"' }, 304],
      [{ 'if-none-match': '"1"' }, 304],
      [{ 'if-none-match': '"5", W/"1"' }, 304],
      [{ 'if-none-match': '*' }, 304],
      [{ 'if-none-match': 'W/"2"' }, 200],
      [{ 'if-none-match': 'nonsense' }, 200],
      [{ 'if-match': 'W/"1"' }, 200],
      [{ 'if-match': '*' }, 200],
      [{ 'if-match': 'W/"2"' }, 412],
      [{ 'if-match': 'W/"2"', 'if-none-match': 'W/"1"' }, 412],
    ];
    for (const [headers, status] of reads)
      expect(await ask('GET', path, headers), JSON.stringify(headers)).toBe(status);
    const same = await d.call('GET', path, undefined, { headers: { 'if-none-match': '"1"' } });
    expect(same.body).toBe('');
    expect(same.headers.get('etag')).toBe('W/"1"');
    expect(same.headers.get('location')).toBe(`${s.scimUrl}${path}`);
  });

  test('shows the same version everywhere', async () => {
    const path = await make(`${kind} everywhere`);
    const one = await d.call('GET', path);
    const [collection] = path.slice(1).split('/');
    const list = await d.call('GET', `/${collection}?filter=${encodeURIComponent(`id eq "${one.body.id}"`)}`);
    const version = one.headers.get('etag');
    expect([one.body.meta.version, list.body.Resources[0].meta.version]).toEqual([version, version]);
  });

  test('that is not there is 404, whatever the conditions', async () => {
    const path = (await make(`${kind} gone`)).replace(/.{4}$/, '0000');
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      for (const value of ['*', '"1"', '"1", "2"']) {
        expect(await ask(method, path, { 'if-match': value }, 'gone'), method).toBe(404);
      }
    }
  });
});

test('discovery documents have an ETag of their own', async () => {
  for (const path of [
    '/ServiceProviderConfig',
    '/ResourceTypes/User',
    '/Schemas/urn:ietf:params:scim:schemas:core:2.0:User',
  ]) {
    const first = await d.call('GET', path);
    const tag = first.headers.get('etag') ?? '';
    expect(tag).toMatch(/^W\/".+"$/);
    const asked = async (headers: Record<string, string>) => (await d.call('GET', path, undefined, { headers })).status;
    expect(await asked({ 'if-none-match': tag })).toBe(304);
    expect(await asked({ 'if-none-match': '"other"' })).toBe(200);
    expect(await asked({ 'if-match': '"other"' })).toBe(412);
  }
});

describe('methods', () => {
  test('HEAD is a GET without its body', async () => {
    const { id } = await d.user('head');
    for (const path of [`/Users/${id}`, '/Users?count=1', '/ServiceProviderConfig']) {
      const get = await fetch(`${s.scimUrl}${path}`, { headers: { authorization: `Bearer ${d.token}` } });
      const length = (await get.arrayBuffer()).byteLength;
      const head = await fetch(`${s.scimUrl}${path}`, {
        method: 'HEAD',
        headers: { authorization: `Bearer ${d.token}` },
      });
      expect(await head.text()).toBe('');
      expect([head.status, head.headers.get('content-length')]).toEqual([200, String(length)]);
      expect(head.headers.get('etag')).toBe(get.headers.get('etag'));
    }
    expect((await d.call('HEAD', '/Users/.search')).status).toBe(405);
  });

  test.each([
    ['/Users', 'GET, POST, HEAD, OPTIONS'],
    ['/Groups/x', 'GET, PUT, PATCH, DELETE, HEAD, OPTIONS'],
    ['/AgenticApplications', 'GET, POST, HEAD, OPTIONS'],
    ['/Agents/x', 'GET, PUT, PATCH, DELETE, HEAD, OPTIONS'],
    ['/Users/.search', 'POST, OPTIONS'],
    ['/.search', 'POST, OPTIONS'],
    ['/Bulk', 'POST, OPTIONS'],
    ['/Schemas', 'GET, HEAD, OPTIONS'],
    ['/Schemas/x', 'GET, HEAD, OPTIONS'],
    ['/ResourceTypes', 'GET, HEAD, OPTIONS'],
    ['/ResourceTypes/x', 'GET, HEAD, OPTIONS'],
    ['/ServiceProviderConfig', 'GET, HEAD, OPTIONS'],
  ])('%s takes %s and says so', async (path, allow) => {
    const options = await d.call('OPTIONS', path);
    expect([options.status, options.headers.get('allow')]).toEqual([204, allow]);
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      if (allow.split(', ').includes(method)) continue;
      const refused = await d.call(method, path, method === 'GET' || method === 'DELETE' ? undefined : {});
      expect([refused.status, refused.headers.get('allow')], method).toEqual([405, allow]);
    }
  });
});
