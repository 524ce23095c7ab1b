// docker-compose.yml and Dockerfile: correct by the Compose specification, and naming only what exists here. The schema
// is the one of github.com/compose-spec (Apache-2.0) that the development package dclint ships.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { KEYCLOAK_VERSION } from '../../src/dev/keycloak-download.ts';
import { CLONE, type ComposeFile, readComposeFile, readComposeText, requiredVariables } from './compose-file.ts';

const run = promisify(execFile);
const OURS = ['migrate', 'bootstrap', 'web', 'worker'];

function setup() {
  const secrets = Object.fromEntries(requiredVariables().map((name) => [name, 'a'.repeat(48)]));
  const compose = readComposeFile(secrets);
  return { compose, services: compose.services, dockerfile: readDockerfile() };
}

type Stage = { readonly name: string; readonly from: string; readonly lines: readonly string[] };

/** The stages of the Dockerfile; a line that ends with a backslash goes on in the next. */
function readDockerfile(): Stage[] {
  const text = readFileSync(join(CLONE, 'Dockerfile'), 'utf8').replaceAll(/\\\n\s*/g, '');
  return text
    .split(/^(?=FROM )/m)
    .slice(1)
    .map((stage) => {
      const [first = '', ...rest] = stage.split('\n');
      const [, from = '', name = ''] = /^FROM (\S+) AS (\S+)$/.exec(first) ?? [];
      return { name, from, lines: rest.filter((line) => line !== '' && !line.startsWith('#')) };
    });
}

function imageEnvironment(stage: Stage | undefined): Record<string, string> {
  const pairs =
    stage?.lines.filter((line) => line.startsWith('ENV ')).flatMap((line) => line.slice(4).split(' ')) ?? [];
  return Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string]));
}

