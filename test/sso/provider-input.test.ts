// A connection made from an address: metadata or discovery is fetched from a real server, and what is wrong with it is
// said with its cure.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { makeKey } from '../support/saml-idp.ts';
import { type Json, type MadeOrganization, type Setup, setup } from '../support/server.ts';
import { startUpstream, type Upstream } from './oidc/upstream.ts';
import { type SamlCompany, startSamlCompany } from './support/saml-company.ts';

let t: Setup;
let org: MadeOrganization;
let company: SamlCompany;
let upstream: Upstream;
let server: Server;
let base: string;
/** What the server at `base` answers next. */
let serve: RequestListener;

beforeAll(async () => {
  t = await setup();
  org = await t.make.organization('acme');
  company = await startSamlCompany({ nameId: 'alice' });
  upstream = await startUpstream({ redirectUri: 'https://drawbridge.test/callback', claims: {} });
  server = createServer((request, response) => serve(request, response));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  serve = (_request, response) => void response.writeHead(404).end();
});
afterAll(async () => {
  server?.closeAllConnections();
  await new Promise((closed) => server?.close(closed));
  await upstream?.stop();
  await company?.stop();
  await t?.[Symbol.asyncDispose]();
});

const call = (method: string, path: string, body?: unknown) =>
  t.call(method, `/v1/organizations/${org.id}/connections${path}`, { key: org.ownerKey, body });

async function made(body: object): Promise<Json> {
  const answer = await call('POST', '', { displayName: 'Company', ...body });
  expect([answer.status, answer.body.detail]).toEqual([201, undefined]);
  return answer.body;
}

async function refusal(body: object): Promise<string> {
  const answer = await call('POST', '', { displayName: 'Company', ...body });
  expect([answer.status, answer.body.code]).toEqual([400, 'invalid_value']);
  return answer.body.detail;
}

const answering = (body: string, status = 200) => {
  serve = (_request, response) => void response.writeHead(status).end(body);
};

describe('SAML metadata by its address', () => {
  test('makes the connection, and is remembered', async () => {
    answering(company.metadataXml());
    const { settings, missing } = await made({ protocol: 'saml', metadataUrl: `${base}/metadata` });
    expect(settings).toMatchObject({ metadataUrl: `${base}/metadata`, idp: { idpEntityId: company.entityId } });
    expect(missing).toBeNull();
  });

  test('of a federation is taken from by the entity ID that is wished', async () => {
    const other = company.metadataXml().replaceAll(`entityID="${company.entityId}"`, 'entityID="https://other.test"');
    answering(
      `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${other}${company.metadataXml()}</md:EntitiesDescriptor>`,
    );
    const input = { protocol: 'saml', metadataUrl: base };
    expect(await refusal(input)).toMatch(
      /2 identity providers: "https:\/\/other\.test", "http.*metadata"\. Say which by its entity ID \(metadataEntityId\)/,
    );
    expect(await refusal({ ...input, metadataEntityId: 'https://nobody.test' })).toMatch(
      /no identity provider "https:\/\/nobody\.test", but "https:\/\/other\.test"/,
    );
    const { settings } = await made({ ...input, metadataEntityId: company.entityId });
    expect(settings.idp.idpEntityId).toBe(company.entityId);
  });

  test.each<[string, () => [body: string, status?: number], RegExp]>([
    [
      'a web page',
      () => ['<!DOCTYPE html><html><body>Sign in</body></html>'],
      /is a web page, not metadata\. Give the/,
    ],
    ['JSON', () => ['{"issuer":"x"}'], /is JSON, not SAML metadata\. A provider that speaks OpenID Connect/],
    ['nothing', () => ['', 404], /answered 404\. Is it the address of the metadata, and public\?/],
    ['plain text', () => ['hello'], /not acceptable XML/],
    [
      'metadata that has ended',
      () => [company.metadataXml().replace('entityID=', 'validUntil="2020-01-01T00:00:00Z" entityID=')],
      /valid until 2020-01-01T00:00:00\.000Z\. Take a new copy/,
    ],
    [
      'no certificate',
      () => [company.metadataXml().replace(/<md:KeyDescriptor.*<\/md:KeyDescriptor>/, '')],
      /names no signing certificate/,
    ],
    [
      'a sign-on address over http',
      () => [company.metadataXml().replace(company.ssoUrl, 'http://idp.test/sso')],
      /http:\/\/idp\.test\/sso is not https/,
    ],
    [
      'more certificates than are kept',
      () => [
        company
          .metadataXml()
          .replace(/<md:KeyDescriptor.*<\/md:KeyDescriptor>/, (one) =>
            Array.from({ length: 11 }, () => one.replace(company.key.base64, makeKey('ec').base64)).join(''),
          ),
      ],
      /cannot be taken: certificates: Too big/,
    ],
    ['more than is read', () => [' '.repeat(1024 * 1024 + 1)], /larger than 1 MiB/],
  ])('is refused when it answers %s', async (_what, answer, reason) => {
    answering(...answer());
    expect(await refusal({ protocol: 'saml', metadataUrl: `${base}/metadata` })).toMatch(reason);
  });

  test.each([
    ['http://idp.test/metadata', /not reached over https\. Give its https:\/\/ address/],
    ['https://169.254.169.254/latest', /private network.*SSO_ALLOWED_NETWORKS/],
    ['http://127.0.0.1:1/metadata', /cannot be reached: nothing listens there/],
  ])('is refused at %s', async (metadataUrl, reason) => {
    expect(await refusal({ protocol: 'saml', metadataUrl })).toMatch(reason);
  });

  test('is no place to choose from where there is none', async () => {
    expect(await refusal({ protocol: 'saml', metadataEntityId: 'https://idp.test' })).toMatch(
      /chooses within metadata/,
    );
  });

  test('is forgotten when the company’s side is given by hand', async () => {
    answering(company.metadataXml());
    const { id } = await made({ protocol: 'saml', metadataUrl: base });
    expect((await call('PATCH', `/${id}`, { metadataXml: company.metadataXml() })).body.settings).not.toHaveProperty(
      'metadataUrl',
    );
    const both = { metadataXml: company.metadataXml(), metadataUrl: base };
    expect((await call('PATCH', `/${id}`, both)).body.detail).toBe(
      'Give one of metadataUrl and metadataXml, not both.',
    );
    expect((await call('PATCH', `/${id}`, { metadataUrl: base })).body.settings.metadataUrl).toBe(base);
  });
});

