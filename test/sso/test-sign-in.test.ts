// Test sign-ins over HTTP: the whole way through a company's provider, everything shown, nothing changed.
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Page, ScriptedBrowser, textOf } from '../../src/dev/scripted-browser.ts';
import { type Json, type MadeOrganization, type Setup, setup } from '../support/server.ts';
import { CLIENT, startUpstream } from './oidc/upstream.ts';
import { type SamlCompany, startSamlCompany } from './support/saml-company.ts';

let t: Setup;
let admin: pg.Client;
let org: MadeOrganization;
let company: SamlCompany;
let connection: string;
let count = 0;

beforeAll(async () => {
  t = await setup({ signIn: true });
  company = await startSamlCompany({ nameId: 'nobody' });
  admin = new pg.Client({ connectionString: t.database.adminUrl });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await company.stop();
  await t[Symbol.asyncDispose]();
});

const call = (method: string, path: string, body?: object, key = org.ownerKey) =>
  t.call(method, `/v1/organizations/${org.key}${path}`, { key, ...(body && { body }) });

/** An organization of its own with a draft that makes members, and Ada at the browser. */
beforeEach(async () => {
  count += 1;
  org = await t.make.organization(`acme${count}`);
  company.employee = { nameId: 'ada', email: `ada@${org.key}.test`, externalId: 'x-ada', groups: ['Engineering'] };
  company.changes = () => ({});
  const body = { protocol: 'saml', displayName: 'Acme', metadataXml: company.metadataXml(), jit: 'on' };
  connection = (await call('POST', '/connections', body)).body.id;
});

/** Asks for a test, opens it and presses the button. */
async function runTest(browser = new ScriptedBrowser()): Promise<{ id: string; url: string; page: Page }> {
  const asked = await call('POST', `/connections/${connection}/test`);
  expect(asked.status).toBe(201);
  const page = await browser.submit(await browser.open(asked.body.url), {}, '/sso/test/');
  return { id: asked.body.id, url: asked.body.url, page };
}

const resultOf = async (id: string, key?: string): Promise<Json> =>
  (await call('GET', `/connections/${connection}/tests/${id}`, undefined, key)).body;

/** Every row of every table with its version, but those that a test may write. */
async function everything(): Promise<Record<string, string>> {
  const { rows } = await admin.query<{ name: string }>(
    `select relname as name from pg_stat_user_tables where schemaname = 'public' and relname !~ $1 order by 1`,
    ['^(sign_in_trace|connection_test|connection|sign_in_request|assertion_seen|audit_event)(_[0-9]+|_default)?$'],
  );
  const state: Record<string, string> = {};
  for (const { name } of rows) {
    const found = await admin.query(
      `select md5(coalesce(string_agg(x.xmin::text || to_jsonb(x)::text, ',' order by to_jsonb(x)::text), '')) as hash from ${name} x`,
    );
    state[name] = found.rows[0].hash;
  }
  return state;
}