/** What `docker compose` checks first. */
function validateBySpecification(document: unknown): string[] {
  const folder = dirname(fileURLToPath(import.meta.resolve('dclint/package.json')));
  const schema = JSON.parse(readFileSync(join(folder, 'schemas', 'compose.schema.json'), 'utf8'));
  delete schema.$schema;
  const ajv = new Ajv({
    strict: false,
    allErrors: true,
    formats: { duration: true, uri: true, subnet_ip_address: true },
  });
  const isValid = ajv.compile(schema);
  return isValid(document) ? [] : (isValid.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}

describe('docker-compose.yml', () => {
  test('is correct by the JSON schema of the Compose specification', () => {
    expect(validateBySpecification(setup().compose)).toEqual([]);
  });

  test('would be refused by that schema with a key that Compose does not know', () => {
    const { compose } = setup();
    const planted = { ...compose, services: { ...compose.services, web: { ...compose.services.web, comand: [] } } };
    expect(validateBySpecification(planted)).not.toEqual([]);
  });

  test('runs the parts of the design: Postgres 18, Keycloak with the theme, a mailbox, Drawbridge', () => {
    const { services } = setup();
    expect(Object.keys(services).sort()).toEqual(['keycloak', 'mailpit', 'postgres', ...OURS].sort());
    expect(services.postgres?.image).toBe('postgres:18');
    expect(services.keycloak?.image).toMatch(new RegExp(`:${KEYCLOAK_VERSION}$`));
    for (const service of Object.values(services)) expect(service.image).toMatch(/:(?!latest)\S+$/);
  });

  test('has no secret in it: each comes from a variable that must be set', () => {
    expect(requiredVariables()).toHaveLength(11);
    expect(() => readComposeFile({})).toThrow('has no value');
    const text = readComposeText();
    expect(text.match(/(PASSWORD|SECRET|SECRET_KEY): (?!\$\{)/g)).toBeNull();
    expect(text.match(/:\/\/\w+:(?!\$\{)[^/@\s]+@/g)).toBeNull();
  });

  test('listens on the loopback address only', () => {
    for (const service of Object.values(setup().services))
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
  });

  test('gives Drawbridge a configuration that it takes, without names that it does not know', () => {
    const { services, dockerfile } = setup();
    const inImage = imageEnvironment(dockerfile.find((stage) => stage.name === 'drawbridge'));
    const source = readFileSync(join(CLONE, 'src', 'config.ts'), 'utf8');
    for (const name of OURS) {
      const environment = { ...inImage, ...services[name]?.environment };
      for (const variable of Object.keys(environment)) expect(source).toMatch(new RegExp(`^  ${variable}: `, 'm'));
      expect(parseConfig(environment)).toMatchObject({
        host: '0.0.0.0',
        port: 3000,
        keycloak: { realm: 'drawbridge' },
      });
    }
  });

  test('gives the administrator of Keycloak to the bootstrap step alone', () => {
    const { services } = setup();
    const holders = OURS.filter((name) => services[name]?.environment?.KEYCLOAK_ADMIN_PASSWORD !== undefined);
    expect(holders).toEqual(['bootstrap']);
  });

  test('runs commands that the command line has', async () => {
    const { services, dockerfile } = setup();
    const entry = dockerfile
      .find((stage) => stage.name === 'drawbridge')
      ?.lines.find((line) => /^ENTRYPOINT/.test(line));
    const [program, script] = JSON.parse(entry?.slice('ENTRYPOINT '.length) ?? '[]') as string[];
    expect(program).toBe('node');
    const { stdout, stderr } = await run(process.execPath, [join(CLONE, script as string), 'help']);
    for (const name of OURS) {
      const [command] = services[name]?.command ?? [];
      expect(`${stdout}${stderr}`).toMatch(new RegExp(`^ +${command}\\s`, 'm'));
    }
  });

  test('is reached under one name by browser and containers', () => {
    const { services } = setup();
    const base = new URL(services.web?.environment?.BASE_URL ?? '');
    const keycloak = new URL(services.web?.environment?.KEYCLOAK_URL ?? '');
    expect(services.web?.networks?.default?.aliases).toContain(base.hostname);
    expect(services.web?.ports).toContain(`127.0.0.1:${base.port}:${base.port}`);
    expect(services.keycloak?.networks?.default?.aliases).toContain(keycloak.hostname);
    expect(services.keycloak?.ports).toContain(`127.0.0.1:${keycloak.port}:${keycloak.port}`);
    expect(services.keycloak?.environment?.KC_HOSTNAME).toBe(keycloak.origin);
  });

  test('waits for services that exist, each by a condition that it can meet', () => {
    const { services } = setup();
    for (const service of Object.values(services)) {
      for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(Object.keys(services)).toContain(name);
        if (condition === 'service_healthy') expect(services[name]?.healthcheck?.test).toBeDefined();
        if (condition === 'service_completed_successfully') expect(['migrate', 'bootstrap']).toContain(name);
      }
    }
  });

  test('tells a ready Keycloak from one that is starting', async () => {
    let status = 503;
    const server = createServer((_request, response) => response.writeHead(status).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const check = healthCommand(setup().compose, (server.address() as AddressInfo).port);
      await expect(run('bash', ['-c', check])).rejects.toMatchObject({ code: 1 });
      status = 200;
      await expect(run('bash', ['-c', check])).resolves.toBeDefined();
    } finally {
      server.close();
    }
  });
});

function healthCommand(compose: ComposeFile, port: number): string {
  const [kind, shell, flag, command = ''] = compose.services.keycloak?.healthcheck?.test ?? [];
  expect([kind, shell, flag]).toEqual(['CMD', 'bash', '-c']);
  return command.replace('/9000', `/${port}`);
}

describe('Dockerfile', () => {
  test('copies what exists and what .dockerignore lets through', () => {
    const letThrough = readFileSync(join(CLONE, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = setup().dockerfile.flatMap(({ lines }) =>
      lines.filter((line) => /^COPY (?!--from)/.test(line)).flatMap((line) => line.split(' ').slice(1, -1)),
    );
    expect(copied.length).toBeGreaterThan(5);
    for (const path of copied) {
      expect(existsSync(join(CLONE, path)), path).toBe(true);
      expect(letThrough).toContain(path);
    }
  });

  test('has the stages that Compose builds, on pinned bases, and ends with Drawbridge as an ordinary user', () => {
    const { dockerfile, services } = setup();
    const names = dockerfile.map((stage) => stage.name);
    for (const service of Object.values(services)) if (service.build) expect(names).toContain(service.build.target);
    expect(dockerfile.map((stage) => stage.from)).toEqual([
      `quay.io/keycloak/keycloak:${KEYCLOAK_VERSION}`,
      'node:24-slim',
      'node:24-slim',
    ]);
    expect(names.at(-1)).toBe('drawbridge');
    expect(dockerfile.at(-1)?.lines).toContain('USER node');
  });
});
