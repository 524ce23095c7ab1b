// What an organization's sign-in policy says of a session at /v1/access/check, and to the person's own requests: each rule,
// with a person in two organizations (the home organization decides how one signs in, each judges the session for itself).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionFacts } from '../../src/members/sign-in-demand.ts';
import { OIDC } from '../support/example-requests.ts';
import { type Json, type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
beforeAll(async () => {
  t = await setup({
    // a token here is the person and the session, as a verified one says them (test/http/access-token.test.ts)
    verifyAccessToken: async (token) => ({
      ...{ session: undefined, connectionId: undefined, loginAt: undefined, authenticatedAt: undefined },
      ...(JSON.parse(Buffer.from(token, 'base64url').toString()) as { personId: string }),
    }),
    clockStands: true,
  });
});
afterAll(() => t[Symbol.asyncDispose]());

type Place = MadeOrganization & { readonly connection: string };

const nowSeconds = () => t.clock.now().getTime() / 1000;
const token = (personId: string, session: Partial<SessionFacts>) =>
  Buffer.from(JSON.stringify({ personId, ...session })).toString('base64url');

async function organization(): Promise<Place> {
  const org = await t.make.organization();
  const body = { ...OIDC, displayName: 'Company' };
  const path = `/v1/organizations/${org.id}/connections`;
  const { id } = (await t.call('POST', path, { key: org.ownerKey, body })).body;
  await t.call('POST', `${path}/${id}/activate`, { key: org.ownerKey, body: { untested: true } });
  return { ...org, connection: id };
}

async function policy(org: Place, change: Json): Promise<void> {
  const override = { reason: 'test' };
  const body = change.enforcement ? { ...change, override } : change;
  const answer = await t.call('PATCH', `/v1/organizations/${org.id}/sign-in-policy`, { key: t.operatorKey, body });
  expect(answer.status).toBe(200);
}

/** At home in the first, and a guest of the second. */
async function inBoth(home: Place, other: Place): Promise<Json> {
  const person = await t.make.member(home);
  await t.db.query(other.id, {
    text: `insert into member (org_id, person_id, status, role_key, address, address_key)
      values ($1, $2, 'active', 'member', $3, $3)`,
    values: [other.id, person.personId, person.address],
  });
  return person;
}

async function check(org: Place, personId: string, session: Partial<SessionFacts>): Promise<Json> {
  const body = { organization: org.id, subjectToken: token(personId, session) };
  return (await t.call('POST', '/v1/access/check', { key: org.ownerKey, body })).body;
}
const codes = async (org: Place, personId: string, session: Partial<SessionFacts>) =>
  (await check(org, personId, session)).reasons.map((reason: Json) => reason.code);

describe('a sign-in through the company', () => {
  test('is demanded of the own people: any of its active connections counts, and the answer says how to get there', async () => {
    const org = await organization();
    const { personId, address } = await t.make.member(org);
    await policy(org, { enforcement: 'enforced' });
    expect(await check(org, personId, { authenticatedAt: nowSeconds() })).toMatchObject({
      allowed: false,
      reasons: [{ code: 'sign_in_by_company_required' }],
      session: 'unmet',
      signInAgain: { kc_idp_hint: `sso-${org.key}`, login_hint: address, prompt: 'login' },
    });
    expect(await check(org, personId, { connectionId: org.connection, loginAt: nowSeconds() })).toMatchObject({
      allowed: true,
      session: 'met',
      signInAgain: null,
    });
    const disable = `/v1/organizations/${org.id}/connections/${org.connection}/disable`;
    await t.call('POST', disable, { key: org.ownerKey });
    expect(await codes(org, personId, { connectionId: org.connection })).toEqual(['sign_in_by_company_required']);
  });

  test('one organization demands it and the other does not: each answers for itself', async () => {
    const [home, other] = [await organization(), await organization()];
    const { personId } = await inBoth(home, other);
    await policy(home, { enforcement: 'enforced' });
    const byPassword = { authenticatedAt: nowSeconds() };
    expect(await codes(home, personId, byPassword)).toEqual(['sign_in_by_company_required']);
    expect(await codes(other, personId, byPassword)).toEqual([]);
    const byHome = { connectionId: home.connection, loginAt: nowSeconds() };
    expect([await codes(home, personId, byHome), await codes(other, personId, byHome)]).toEqual([[], []]);
  });

  test('a guest is exempt, or held: then only the host’s own company counts, and the session serves one at a time', async () => {
    const [home, host] = [await organization(), await organization()];
    const { personId } = await inBoth(home, host);
    await policy(home, { enforcement: 'enforced' });
    await policy(host, { enforcement: 'enforced' });
    const byHome = { connectionId: home.connection, loginAt: nowSeconds() };
    const byHost = { connectionId: host.connection, loginAt: nowSeconds() };
    expect(await codes(host, personId, byHome)).toEqual([]);
    await policy(host, { guests: 'held' });
    expect(await codes(host, personId, byHome)).toEqual(['sign_in_by_company_required']);
    expect([await codes(host, personId, byHost), await codes(home, personId, byHost)]).toEqual([
      [],
      ['sign_in_by_company_required'],
    ]);
  });

  test('stays demanded of the own people while the proof of their domain is to be found again', async () => {
    const org = await organization();
    const { personId } = await t.make.member(org);
    await policy(org, { enforcement: 'enforced' });
    await t.db.query(org.id, {
      text: 'select lose_domain($1, $2, $3, now())',
      values: [org.id, `${org.key}.test`, 'proof_missing'],
    });
    expect(await codes(org, personId, { authenticatedAt: nowSeconds() })).toEqual(['sign_in_by_company_required']);
  });

  test('is not demanded of a break-glass owner', async () => {
    const org = await organization();
    const owner = await t.make.member(org, { role: 'owner' });
    const path = `/v1/organizations/${org.id}/sign-in-policy/break-glass`;
    await t.call('POST', path, { key: org.ownerKey, body: { memberId: owner.id } });
    await policy(org, { enforcement: 'enforced' });
    expect(await codes(org, owner.personId, { authenticatedAt: nowSeconds() })).toEqual([]);
  });

  test('ends with the policy', async () => {
    const org = await organization();
    const { personId } = await t.make.member(org);
    await policy(org, { enforcement: 'enforced' });
    await policy(org, { enforcement: 'off' });
    expect(await codes(org, personId, {})).toEqual([]);
  });
});

describe('the age of a session', () => {
  test('is judged by each organization for itself, and a password renews it where nobody demands the company', async () => {
    const [home, other] = [await organization(), await organization()];
    const { personId } = await inBoth(home, other);
    await policy(other, { maxSessionSeconds: 3600 });
    const old = { connectionId: home.connection, loginAt: nowSeconds() - 3601 };
    expect(await codes(home, personId, old)).toEqual([]);
    expect(await check(other, personId, old)).toMatchObject({
      reasons: [{ code: 'session_too_old' }],
      signInAgain: { kc_idp_hint: null, prompt: 'login' },
    });
    expect(await codes(other, personId, { ...old, authenticatedAt: nowSeconds() - 10 })).toEqual([]);
    expect(await codes(other, personId, {})).toEqual(['session_too_old']);
  });

  test('counts from the sign-in through the company where that is demanded: a password renews nothing', async () => {
    const org = await organization();
    const { personId } = await t.make.member(org);
    await policy(org, { enforcement: 'enforced', maxSessionSeconds: 3600 });
    const session = { connectionId: org.connection, loginAt: nowSeconds() - 3599 };
    expect(await codes(org, personId, session)).toEqual([]);
    const older = { ...session, loginAt: nowSeconds() - 3601, authenticatedAt: nowSeconds() };
    expect(await codes(org, personId, older)).toEqual(['session_too_old']);
    expect(await codes(org, personId, { authenticatedAt: nowSeconds() })).toEqual([
      'sign_in_by_company_required',
      'session_too_old',
    ]);
  });
});

test('a second factor is missing until Keycloak asks the person for it; the other organization asks for none', async () => {
  const [home, other] = [await organization(), await organization()];
  const { personId } = await inBoth(home, other);
  await policy(other, { secondFactor: 'required' });
  const session = { authenticatedAt: nowSeconds() };
  expect(await codes(other, personId, session)).toEqual(['two_factor_required']);
  expect(await codes(home, personId, session)).toEqual([]);
  await t.db.realm({
    text: `insert into keycloak_projected (person_id, desired, certain) values ($1, $2, true)`,
    values: [personId, JSON.stringify({ account: { roles: ['mfa-required'] }, owesLogout: false })],
  });
  expect(await codes(other, personId, session)).toEqual([]);
});

test('without a token nobody can tell, and the answer says so', async () => {
  const org = await organization();
  const { personId } = await t.make.member(org);
  const ask = async () =>
    (await t.call('POST', '/v1/access/check', { key: org.ownerKey, body: { organization: org.id, personId } })).body;
  expect(await ask()).toMatchObject({ allowed: true, session: 'met' });
  await policy(org, { enforcement: 'enforced' });
  expect(await ask()).toMatchObject({ allowed: true, session: 'unknown' });
});

test("the person's own requests are held to it, too, but one may always ask what is missing", async () => {
  const org = await organization();
  const admin = await t.make.member(org, { role: 'admin' });
  await policy(org, { enforcement: 'enforced' });
  const byPassword = token(admin.personId, { authenticatedAt: nowSeconds() });
  const byCompany = token(admin.personId, { connectionId: org.connection, loginAt: nowSeconds() });
  const members = (key: string) => t.call('GET', `/v1/organizations/${org.id}/members`, { key });
  expect(await members(byPassword)).toMatchObject({
    status: 403,
    body: { code: 'sign_in_required', reasons: [{ code: 'sign_in_by_company_required' }] },
  });
  expect((await members(byCompany)).status).toBe(200);
  const own = await t.call('POST', '/v1/access/check', { key: byPassword, body: { organization: org.id } });
  expect(own.body).toMatchObject({ allowed: false, signInAgain: { kc_idp_hint: `sso-${org.key}` } });
});