describe('a test sign-in', () => {
  test('shows what a sign-in would make, makes none of it, and lets the connection be activated', async () => {
    const team = await t.make.team(org, 'Engineering');
    const rule = await call('POST', '/mapping-rules', {
      source: 'sso.groups',
      match: 'display_name',
      value: 'Engineering',
      target: { team: team.key },
    });
    const { body: asked } = await call('POST', `/connections/${connection}/test`);
    // when keys were last used is written later, in batches
    await t.credentials.flush();
    const before = await everything();
    const browser = new ScriptedBrowser();
    const shown = await browser.open(asked.url);
    expect(textOf(shown)).toContain('Nothing is changed');
    const page = await browser.submit(shown, {}, '/sso/test/');
    expect(textOf(page)).toContain('The test sign-in succeeded');
    expect(await everything()).toEqual(before);

    const found = await resultOf(asked.id);
    expect(found).toMatchObject({ outcome: 'passed', memberId: null, traceId: expect.any(String) });
    expect(found.result).toMatchObject({
      answerAccepted: true,
      refusal: null,
      step: 'created',
      difference: { made: true, status: [null, 'active'], role: [null, 'member'], teamsAdded: [team.key] },
      rules: [rule.body.id],
      received: { email: [`ada@${org.key}.test`], externalId: ['x-ada'], groups: ['Engineering'] },
      person: { address: `ada@${org.key}.test`, groupsState: 'list', groups: ['Engineering'] },
      warnings: [],
    });
    expect(found.result.checks.map((check: { name: string }) => check.name)).toEqual(
      expect.arrayContaining(['request', 'assertion signature', 'audience', 'step identity', 'just in time', 'groups']),
    );
    expect(textOf(page)).toContain(found.result.certificate);
    const { body: trace } = await call('GET', `/sign-ins?id=${found.traceId}`);
    expect(trace.items).toMatchObject([{ kind: 'test', outcome: 'completed', memberId: null }]);

    expect((await call('GET', `/connections/${connection}`)).body).toMatchObject({ status: 'tested', tested: true });
    const { key } = await t.make.key(org, ['connection.manage']);
    const activated = await call('POST', `/connections/${connection}/activate`, undefined, key);
    expect(activated.body).toMatchObject({ status: 'active', tested: true });
  });

  test('of a known member shows the step, and what would change', async () => {
    const member = await t.make.member(org, { name: 'ada' });
    const { id } = await runTest();
    expect(await resultOf(id)).toMatchObject({
      outcome: 'passed',
      memberId: member.id,
      result: { step: 'address', difference: { made: false, status: null, role: null, teamsAdded: [] } },
    });
    expect((await resultOf(id)).result.warnings).toEqual(['None of the 1 groups matches a mapping rule.']);
  });

  test('that is refused says cause and cure, and the connection stays a draft', async () => {
    company.changes = () => ({ issuer: 'https://another.idp.test' });
    const { id, page } = await runTest();
    expect(textOf(page)).toContain('The test sign-in was refused');
    const { outcome, result, traceId } = await resultOf(id);
    expect({ outcome, result }).toMatchObject({
      outcome: 'refused',
      result: { answerAccepted: false, refusal: { code: 'issuer' }, difference: null },
    });
    expect(result.refusal.cause).toContain('another.idp.test');
    expect(textOf(page)).toContain(result.refusal.cure);
    expect((await call('GET', `/sign-ins?id=${traceId}`)).body.items).toMatchObject([
      { kind: 'test', outcome: 'refused' },
    ]);
    expect((await call('GET', `/connections/${connection}`)).body).toMatchObject({ status: 'draft', tested: false });
    expect((await call('POST', `/connections/${connection}/activate`)).status).toBe(409);
  });

  test('of somebody who would not be let in tells the administrator what to do, with the member', async () => {
    const owner = await t.make.member(org, { name: 'ada', role: 'owner' });
    const { id, page } = await runTest();
    expect(textOf(page)).toContain('this person would not be let in');
    const found = await resultOf(id);
    expect(found).toMatchObject({ outcome: 'refused', memberId: owner.id });
    expect(found.result).toMatchObject({ answerAccepted: true, refusal: { code: 'approval_needed' } });
    expect(found.result.refusal.cure).toContain('/approvals');
    await call('POST', `/connections/${connection}/approvals`, { memberId: found.memberId });
    // the approval is for the real sign-in: a test does not use it up
    for (const _time of [1, 2]) expect(await resultOf((await runTest()).id)).toMatchObject({ outcome: 'passed' });
  });

  test('warns of groups that did not come and of an address outside the domains', async () => {
    company.employee = { nameId: 'ada', email: 'ada@elsewhere.test' };
    const { id } = await runTest();
    const { result } = await resultOf(id);
    expect(result.refusal).toMatchObject({ code: 'address_outside_domains' });
    expect(result.warnings).toEqual([
      expect.stringContaining('ada@elsewhere.test is outside the domains'),
      expect.stringMatching(/No groups came\. Looked for: .*memberOf.*Received: email\./),
    ]);
  });

  test('works whatever the state of the connection', async () => {
    await call('POST', `/connections/${connection}/activate`, { untested: true });
    expect(await resultOf((await runTest()).id)).toMatchObject({ outcome: 'passed' });
    expect((await call('GET', `/connections/${connection}`)).body).toMatchObject({ status: 'active', tested: true });
    await call('POST', `/connections/${connection}/disable`);
    expect(await resultOf((await runTest()).id)).toMatchObject({ outcome: 'passed' });
    expect((await call('GET', `/connections/${connection}`)).body).toMatchObject({ status: 'disabled', tested: true });
  });

  test('works beside an active connection that asserts the same domain, as if it had taken its place', async () => {
    const body = { protocol: 'saml', displayName: 'Next', metadataXml: company.metadataXml(), jit: 'on' };
    await call('POST', `/connections/${connection}/activate`, { untested: true });
    const present = connection;
    connection = (await call('POST', '/connections', body)).body.id;
    expect(await resultOf((await runTest()).id)).toMatchObject({ outcome: 'passed' });
    expect((await call('GET', `/connections/${present}`)).body).toMatchObject({ status: 'active' });
    expect((await call('GET', `/connections/${connection}`)).body).toMatchObject({ status: 'tested' });
  });

  test('goes the whole way by OpenID Connect, too', async () => {
    const body = { protocol: 'oidc', displayName: 'Acme', jit: 'on', clientId: CLIENT.id, clientSecret: CLIENT.secret };
    const made = (await call('POST', '/connections', body)).body;
    connection = made.id;
    const claims = { email: `gina@${org.key}.test`, groups: ['Engineering'] };
    const upstream = await startUpstream({ redirectUri: made.serviceProvider.redirectUri, claims });
    try {
      expect((await call('PATCH', `/connections/${connection}`, { issuer: upstream.issuer })).status).toBe(200);
      const found = await resultOf((await runTest()).id);
      expect(found).toMatchObject({ outcome: 'passed', result: { step: 'created', certificate: null } });
      expect(found.result.received).toMatchObject({ email: [claims.email], groups: ['Engineering'] });
      expect(found.result.checks.map((check: { name: string }) => check.name)).toContain('ID token');
      upstream.tamper = async (answer) => ({ ...answer, id_token: `${answer.id_token.slice(0, -4)}AAAA` });
      const { outcome, result } = await resultOf((await runTest()).id);
      expect({ outcome, result }).toMatchObject({ outcome: 'refused', result: { answerAccepted: false } });
      expect(result.refusal.cure).not.toBe('');
    } finally {
      await upstream.stop();
    }
  });

  test('keeps what was received for 72 hours, and what it found for good', async () => {
    const { id } = await runTest();
    const sweep = (hours: number) =>
      admin.query('select sweep_expired($1)', [new Date(t.clock.now().getTime() + hours * 3_600_000)]);
    await sweep(71);
    expect((await resultOf(id)).result).toMatchObject({ received: { externalId: ['x-ada'] } });
    await sweep(73);
    const { outcome, result } = await resultOf(id);
    expect({ outcome, result }).toMatchObject({ outcome: 'passed', result: { received: {}, person: null } });
    expect(result.checks.length).toBeGreaterThan(10);
  });

  test('before the company is known is refused by name, too', async () => {
    connection = (await call('POST', '/connections', { protocol: 'saml', displayName: 'Empty' })).body.id;
    const { id } = await runTest();
    expect(await resultOf(id)).toMatchObject({
      outcome: 'refused',
      result: { refusal: { code: 'connection_missing' } },
    });
  });

  test('shows values to whoever asked for it, and to nobody else', async () => {
    const { id } = await runTest();
    const { key } = await t.make.key(org, ['connection.manage']);
    const { result } = await resultOf(id, key);
    expect(result).toMatchObject({
      person: null,
      received: null,
      receivedNames: expect.arrayContaining(['externalId']),
    });
    const listed = await call('GET', `/connections/${connection}/tests`, undefined, key);
    expect(JSON.stringify(listed.body)).not.toContain('x-ada');
  });
});

