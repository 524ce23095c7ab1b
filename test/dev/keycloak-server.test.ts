import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureKeycloak, startKeycloak } from '../../src/dev/keycloak-server.ts';
import { findFreePort } from '../../src/dev/ports.ts';
import { type OwnKeycloak, startOwnKeycloak } from '../support/keycloak.ts';

const START_MS = 300_000;
let folder: string;
let keycloak: OwnKeycloak;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drawbridge-keycloak-'));
  keycloak = await startOwnKeycloak();
}, START_MS);
afterAll(async () => {
  await keycloak?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function takeToken(): Promise<string> {
  const response = await fetch(`${keycloak.url}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'admin-cli',
      username: keycloak.adminUser,
      password: keycloak.adminPassword,
    }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

test('Keycloak goes on with the same realms after kill -9 and a new start', { timeout: START_MS }, async () => {
  const made = await fetch(`${keycloak.url}/admin/realms`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await takeToken()}`, 'content-type': 'application/json' },
    body: JSON.stringify({ realm: 'kept', enabled: true }),
  });
  expect(made.status).toBe(201);
  await keycloak.kill();
  await expect(fetch(`${keycloak.url}/realms/kept`)).rejects.toThrow();
  await keycloak.start();
  expect((await fetch(`${keycloak.url}/realms/kept`)).status).toBe(200);
});

test('a port that is taken is one clear line', async () => {
  const port = await findFreePort();
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', resolve));
  const start = startElsewhere({ port, databaseUrl: keycloak.databaseUrl });
  await expect(start).rejects.toMatchObject({ kind: 'port_taken', message: expect.stringContaining(`Port ${port}`) });
  holder.close();
});

test('a Keycloak that ends early is explained by the last lines of its log', { timeout: START_MS }, async () => {
  const start = startElsewhere({ port: await findFreePort(), databaseUrl: 'postgres://nobody:x@127.0.0.1:1/none' });
  await expect(start).rejects.toMatchObject({ kind: 'start_failed', message: expect.stringMatching(/refused|ERROR/) });
});

async function startElsewhere(input: { port: number; databaseUrl: string }) {
  const { home } = await ensureKeycloak({ log: () => {} });
  return startKeycloak({
    home,
    ...input,
    managementPort: await findFreePort(),
    adminUser: 'admin',
    adminPassword: 'admin',
    logFile: join(folder, `${input.port}.log`),
  });
}
