// The one configuration schema. Every fault is listed at once, secrets may come from files (NAME_FILE), and values
// that are only for development refuse to run in production.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';

const url = z.url();
const secret = z.string().min(16, 'needs at least 16 characters');

const networks = z
  .string()
  .transform((text) => text.split(/[\s,]+/).filter((part) => part !== ''))
  .refine((list) => list.every(isNetwork), 'is a list of networks such as 10.1.0.0/16, fd12::/48');

const schema = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
  BASE_URL: url.transform((value) => value.replace(/\/+$/, '')),
  DATABASE_URL: url,
  DATABASE_APP_URL: url,
  DATABASE_WORKER_URL: url,
  DATABASE_POOL: z.coerce.number().int().min(1).max(200).default(10),
  KEYCLOAK_URL: url.transform((value) => value.replace(/\/+$/, '')).optional(),
  KEYCLOAK_REALM: z.string().min(1).default('drawbridge'),
  KEYCLOAK_CLIENT_ID: z.string().min(1).default('drawbridge-runtime'),
  KEYCLOAK_CLIENT_SECRET: secret.optional(),
  KEYCLOAK_CONNECTIONS_CLIENT_SECRET: secret.optional(),
  KEYCLOAK_LOGIN_CLIENT_SECRET: secret.optional(),
  KEYCLOAK_PROVIDER_SECRET: secret.optional(),
  KEYCLOAK_ADMIN_USER: z.string().min(1).optional(),
  KEYCLOAK_ADMIN_PASSWORD: z.string().min(1).optional(),
  SMTP_URL: url.optional(),
  MAIL_FROM: z.string().min(3).default('Drawbridge <no-reply@drawbridge.invalid>'),
  APP_URL: url,
  SECRET_KEY: secret,
  SCIM_RATE_PER_SECOND: z.coerce.number().int().min(1).default(5000),
  SSO_ALLOWED_NETWORKS: networks.default([]),
  TRUST_PROXY: z.string().optional(),
  DNS_SERVERS: z
    .string()
    .default('')
    .transform((list) => list.split(',').map((server) => server.trim()))
    .transform((list) => list.filter((server) => server !== '')),
});

const SECRETS = ['DATABASE_URL', 'DATABASE_APP_URL', 'DATABASE_WORKER_URL', 'SMTP_URL', 'SECRET_KEY'].concat(
  Object.keys(schema.shape).filter((name) => /SECRET$|PASSWORD$/.test(name)),
);

export type KeycloakConfig = {
  readonly url: string;
  readonly realm: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly connectionsClientSecret: string;
  readonly loginClientSecret: string;
  readonly providerSecret: string;
  readonly adminUser?: string | undefined;
  readonly adminPassword?: string | undefined;
};

export type Config = {
  readonly environment: 'development' | 'test' | 'production';
  readonly logLevel: string;
  readonly host: string;
  readonly port: number;
  readonly baseUrl: string;
  readonly database: {
    readonly ownerUrl: string;
    readonly appUrl: string;
    readonly workerUrl: string;
    readonly pool: number;
  };
  readonly keycloak: KeycloakConfig | undefined;
  readonly smtpUrl: string | undefined;
  readonly mailFrom: string;
  readonly appUrl: string;
  readonly secretKey: string;
  readonly scimRatePerSecond: number;
  /** Networks beyond the public internet that companies' identity providers may be in, as CIDR. */
  readonly ssoAllowedNetworks: readonly string[];
  readonly trustProxy: string | undefined;
  /** Asked for the proofs of domains, as `address` or `address:port`; the system's own resolvers when empty. */
  readonly dnsServers: readonly string[];
};

