// Mail domains: proved by DNS or by an operator, by one organization only; verifying admits all who wait.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseDomain } from '../../src/orgs/organization.ts';
import { isPublicMailDomain } from '../../src/orgs/public-mail.ts';
import { type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;
let dns: Map<string, string[]> | 'down' = new Map();

beforeAll(async () => {
  t = await setup({
    resolveTxt: async (name) => {
      if (dns === 'down') throw new Error('SERVFAIL');
      return dns.get(name) ?? [];
    },
  });
  acme = await t.make.organization('acme');
});
afterAll(() => t[Symbol.asyncDispose]());

const domains = '/v1/organizations/acme/domains';
const claim = (domain: string, extra: object = {}) =>
  t.call('POST', domains, { key: acme.ownerKey, body: { domain, ...extra } });
const verify = (domain: string) => t.call('POST', `${domains}/${domain}/verify`, { key: acme.ownerKey });

test('a domain is pending until its TXT record is there; verifying admits all who wait for it', async () => {
  const { body: claimed, status } = await claim('Example.TEST');
  expect({ status, claimed }).toMatchObject({
    status: 201,
    claimed: { domain: 'example.test', status: 'pending', txtName: '_drawbridge.example.test' },
  });
  const body = { address: 'ada@example.test' };
  const { body: waiting } = await t.call('POST', '/v1/organizations/acme/members', { key: acme.ownerKey, body });
  expect(waiting).toMatchObject({ status: 'pending', pending: { reason: 'address_not_verified' }, personId: null });

  dns = new Map([['_drawbridge.example.test', ['v=spf1 -all', 'drawbridge-verification=of-somebody-else']]]);
  expect(await verify('example.test')).toMatchObject({ status: 409, body: { expected: claimed.txtValue } });
  dns = 'down';
  expect((await verify('example.test')).status).toBe(503);
  dns = new Map([['_drawbridge.example.test', ['v=spf1 -all', claimed.txtValue]]]);
  expect(await verify('example.test')).toMatchObject({ status: 200, body: { status: 'verified', admitted: 1 } });
  const { body: admitted } = await t.call('GET', `/v1/organizations/acme/members/${waiting.id}`, {
    key: acme.ownerKey,
  });
  expect(admitted).toMatchObject({ status: 'active', pending: null, personId: expect.any(String) });
});

test('one organization owns a domain, however it was proved', async () => {
  const globex = await t.make.organization('globex');
  const answer = await t.call('POST', '/v1/organizations/globex/domains', {
    key: t.operatorKey,
    body: { domain: 'acme.test', verified: true },
  });
  expect(answer).toMatchObject({ status: 409, body: { code: 'conflict' } });
  // claiming is free, proving is not
  const claimed = await t.call('POST', '/v1/organizations/globex/domains', {
    key: globex.ownerKey,
    body: { domain: 'acme.test' },
  });
  expect(claimed.status).toBe(201);
  dns = new Map([['_drawbridge.acme.test', [claimed.body.txtValue]]]);
  const proved = await t.call('POST', '/v1/organizations/globex/domains/acme.test/verify', { key: globex.ownerKey });
  expect(proved).toMatchObject({ status: 409, body: { code: 'conflict' } });
});

test('only an operator decides without DNS, and the decision is recorded', async () => {
  expect((await claim('decided.test', { verified: true })).status).toBe(403);
  const body = { domain: 'decided.test', verified: true };
  expect((await t.call('POST', domains, { key: t.operatorKey, body })).body.status).toBe('verified');
  const { body: audit } = await t.call('GET', '/v1/organizations/acme/audit-events?action=domain.verified&limit=1', {
    key: acme.ownerKey,
  });
  expect(audit.items[0]).toMatchObject({
    actor: { kind: 'operator' },
    data: { domain: 'decided.test', method: 'operator' },
  });
});

test('a verified domain is never claimed back to pending', async () => {
  expect(await claim('acme.test')).toMatchObject({ status: 409, body: { code: 'uniqueness' } });
});

test('nobody owns a public mail provider, or what is no domain', async () => {
  for (const domain of [
    'gmail.com',
    'acme.onmicrosoft.com',
    'localhost',
    'a..b',
    '-a.test',
    '10.0.0.1',
    'a b.test',
    '',
  ]) {
    expect([domain, (await claim(domain)).status]).toEqual([domain, 400]);
  }
  expect(isPublicMailDomain('notgmail.com')).toBe(false);
  expect(parseDomain('Bücher.example')).toBe('xn--bcher-kva.example');
});

test('a domain that was never claimed cannot be verified', async () => {
  expect((await verify('stranger.test')).status).toBe(404);
});
