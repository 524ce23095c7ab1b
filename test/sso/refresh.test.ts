// What a company publishes is read again: keys change without an outage, and nothing that would send people elsewhere
// is taken without somebody's word.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startJobs } from '../../src/jobs/runner.ts';
import { connectionTasks } from '../../sso/connections/refresh-tasks.ts';
import { fetchAllowedBy } from '../../sso/outbound/guarded-fetch.ts';
import { eventually } from '../support/eventually.ts';
import { type IdpKey, makeKey } from '../support/saml-idp.ts';
import { type Json, type MadeOrganization, type Setup, setup, TEST_SECRET_KEY } from '../support/server.ts';

const DAY = 86_400;
const OLD = makeKey('rsa', 'old');
const NEW = makeKey('rsa', 'new');

let t: Setup;
let admin: pg.Client;
let org: MadeOrganization;
let server: Server;
let base: string;
let serve: RequestListener;
let asked: string[] = [];

beforeAll(async () => {
  t = await setup({ clockStands: true });
  admin = new pg.Client({ connectionString: t.database.adminUrl });
  await admin.connect();
  org = await t.make.organization('acme');
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    serve(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  asked = [];
});
afterAll(async () => {
  server?.closeAllConnections();
  await new Promise((closed) => server?.close(closed));
  await admin?.end();
  await t?.[Symbol.asyncDispose]();
});

const call = (method: string, path: string, body?: unknown, key = org.ownerKey) =>
  t.call(method, `/v1/organizations/${org.id}/connections${path}`, { key, body });
const sql = async (text: string, values: unknown[] = []): Promise<Json[]> => (await admin.query(text, values)).rows;
const show = async (id: string): Promise<Json> => (await call('GET', `/${id}`)).body;
const publish = (document: string, status = 200) => {
  serve = (_request, response) => void response.writeHead(status).end(document);
};

type Published = { keys?: IdpKey[]; entityId?: string; sso?: string; attributes?: string };

function metadata({ keys = [OLD], entityId = 'https://idp.test', sso, attributes = '' }: Published = {}): string {
  const certificates = keys.map(
    ({ base64 }) =>
      `<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`,
  );
  return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="${entityId}"${attributes}><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">${certificates.join('')}<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${sso ?? 'https://idp.test/sso'}"/></md:IDPSSODescriptor></md:EntityDescriptor>`;
}

async function samlConnection(published: Published = {}): Promise<string> {
  publish(metadata(published));
  const body = { protocol: 'saml', displayName: 'Company', metadataUrl: `${base}/metadata`, domains: [] };
  const answer = await call('POST', '', body);
  expect([answer.status, answer.body.detail]).toEqual([201, undefined]);
  return answer.body.id;
}

/** The timed work, as the queue runs it. */
async function refreshDue(): Promise<void> {
  const config = {
    baseUrl: t.baseUrl,
    appUrl: t.baseUrl,
    secretKey: TEST_SECRET_KEY,
    keycloak: undefined,
    environment: 'test' as const,
    ssoAllowedNetworks: [],
  };
  const tasks = connectionTasks({ db: t.db, clock: t.clock, config, outbound: fetchAllowedBy(config) });
  const log = pino({ level: 'silent' });
  const jobs = await startJobs({ ownerUrl: t.database.url, log, tasks, crontab: '' });
  try {
    await sql(`select graphile_worker.add_job('refresh_connections', '{}')`);
    await eventually(async () => (await sql('select from graphile_worker.jobs')).length === 0);
  } finally {
    await jobs.stop();
  }
}

async function aDayLater(days = 1): Promise<void> {
  t.clock.advance(days * DAY + 1);
  await refreshDue();
}

const events = async (id: string) =>
  (
    await sql('select action, data from audit_event where org_id = $1 and subject_id = $2 order by id', [org.id, id])
  ).map(({ action, data }) => ({ action, data }));
const actions = async (id: string) => (await events(id)).map(({ action }) => action);
const subjects = (view: Json) => view.certificates.map(({ subject }: { subject: string }) => subject);

describe('SAML metadata', () => {
  test('is read daily: a new certificate is taken in, and the old one goes a week after it vanished', async () => {
    const id = await samlConnection();
    await refreshDue();
    expect(asked).toHaveLength(1);
    publish(metadata({ keys: [OLD, NEW] }));
    await aDayLater();
    expect(subjects(await show(id))).toEqual(['CN=old', 'CN=new']);
    publish(metadata({ keys: [NEW] }));
    await aDayLater();
    const { certificates } = await show(id);
    expect(certificates).toMatchObject([
      { subject: 'CN=new', absentSince: null },
      { subject: 'CN=old', absentSince: t.clock.now().toISOString() },
    ]);
    await aDayLater(6);
    expect(subjects(await show(id))).toEqual(['CN=new', 'CN=old']);
    await aDayLater();
    expect(subjects(await show(id))).toEqual(['CN=new']);
    expect(await events(id)).toMatchObject([
      { action: 'connection.created' },
      { action: 'connection.refreshed', data: { certificatesAdded: [certificates[0].fingerprint] } },
      { action: 'connection.refreshed', data: { certificatesAdded: [], certificatesRemoved: [] } },
      { action: 'connection.refreshed', data: { certificatesRemoved: [certificates[1].fingerprint] } },
    ]);
  });

  test('that comes back in time keeps its certificate', async () => {
    const id = await samlConnection({ keys: [OLD, NEW] });
    publish(metadata({ keys: [OLD] }));
    await aDayLater();
    publish(metadata({ keys: [OLD, NEW] }));
    await aDayLater();
    expect((await show(id)).certificates).toMatchObject([{ absentSince: null }, { absentSince: null }]);
  });

  test('may move within its host by itself', async () => {
    const id = await samlConnection();
    publish(metadata({ sso: 'https://idp.test/new/sso' }));
    await aDayLater();
    expect((await show(id)).settings.idp.ssoUrl).toBe('https://idp.test/new/sso');
  });

  test.each([
    [
      'entity ID',
      { entityId: 'https://new.test' },
      { field: 'entityId', from: 'https://idp.test', to: 'https://new.test' },
    ],
    ['sign-on host', { sso: 'https://evil.test/sso' }, { field: 'signOnHost', from: 'idp.test', to: 'evil.test' }],
  ])('with another %s waits for somebody’s word, with all that comes with it', async (_what, published, change) => {
    const id = await samlConnection();
    const before = (await show(id)).settings;
    publish(metadata({ ...published, keys: [NEW] }));
    await aDayLater();
    await aDayLater();
    const waiting = await show(id);
    expect(waiting.settings).toEqual(before);
    expect(waiting.refresh.pendingChange).toMatchObject({ changes: [change] });
    // asked once, not every day
    expect((await actions(id)).filter((action) => action === 'connection.change_pending')).toHaveLength(1);

    const accepted = await call('POST', `/${id}/pending-change/accept`);
    expect(accepted.body).toMatchObject({ refresh: { pendingChange: null }, tested: false });
    expect(subjects(accepted.body)).toEqual(['CN=new', 'CN=old']);
    expect(accepted.body.settings.idp).toMatchObject(
      'sso' in published ? { ssoUrl: published.sso } : { idpEntityId: published.entityId },
    );
    expect((await call('POST', `/${id}/pending-change/accept`)).status).toBe(409);
    expect(await actions(id)).toContain('connection.change_accepted');
  });

  test('whose change was rejected is not asked about again, another change is', async () => {
    const id = await samlConnection();
    publish(metadata({ sso: 'https://evil.test/sso' }));
    await aDayLater();
    const { body } = await call('POST', `/${id}/pending-change/reject`);
    expect(body.refresh.pendingChange).toBeNull();
    await aDayLater();
    expect((await show(id)).refresh.pendingChange).toBeNull();
    publish(metadata({ sso: 'https://other.test/sso' }));
    await aDayLater();
    expect((await show(id)).refresh.pendingChange.changes).toMatchObject([{ to: 'other.test' }]);
    publish(metadata());
    await aDayLater();
    expect((await show(id)).refresh.pendingChange).toBeNull();
    expect((await actions(id)).filter((action) => /pending|rejected/.test(action))).toEqual([
      'connection.change_pending',
      'connection.change_rejected',
      'connection.change_pending',
    ]);
  });

  test('under a new entity ID knows the same people, once that is accepted', async () => {
    const id = await samlConnection();
    const { id: memberId } = await t.make.member(org);
    const insert = `insert into identity (org_id, connection_id, issuer, subject, member_id, linked_by)
      values ($1, $2, 'https://idp.test', 'alice', $3, 'test')`;
    await sql(insert, [org.id, id, memberId]);
    publish(metadata({ entityId: 'https://new.test' }));
    await aDayLater();
    await call('POST', `/${id}/pending-change/accept`);
    const issuers = await sql('select issuer from identity where connection_id = $1', [id]);
    expect(issuers).toEqual([{ issuer: 'https://new.test' }]);
  });

  test('is decided on by full control where administrators sign in by it', async () => {
    const id = await samlConnection();
    const owner = await t.make.member(org, { role: 'owner' });
    const insert = `insert into identity (org_id, connection_id, issuer, subject, member_id, linked_by)
      values ($1, $2, 'https://idp.test', 'owner', $3, 'test')`;
    await sql(insert, [org.id, id, owner.id]);
    publish(metadata({ entityId: 'https://evil.test' }));
    await aDayLater();
    const { key } = await t.make.key(org, ['connection.manage']);
    const answer = await call('POST', `/${id}/pending-change/accept`, undefined, key);
    expect([answer.status, answer.body.code]).toEqual([403, 'role_ceiling']);
  });

  test.each<[string, () => void, RegExp]>([
    ['does not answer', () => publish('', 503), /answered 503/],
    ['is a web page', () => publish('<html></html>'), /is a web page/],
    ['has ended', () => publish(metadata({ attributes: ' validUntil="2020-01-01T00:00:00Z"' })), /valid until 2020/],
    ['is larger than is read', () => publish(' '.repeat(2 ** 20 + 1)), /larger than 1 MiB/],
  ])('that %s changes nothing, is said once, and is tried again within the hour', async (_what, fail, reason) => {
    const id = await samlConnection();
    const before = (await show(id)).settings;
    fail();
    await aDayLater();
    t.clock.advance(3601);
    await refreshDue();
    const failing = await show(id);
    expect(failing.settings).toEqual(before);
    expect(failing.refresh).toMatchObject({
      lastError: expect.stringMatching(reason),
      failedAt: t.clock.now().toISOString(),
      dueAt: new Date(t.clock.now().getTime() + 3_600_000).toISOString(),
    });
    publish(metadata());
    t.clock.advance(3601);
    await refreshDue();
    expect((await show(id)).refresh).toMatchObject({ lastError: null, failedAt: null });
    expect((await actions(id)).filter((action) => action === 'connection.refresh_failed')).toHaveLength(1);
  });

  test.each([
    ['daily', '', 24],
    ['when its cache time is over', ' cacheDuration="PT6H"', 6],
    ['hourly at most', ' cacheDuration="PT1M"', 1],
    ['an hour before it ends', ' validUntil="{in 10 hours}"', 9],
  ])('is read again %s', async (_what, attributes, hours) => {
    const ends = new Date(t.clock.now().getTime() + DAY * 1000 + 1000 + 36_000_000).toISOString();
    const id = await samlConnection();
    publish(metadata({ attributes: attributes.replace('{in 10 hours}', ends) }));
    await aDayLater();
    const { dueAt } = (await show(id)).refresh;
    expect((Date.parse(dueAt) - t.clock.now().getTime()) / 3_600_000).toBe(hours);
  });

  test('is read at once when somebody asks, once a minute, and not where it was given by hand', async () => {
    const id = await samlConnection();
    publish(metadata({ keys: [OLD, NEW] }));
    expect(subjects((await call('POST', `/${id}/refresh`)).body)).toEqual(['CN=old', 'CN=new']);
    expect((await call('POST', `/${id}/refresh`)).status).toBe(429);
    t.clock.advance(61);
    expect((await call('POST', `/${id}/refresh`)).status).toBe(200);
    await call('PATCH', `/${id}`, { metadataXml: metadata() });
    expect((await show(id)).refresh).toBeNull();
    expect((await call('POST', `/${id}/refresh`)).body.detail).toMatch(/by hand/);
  });

  test('of a disabled connection is not read', async () => {
    const id = await samlConnection();
    await call('POST', `/${id}/disable`);
    asked = [];
    await aDayLater();
    expect((await show(id)).refresh.refreshedAt).not.toBe(t.clock.now().toISOString());
  });
});

describe('discovery', () => {
  const document = (changes: object = {}) => ({
    issuer: base,
    authorization_endpoint: `${base}/auth`,
    token_endpoint: `${base}/token`,
    jwks_uri: `${base}/jwks`,
    ...changes,
  });
  const discoverable = (changes: object = {}) => {
    serve = (request, response) =>
      void response.end(
        JSON.stringify(request.url === '/jwks' ? { keys: [{ kty: 'RSA', n: 'x', e: 'AQAB' }] } : document(changes)),
      );
  };
  async function oidcConnection(): Promise<string> {
    discoverable();
    const body = {
      protocol: 'oidc',
      displayName: 'Company',
      issuer: base,
      clientId: 'x',
      clientSecret: 'y',
      domains: [],
    };
    const answer = await call('POST', '', body);
    expect([answer.status, answer.body.detail]).toEqual([201, undefined]);
    return answer.body.id;
  }

  test('follows paths by itself', async () => {
    const id = await oidcConnection();
    discoverable({ token_endpoint: `${base}/new/token`, userinfo_endpoint: `${base}/userinfo` });
    await aDayLater();
    expect((await show(id)).endpoints).toMatchObject({
      token_endpoint: `${base}/new/token`,
      userinfo_endpoint: `${base}/userinfo`,
    });
  });

  test.each([
    ['another issuer', { issuer: 'https://evil.test' }, 'issuer'],
    ['another token host', { token_endpoint: 'https://evil.test/token' }, 'token_endpoint'],
    ['an endpoint more, elsewhere', { userinfo_endpoint: 'https://evil.test/userinfo' }, 'userinfo_endpoint'],
  ])('with %s waits for somebody’s word', async (_what, changes, field) => {
    const id = await oidcConnection();
    const before = await show(id);
    discoverable(changes);
    await aDayLater();
    const waiting = await show(id);
    expect([waiting.settings, waiting.endpoints]).toEqual([before.settings, before.endpoints]);
    expect(waiting.refresh.pendingChange.changes).toMatchObject([{ field, to: expect.stringContaining('evil.test') }]);
    const { body } = await call('POST', `/${id}/pending-change/accept`);
    expect({ ...body.settings, ...body.endpoints }).toMatchObject(changes);
  });

  test('whose keys are gone is a failure', async () => {
    const id = await oidcConnection();
    serve = (request, response) =>
      void response.end(JSON.stringify(request.url === '/jwks' ? { keys: [] } : document()));
    await aDayLater();
    expect((await show(id)).refresh.lastError).toMatch(/holds no key that can sign/);
  });
});

test('what is due is read page by page, each once', async () => {
  const id = await samlConnection();
  await sql(
    `insert into connection (org_id, protocol, display_name, settings)
      select org_id, protocol, 'copy', settings from connection, generate_series(1, 249) where id = $1`,
    [id],
  );
  await sql(
    `insert into connection_refresh (org_id, connection_id, due_at)
      select org_id, id, $1 from connection where display_name = 'copy'`,
    [t.clock.now()],
  );
  await sql('update connection_refresh set due_at = $1 where connection_id = $2', [t.clock.now(), id]);
  asked = [];
  await refreshDue();
  expect(asked.length).toBeGreaterThanOrEqual(250);
  const before = asked.length;
  await refreshDue();
  expect(asked).toHaveLength(before);
});