/** The faults of a configuration, each a line that names the variable. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The configuration has ${faults.length} fault${faults.length === 1 ? '' : 's'}:\n  ${faults.join('\n  ')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/**
 * Reads the configuration from environment variables; throws ConfigError with every fault at once.
 * `NAME_FILE` gives a secret by file (trailing line break cut); giving both forms of one name is a fault.
 */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = [];
  const values: Record<string, string | undefined> = {};
  for (const name of Object.keys(schema.shape))
    if (env[name] !== undefined && env[name] !== '') values[name] = env[name];
  for (const name of SECRETS) readSecretFile(name, env, values, faults);
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const name = String(issue.path[0]);
      faults.push(`${name}: ${values[name] === undefined ? 'is missing' : issue.message}`);
    }
    throw new ConfigError(faults);
  }
  const c = parsed.data;
  const keycloak = keycloakConfig(c, faults);
  if (c.NODE_ENV === 'production') faults.push(...productionFaults(c));
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze({
    environment: c.NODE_ENV,
    logLevel: c.LOG_LEVEL,
    host: c.HOST,
    port: c.PORT,
    baseUrl: c.BASE_URL,
    database: {
      ownerUrl: c.DATABASE_URL,
      appUrl: c.DATABASE_APP_URL,
      workerUrl: c.DATABASE_WORKER_URL,
      pool: c.DATABASE_POOL,
    },
    keycloak,
    smtpUrl: c.SMTP_URL,
    mailFrom: c.MAIL_FROM,
    appUrl: c.APP_URL,
    secretKey: c.SECRET_KEY,
    scimRatePerSecond: c.SCIM_RATE_PER_SECOND,
    ssoAllowedNetworks: c.SSO_ALLOWED_NETWORKS,
    trustProxy: c.TRUST_PROXY,
    dnsServers: c.DNS_SERVERS,
  });
}

function isNetwork(text: string): boolean {
  const [, address = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(bits) <= (family === 4 ? 32 : 128);
}

function readSecretFile(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
  values: Record<string, string | undefined>,
  faults: string[],
): void {
  const path = env[`${name}_FILE`];
  if (!path) return;
  if (values[name] !== undefined) {
    faults.push(`${name}: give it or ${name}_FILE, not both`);
    return;
  }
  try {
    values[name] = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    faults.push(`${name}_FILE: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`);
  }
}

function keycloakConfig(c: z.infer<typeof schema>, faults: string[]): KeycloakConfig | undefined {
  if (!c.KEYCLOAK_URL) return undefined;
  const needed = [
    'KEYCLOAK_CLIENT_SECRET',
    'KEYCLOAK_CONNECTIONS_CLIENT_SECRET',
    'KEYCLOAK_LOGIN_CLIENT_SECRET',
    'KEYCLOAK_PROVIDER_SECRET',
  ] as const;
  for (const name of needed) if (!c[name]) faults.push(`${name}: is missing (needed because KEYCLOAK_URL is set)`);
  return {
    url: c.KEYCLOAK_URL,
    realm: c.KEYCLOAK_REALM,
    clientId: c.KEYCLOAK_CLIENT_ID,
    clientSecret: c.KEYCLOAK_CLIENT_SECRET ?? '',
    connectionsClientSecret: c.KEYCLOAK_CONNECTIONS_CLIENT_SECRET ?? '',
    loginClientSecret: c.KEYCLOAK_LOGIN_CLIENT_SECRET ?? '',
    providerSecret: c.KEYCLOAK_PROVIDER_SECRET ?? '',
    adminUser: c.KEYCLOAK_ADMIN_USER,
    adminPassword: c.KEYCLOAK_ADMIN_PASSWORD,
  };
}

function productionFaults(c: z.infer<typeof schema>): string[] {
  const faults: string[] = [];
  if (!c.BASE_URL.startsWith('https:')) faults.push('BASE_URL: must be https in production');
  if (/^dev(elopment)?-/.test(c.SECRET_KEY)) faults.push('SECRET_KEY: is a development secret');
  if (!c.SMTP_URL) faults.push('SMTP_URL: is missing (invitations are sent by mail)');
  return faults;
}