describe('the link of a test', () => {
  const gone = (page: Page) => ({ status: page.status, text: textOf(page) });

  test('opens once, in ten minutes, and looking at it spends nothing', async () => {
    const { url } = await runTest();
    const used = await new ScriptedBrowser().open(url);
    const never = await new ScriptedBrowser().open(`${t.baseUrl}/sso/test/${'x'.repeat(43)}`);
    const late = (await call('POST', `/connections/${connection}/test`)).body.url;
    for (const _look of [1, 2, 3]) expect((await new ScriptedBrowser().open(late)).status).toBe(200);
    t.clock.advance(10 * 60);
    const over = await new ScriptedBrowser().open(late);
    t.clock.advance(-10 * 60);
    expect(gone(used).status).toBe(410);
    expect([gone(never), gone(over)]).toEqual([gone(used), gone(used)]);
  });

  test('is finished only in the browser that opened it', async () => {
    const asked = (await call('POST', `/connections/${connection}/test`)).body;
    const [opener, other] = [new ScriptedBrowser(), new ScriptedBrowser()];
    company.employee = { nameId: 'ada', email: `ada@${org.key}.test` };
    await opener.submit(await opener.open(asked.url), {}, '/sso/test/');
    const finish = opener.takeHops().find(({ url }) => url.includes('/finish'))!;
    expect((await other.open(finish.url)).status).toBe(403);
  });

  test('is refused to a form of another site', async () => {
    const { url } = (await call('POST', `/connections/${connection}/test`)).body;
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'cross-site' },
      redirect: 'manual',
    });
    expect(answer.status).toBe(410);
    expect((await new ScriptedBrowser().open(url)).status).toBe(200);
  });
});
