// Mail domains: proved by DNS (a real server on loopback) or by an operator, by one organization only; verifying admits
// all who wait; what DNS proves is looked for again; what is not needed any more is given up.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDomain } from '../../src/orgs/organization.ts';
import { isPublicMailDomain } from '../../src/orgs/public-domains.ts';
import { createTxtResolver } from '../../src/orgs/resolve-txt.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { OIDC } from '../support/example-requests.ts';
import { type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;
let dns: DnsServer;

beforeAll(async () => {
  dns = await startDnsServer();
  t = await setup({ resolveTxt: createTxtResolver([dns.address]) });
  acme = await t.make.organization('acme');
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
  await dns.stop();
});

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

  dns.records.set('_drawbridge.example.test', ['v=spf1 -all', 'drawbridge-verification=of-somebody-else']);
  expect(await verify('example.test')).toMatchObject({ status: 409, body: { expected: claimed.txtValue } });
  dns.fails = true;
  expect((await verify('example.test')).status).toBe(503);
  dns.fails = false;
  dns.records.set('_drawbridge.example.test', ['v=spf1 -all', claimed.txtValue]);
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
  dns.records.set('_drawbridge.acme.test', [claimed.body.txtValue]);
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
    'co.uk',
    'github.io',
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

test('the subdomains of a domain count as it by choice, but one that another organization has verified is its own', async () => {
  const org = await t.make.organization('subs');
  const path = '/v1/organizations/subs';
  const call = (method: string, at: string, body?: object) => t.call(method, path + at, { key: org.ownerKey, body });
  const add = async (address: string) => (await call('POST', '/members', { address })).body;
  const waiting = await add('ada@mail.subs.test');
  expect(waiting).toMatchObject({ status: 'pending' });
  const other = await t.make.organization('subs-other');
  await t.call('POST', `/v1/organizations/${other.key}/domains`, {
    key: t.operatorKey,
    body: { domain: 'labs.subs.test', verified: true },
  });
  const included = await call('PATCH', '/domains/SUBS.test', { includeSubdomains: true });
  expect(included).toMatchObject({ status: 200, body: { includeSubdomains: true, admitted: 1 } });
  expect(await add('bob@deep.mail.subs.test')).toMatchObject({ status: 'active' });
  expect(await add('eve@labs.subs.test')).toMatchObject({ status: 'pending' });
  expect(await add('eve@notsubs.test')).toMatchObject({ status: 'pending' });
  await call('PATCH', '/domains/subs.test', { includeSubdomains: false });
  expect(await add('late@mail.subs.test')).toMatchObject({ status: 'pending' });
});

test('a new proof takes the domain from an organization whose own is gone, and that one is told', async () => {
  const [loser, winner] = [await t.make.organization('loser'), await t.make.organization('winner')];
  const at = (org: MadeOrganization, method: string, path: string, body?: object) =>
    t.call(method, `/v1/organizations/${org.key}${path}`, { key: org.ownerKey, body });
  const prove = async (org: MadeOrganization) => {
    const { body } = await at(org, 'POST', '/domains', { domain: 'moves.test' });
    return [body.txtValue as string];
  };
  const [first, second] = [await prove(loser), await prove(winner)];
  dns.records.set('_drawbridge.moves.test', first);
  expect((await at(loser, 'POST', '/domains/moves.test/verify')).status).toBe(200);
  dns.records.set('_drawbridge.moves.test', [...first, ...second]);
  expect(await at(winner, 'POST', '/domains/moves.test/verify')).toMatchObject({ status: 409 });
  dns.records.set('_drawbridge.moves.test', second);
  expect((await at(winner, 'POST', '/domains/moves.test/verify')).body).toMatchObject({ status: 'verified' });
  const { body } = await at(loser, 'GET', '/domains');
  expect(body.items.find((one: { domain: string }) => one.domain === 'moves.test')).toMatchObject({ status: 'lost' });
  const { body: audit } = await at(loser, 'GET', '/audit-events?action=domain.lost');
  expect(audit.items).toMatchObject([{ data: { domain: 'moves.test', reason: 'proved_by_another' } }]);
  expect(JSON.stringify(audit)).not.toContain(winner.id);
});

test('while company sign-in is enforced, a domain is verified only where a connection lets its people in', async () => {
  const org = await t.make.organization('growing');
  const path = '/v1/organizations/growing';
  const call = (method: string, at: string, body?: object) => t.call(method, path + at, { key: org.ownerKey, body });
  const { body: connection } = await call('POST', '/connections', { ...OIDC, displayName: 'Company' });
  await call('POST', `/connections/${connection.id}/activate`, { untested: true });
  await t.db.query(org.id, {
    text: `update organization set sso_enforcement = 'enforced', sso_enforced_at = now() where org_id = $1`,
    values: [org.id],
  });
  const { body: claimed } = await call('POST', '/domains', { domain: 'bought.test' });
  dns.records.set('_drawbridge.bought.test', [claimed.txtValue]);
  const verified = () => call('POST', '/domains/bought.test/verify');
  expect(await verified()).toMatchObject({ status: 409, body: { rule: 'domain_uncovered' } });
  const name = (...more: string[]) =>
    call('PATCH', `/connections/${connection.id}`, { domains: ['growing.test', ...more] });
  expect((await name('never.test')).status).toBe(409);
  expect((await name('bought.test')).status).toBe(200);
  expect(await verified()).toMatchObject({ status: 200, body: { status: 'verified' } });
});

describe('a domain is given up', () => {
  const of = async (key: string) => {
    const org = await t.make.organization(key);
    return {
      org,
      call: (method: string, path: string, body?: object) =>
        t.call(method, `/v1/organizations/${key}${path}`, { key: org.ownerKey, body }),
      drop: (domain: string) => t.call('DELETE', `/v1/organizations/${key}/domains/${domain}`, { key: org.ownerKey }),
    };
  };

  test('whatever its state, once for the audit, and its members stay', async () => {
    const { call, drop } = await of('giving');
    const { body: member } = await call('POST', '/members', { address: 'ada@giving.test' });
    await call('POST', '/domains', { domain: 'waiting.test' });
    for (const domain of ['giving.test', 'WAITING.test', 'giving.test']) {
      expect([domain, (await drop(domain)).status]).toEqual([domain, 204]);
    }
    expect((await drop('never.test')).status).toBe(404);
    expect((await call('GET', '/domains')).body.items).toEqual([]);
    const { body: audit } = await call('GET', '/audit-events?action=domain.deleted');
    expect(audit.items.map(({ data }: { data: object }) => data)).toEqual([
      { domain: 'waiting.test', status: 'pending' },
      { domain: 'giving.test', status: 'verified' },
    ]);
    expect((await call('GET', `/members/${member.id}`)).body.status).toBe('active');
    const { body: late } = await call('POST', '/members', { address: 'bob@giving.test' });
    expect(late).toMatchObject({ status: 'pending', pending: { reason: 'address_not_verified' } });
  });

  test('and can be claimed again, or proved by another organization', async () => {
    const [first, second] = [await of('one-owner'), await of('next-owner')];
    const claimed = await second.call('POST', '/domains', { domain: 'one-owner.test' });
    dns.records.set('_drawbridge.one-owner.test', [claimed.body.txtValue]);
    expect((await second.call('POST', '/domains/one-owner.test/verify')).status).toBe(409);
    await first.drop('one-owner.test');
    expect((await second.call('POST', '/domains/one-owner.test/verify')).body).toMatchObject({ status: 'verified' });
    const again = await first.call('POST', '/domains', { domain: 'one-owner.test' });
    expect(again).toMatchObject({ status: 201, body: { status: 'pending', method: null, verifiedAt: null } });
    expect((await first.call('POST', '/domains/one-owner.test/verify')).status).toBe(409);
  });

  test('but not while an active connection asserts it, which is named', async () => {
    const { call, drop } = await of('asserting');
    const { body: connection } = await call('POST', '/connections', { ...OIDC, displayName: 'Company' });
    await call('POST', `/connections/${connection.id}/activate`, { untested: true });
    expect(await drop('asserting.test')).toMatchObject({
      status: 409,
      body: { rule: 'connection_asserts_domain', connections: [{ id: connection.id, displayName: 'Company' }] },
    });
    await call('POST', `/connections/${connection.id}/disable`, { grants: 'keep' });
    expect((await drop('asserting.test')).status).toBe(204);
    expect(await call('POST', `/connections/${connection.id}/activate`, { untested: true })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('has not verified asserting.test') },
    });
  });

  test('but not while enforced company sign-in holds people by it', async () => {
    const { org, call, drop } = await of('enforcing');
    const elsewhere = await of('elsewhere');
    await t.call('POST', `/v1/organizations/${org.key}/domains`, {
      key: t.operatorKey,
      body: { domain: 'unused.test', verified: true },
    });
    const { body: member } = await call('POST', '/members', { address: 'ada@enforcing.test' });
    await t.db.query(org.id, {
      text: `update organization set sso_enforcement = 'enforced', sso_enforced_at = now() where org_id = $1`,
      values: [org.id],
    });
    const refused = await drop('enforcing.test');
    expect(refused).toMatchObject({ status: 409, body: { rule: 'sign_in_enforced', people: 1 } });
    expect(refused.body.detail).toContain('Switch enforcement off');
    expect((await drop('unused.test')).status).toBe(204);
    // whose home this is stays held in another organization, too
    await t.db.query(elsewhere.org.id, {
      text: `insert into member (org_id, person_id, status, role_key, address, address_key)
        values ($1, $2, 'active', 'member', 'ada@enforcing.test', 'ada@enforcing.test')`,
      values: [elsewhere.org.id, member.personId],
    });
    await call('DELETE', `/members/${member.id}`);
    expect((await drop('enforcing.test')).status).toBe(409);
    await t.db.query(elsewhere.org.id, {
      text: `update member set status = 'removed' where org_id = $1 and person_id = $2`,
      values: [elsewhere.org.id, member.personId],
    });
    expect((await drop('enforcing.test')).status).toBe(204);
  });
});
