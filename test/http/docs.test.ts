// The OpenAPI document says what the API does, and the page that shows it loads nothing from elsewhere.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fillPath, makeThings } from '../support/example-requests.ts';
import { type Json, type MadeOrganization, type Setup, setup } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;
let document: Json;

beforeAll(async () => {
  t = await setup();
  acme = await t.make.organization('acme');
  document = (await t.call('GET', '/openapi.json')).body;
});
afterAll(() => t[Symbol.asyncDispose]());

test('every endpoint is in the document, with its permission, its answers and the problem', () => {
  expect(document.openapi).toBe('3.1.0');
  const ids = new Set<string>();
  for (const { method, path, responses, access } of t.api.endpoints) {
    const operation = document.paths[path]?.[method];
    expect(operation, `${method} ${path}`).toBeDefined();
    ids.add(operation.operationId);
    for (const status of Object.keys(responses)) expect(operation.responses).toHaveProperty(status);
    expect(operation.responses.default.content).toHaveProperty('application/problem+json');
    if (typeof access === 'object') expect(operation.description).toContain(access.permission);
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    const declared = (operation.parameters ?? []).filter((parameter: Json) => parameter.in === 'path');
    expect(declared.map((parameter: Json) => parameter.name).sort()).toEqual(inPath.sort());
  }
  expect(ids.size).toBe(t.api.endpoints.length);
});

test('every reference in the document leads somewhere', () => {
  const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1]);
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) expect(document.components.schemas).toHaveProperty(name as string);
});

test('answers keep to the schemas that the document shows', async () => {
  const { ids } = await makeThings(t, acme);
  const key = acme.ownerKey;
  let seen = 0;
  for (const { method, path, responses, access } of t.api.endpoints) {
    if (method !== 'get') continue;
    const address = fillPath(path, { ...ids, org: 'acme' });
    const answer = await t.call('GET', address, { key: access === 'operator' ? t.operatorKey : key });
    expect([path, answer.status]).toEqual([path, 200]);
    const checked = responses[200]?.schema?.safeParse(answer.body);
    expect([path, checked?.error?.issues ?? []]).toEqual([path, []]);
    // nothing beyond what is described goes out
    expect([path, answer.body]).toEqual([path, checked?.data]);
    seen += 1;
  }
  expect(seen).toBeGreaterThan(9);
});

test('what a problem says beyond its fields, and a body left out, keep to the document as well', async () => {
  const { Problem } = document.components.schemas;
  const sent = { key: acme.ownerKey, body: { displayName: 'Twice', key: 'twice' } };
  await t.call('POST', '/v1/organizations/acme/teams', sent);
  const { status, body } = await t.call('POST', '/v1/organizations/acme/teams', sent);
  expect([status, body.rule]).toEqual([409, 'team_key_taken']);
  expect(Object.keys(Problem.properties)).not.toContain('rule');
  expect(Problem.additionalProperties ?? true).not.toBe(false);
  for (const field of Problem.required) expect(body).toHaveProperty(field);

  const bodyOf = (path: string) => document.paths[`/v1/organizations/{org}${path}`].post.requestBody;
  expect(bodyOf('/invitations/{invitation}/resend').required ?? false).toBe(false);
  expect(bodyOf('/members/{member}/override-block').required).toBe(true);
});

test('/docs and what it loads come from here alone, under a policy that allows nothing else', async () => {
  const page = await t.call('GET', '/docs');
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);
  expect(files.length).toBeGreaterThan(2);
  for (const file of files) {
    expect(file).toMatch(/^\/(?!\/)/);
    const { status, body } = await t.call('GET', file);
    expect([file, status]).toEqual([file, 200]);
    expect(JSON.stringify(body)).not.toMatch(/https?:\/\/(?!127\.0\.0\.1)/);
  }
  expect(page.body).not.toMatch(/<style|style=|<script>|\son[a-z]+=/);
});