test('an organization has a few addresses read at once, so that slow ones hold nobody else up', async () => {
  const held: (() => void)[] = [];
  serve = (_request, response) => void held.push(() => response.end(company.metadataXml()));
  const ask = () => call('POST', '', { protocol: 'saml', displayName: 'Slow', metadataUrl: base });
  const slow = [ask(), ask(), ask()];
  await eventually(async () => held.length === 3);
  expect((await ask()).status).toBe(429);
  for (const answer of held) answer();
  expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([201, 201, 201]);
  answering(company.metadataXml());
  expect((await ask()).status).toBe(201);
});

test('certificates given by hand are read, each once, and what is none is named', async () => {
  const idp = { idpEntityId: 'https://idp.test', ssoUrl: 'https://idp.test/sso' };
  const { base64, certificate } = company.key;
  // as people paste them: without line ends, with those of Windows, with a line end too many, indented
  const pasted = [
    base64,
    base64.replace(/(.{64})/g, '$1\r\n'),
    `-----BEGIN CERTIFICATE-----${base64}-----END CERTIFICATE-----`,
    certificate.replaceAll('\n', ' '),
    certificate.replaceAll('\n', '\r\n'),
    `\ufeff${certificate.replace(/^/gm, '    ')}\n\n`,
  ];
  const { settings } = await made({ protocol: 'saml', idp: { ...idp, certificates: pasted } });
  expect(settings.idp.certificates).toEqual([expect.stringMatching(/^-----BEGIN CERTIFICATE-----\n/)]);
  expect(await refusal({ protocol: 'saml', idp: { ...idp, certificates: [base64, 'AAAA'] } })).toMatch(
    /^Certificate 2 of idp\.certificates cannot be read\. Give it as PEM/,
  );
});

