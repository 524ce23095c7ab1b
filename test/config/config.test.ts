// One schema, every fault at once, secrets from files, and nothing of development in production.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ConfigError, parseConfig } from '../../src/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'drawbridge-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const GOOD = {
  BASE_URL: 'http://127.0.0.1:3000/',
  DATABASE_URL: 'postgres://owner:o@127.0.0.1/db',
  DATABASE_APP_URL: 'postgres://app:a@127.0.0.1/db',
  DATABASE_WORKER_URL: 'postgres://worker:w@127.0.0.1/db',
  APP_URL: 'http://127.0.0.1:4000',
  SECRET_KEY: 'development-0123456789',
};

function faultsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

test('a good configuration is parsed once and frozen', () => {
  const config = parseConfig(GOOD);
  expect(config).toMatchObject({ baseUrl: 'http://127.0.0.1:3000', port: 3000, keycloak: undefined });
  expect(Object.isFrozen(config)).toBe(true);
});

test('every fault is told at once, each with its variable', () => {
  const faults = faultsOf({
    ...GOOD,
    BASE_URL: 'nonsense',
    PORT: '99999',
    SECRET_KEY: 'short',
    DATABASE_APP_URL: undefined,
  });
  expect(faults.map((fault) => fault.split(':')[0]).sort()).toEqual([
    'BASE_URL',
    'DATABASE_APP_URL',
    'PORT',
    'SECRET_KEY',
  ]);
  expect(faults).toContain('DATABASE_APP_URL: is missing');
});

test('no fault repeats a secret', () => {
  expect(faultsOf({ ...GOOD, SECRET_KEY: 'hunter2' }).join()).not.toContain('hunter2');
});

test('a secret may come from a file, its line break cut', () => {
  const path = join(folder, 'secret');
  writeFileSync(path, 'from-a-file-0123456789\n');
  expect(parseConfig({ ...GOOD, SECRET_KEY: undefined, SECRET_KEY_FILE: path }).secretKey).toBe(
    'from-a-file-0123456789',
  );
});

test('both forms of one secret, or a file that is not there, are faults', () => {
  expect(faultsOf({ ...GOOD, SECRET_KEY_FILE: '/none' })).toEqual(['SECRET_KEY: give it or SECRET_KEY_FILE, not both']);
  const faults = faultsOf({ ...GOOD, SECRET_KEY: undefined, SECRET_KEY_FILE: join(folder, 'none') });
  expect(faults).toContain('SECRET_KEY_FILE: cannot be read (ENOENT)');
});

test('Keycloak’s address demands its secrets', () => {
  const faults = faultsOf({ ...GOOD, KEYCLOAK_URL: 'http://127.0.0.1:8080' });
  expect(faults).toHaveLength(4);
  expect(faults.every((fault) => fault.includes('needed because KEYCLOAK_URL is set'))).toBe(true);
});

test('production refuses development secrets, plain http and missing mail, all at once', () => {
  const faults = faultsOf({ ...GOOD, NODE_ENV: 'production' });
  expect(faults.map((fault) => fault.split(':')[0])).toEqual(['BASE_URL', 'SECRET_KEY', 'SMTP_URL']);
});

test('the networks of identity providers are a list, and each is one', () => {
  const networks = 'SSO_ALLOWED_NETWORKS';
  expect(parseConfig({ ...GOOD, [networks]: '10.1.0.0/16, fd12::/48' }).ssoAllowedNetworks).toEqual([
    '10.1.0.0/16',
    'fd12::/48',
  ]);
  expect(parseConfig(GOOD).ssoAllowedNetworks).toEqual([]);
  for (const wrong of ['10.1.0.0', '10.0.0.0/33', 'fd12::/129', 'intranet', '0x7f/8']) {
    expect(faultsOf({ ...GOOD, [networks]: wrong })).toEqual([expect.stringMatching(/^SSO_ALLOWED_NETWORKS: /)]);
  }
});
