// Law 8: what cannot be carried out as sent is refused with the reason; nothing is dropped in silence.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fillPath, makeThings, nameOf, type Things } from '../support/example-requests.ts';
import { type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;
let things: Things;

beforeAll(async () => {
  t = await setup();
  acme = await t.make.organization('acme');
  things = await makeThings(t, acme);
});
afterAll(() => t[Symbol.asyncDispose]());

const address = (path: string) => fillPath(path, { ...things.ids, org: 'acme' });

test('law 8: every body refuses a field that it does not know, by name', async () => {
  const declared = t.api.endpoints.filter((endpoint) => things.bodies[nameOf(endpoint)]);
  expect(declared.length).toBeGreaterThan(14);
  for (const endpoint of declared) {
    const body = { ...things.bodies[nameOf(endpoint)], unheardOf: 1 };
    const answer = await t.call(endpoint.method.toUpperCase(), address(endpoint.path), { key: acme.ownerKey, body });
    expect([nameOf(endpoint), answer.status]).toEqual([nameOf(endpoint), 400]);
    expect(answer.body.detail).toContain('unheardOf');
  }
});

test('law 8: every address refuses a query parameter that it does not know', async () => {
  for (const endpoint of t.api.endpoints.filter(({ method, access }) => method === 'get' && access !== 'operator')) {
    const answer = await t.call('GET', `${address(endpoint.path)}?unheardOf=1`, { key: acme.ownerKey });
    expect([nameOf(endpoint), answer.status]).toEqual([nameOf(endpoint), 400]);
  }
});

test('law 8: a wrong type anywhere in a body is refused, never converted or thrown over', async () => {
  for (const endpoint of t.api.endpoints.filter((candidate) => things.bodies[nameOf(candidate)])) {
    const good = things.bodies[nameOf(endpoint)];
    for (const name of Object.keys(good)) {
      for (const wrong of [17, [['x']], { $ne: 1 }]) {
        const body = { ...good, [name]: wrong };
        const answer = await t.call(endpoint.method.toUpperCase(), address(endpoint.path), {
          key: acme.ownerKey,
          body,
        });
        if (name === 'expiresInHours' && wrong === 17) continue;
        expect([nameOf(endpoint), name, wrong, answer.status]).toEqual([nameOf(endpoint), name, wrong, 400]);
      }
    }
    for (const body of [null, 'text', 7, [], true]) {
      const answer = await t.call(endpoint.method.toUpperCase(), address(endpoint.path), { key: acme.ownerKey, body });
      expect([nameOf(endpoint), body, answer.status]).toEqual([nameOf(endpoint), body, 400]);
    }
  }
  expect(t.logLines.filter((line) => line.includes('unexpected failure'))).toEqual([]);
});