describe('an OpenID Connect issuer', () => {
  const oidc = { protocol: 'oidc', clientId: 'x', clientSecret: 'y' };

  test('is discovered, also from the address of its document', async () => {
    const { settings, endpoints } = await made({ ...oidc, issuer: upstream.issuer });
    const discoveryUrl = `${upstream.issuer}/.well-known/openid-configuration`;
    expect(settings).toMatchObject({ issuer: upstream.issuer, discoveryUrl });
    expect(endpoints).toMatchObject({
      authorization_endpoint: `${upstream.issuer}/auth`,
      token_endpoint: `${upstream.issuer}/token`,
      jwks_uri: `${upstream.issuer}/jwks`,
    });
    expect((await made({ ...oidc, issuer: discoveryUrl })).settings.issuer).toBe(upstream.issuer);
    expect((await made({ ...oidc, discoveryUrl })).settings.issuer).toBe(upstream.issuer);
  });

  test('may be unknown as long as it is a draft', async () => {
    const { id, missing } = await made({ protocol: 'oidc' });
    expect(missing).toMatch(/issuer and the client ID/);
    const { body } = await call('PATCH', `/${id}`, { issuer: upstream.issuer, clientId: 'x', clientSecret: 'y' });
    expect(body).toMatchObject({ missing: null, endpoints: { jwks_uri: `${upstream.issuer}/jwks` } });
  });

  const document = (changes: object) =>
    JSON.stringify({
      issuer: base,
      authorization_endpoint: `${base}/auth`,
      token_endpoint: `${base}/token`,
      jwks_uri: `${base}/jwks`,
      ...changes,
    });
  const serving = (discovery: string, keys: string) => {
    serve = (request, response) => void response.end(request.url === '/jwks' ? keys : discovery);
  };
  const KEYS = '{"keys":[{"kty":"RSA","n":"x","e":"AQAB"}]}';

  test.each<[string, () => void, RegExp]>([
    ['has no document', () => {}, /openid-configuration answered 404\. Give the issuer, as the provider writes it/],
    ['answers a page', () => answering('<html></html>'), /no discovery document \(no JSON object\)/],
    [
      'is another in its document',
      () => answering(document({ issuer: 'https://right.test' })),
      /names the issuer "https:\/\/right\.test", not "http:.*"\. Give the issuer exactly as/,
    ],
    ['names none', () => answering(document({ issuer: undefined })), /names no usable issuer/],
    ['has no token endpoint', () => answering(document({ token_endpoint: 'x' })), /no usable token_endpoint/],
    [
      'signs by shared secrets',
      () => answering(document({ id_token_signing_alg_values_supported: ['HS256', 'none'] })),
      /only by shared secrets/,
    ],
    ['has no keys', () => serving(document({}), '{"keys":[{"kty":"oct"}]}'), /holds no key that can sign/],
    ['has no key set', () => serving(document({}), 'nothing'), /answers no key set/],
    [
      'sends people over http',
      () => serving(document({ authorization_endpoint: 'http://idp.test/auth' }), KEYS),
      /http:\/\/idp\.test\/auth is not https/,
    ],
  ])('that %s is refused', async (_what, prepare, reason) => {
    prepare();
    expect(await refusal({ ...oidc, issuer: base })).toMatch(reason);
  });

  test('is discovered with or without a slash at its end', async () => {
    serving(document({ issuer: `${base}/` }), KEYS);
    expect((await made({ ...oidc, issuer: base })).settings.issuer).toBe(`${base}/`);
  });

  test('over http is refused, and so is one inside a private network', async () => {
    expect(await refusal({ ...oidc, issuer: 'http://idp.test' })).toMatch(/not reached over https/);
    expect(await refusal({ ...oidc, issuer: 'https://10.0.0.1' })).toMatch(/private network/);
  });

  test('may be described by hand; then nothing is asked, and nothing is read again', async () => {
    const discovery = { authorization_endpoint: 'https://i.test/a', token_endpoint: 'https://i.test/t' };
    const input = { ...oidc, issuer: 'https://i.test' };
    expect(await refusal({ ...input, discovery })).toMatch(/no usable jwks_uri/);
    const whole = { ...discovery, jwks_uri: 'https://i.test/j' };
    const { id, settings, endpoints } = await made({ ...input, discovery: whole });
    expect(settings).not.toHaveProperty('discoveryUrl');
    expect(endpoints).toEqual(whole);
    const read = await call('PATCH', `/${id}`, { issuer: upstream.issuer });
    expect(read.body.endpoints.jwks_uri).toBe(`${upstream.issuer}/jwks`);
  });
});

describe('a preset', () => {
  test('gives what a creation leaves out, and what a creation says stands', async () => {
    const keycloak = (await made({ protocol: 'saml', preset: 'keycloak' })).settings;
    expect([keycloak.nameIdFormat, keycloak.signedPart]).toEqual([
      'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
      'either',
    ]);
    const strict = (await made({ protocol: 'saml', preset: 'google', signedPart: 'response' })).settings;
    expect(strict.signedPart).toBe('response');
    expect((await made({ protocol: 'oidc', preset: 'okta' })).settings.scopes).toEqual(['email', 'profile', 'groups']);
    expect((await made({ protocol: 'oidc', preset: 'okta', scopes: [] })).settings.scopes).toEqual([]);
  });

  test('tells the company’s administrator what to do, in this connection’s own values', async () => {
    const { items } = (await t.call('GET', '/v1/connection-presets', { key: org.ownerKey })).body;
    expect(items).toHaveLength(12);
    for (const { preset, protocol, names } of items) {
      const { id, serviceProvider } = await made({ protocol, preset });
      const { body } = await call('GET', `/${id}/setup`);
      expect(body).toMatchObject({ preset, protocol, names, enter: serviceProvider });
      const text = body.steps.join(' ');
      expect(text).toContain(protocol === 'saml' ? serviceProvider.entityId : serviceProvider.redirectUri);
      expect(text).not.toMatch(/[{}]/);
    }
  });
});
