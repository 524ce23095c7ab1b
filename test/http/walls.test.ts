import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;

beforeAll(async () => {
  t = await setup();
  acme = await t.make.organization('acme');
});
afterAll(() => t[Symbol.asyncDispose]());

test('smoke', async () => {
  const team = await t.make.team(acme, 'Engineering');
  const member = await t.make.member(acme, { teams: [team.key], role: 'manager' });
  expect(member).toMatchObject({ status: 'active', role: 'manager', teams: [{ key: 'engineering' }] });
  for (const path of ['/healthz', '/readyz', '/metrics', '/openapi.json', '/docs']) {
    const answer = await t.call('GET', path);
    expect([path, answer.status]).toEqual([path, 200]);
  }
});
