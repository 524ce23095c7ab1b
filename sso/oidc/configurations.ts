// One openid-client Configuration per connection and version: it holds the discovery document and the key cache, which
// a fresh one per request would fetch again each time. Discovery runs once for all who wait for it.
import {
  allowInsecureRequests,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
} from 'openid-client';
import type { Clock } from '../../src/clock.ts';
import { isLoopbackHost } from '../outbound/allowed-addresses.ts';
import { createGuardedFetch, type GuardedFetch, type OutboundRequest } from '../outbound/guarded-fetch.ts';
import type { OidcConnection } from './connection.ts';

const TIMEOUT_SECONDS = 10;
const FRESH_MS = 60 * 60 * 1000;
/** How long an old discovery document serves while the identity provider does not answer. */
const STALE_MS = 24 * FRESH_MS;
const MAX_CACHED = 1000;

type Entry = { readonly version: number; readonly configuration: Configuration; readonly since: number };

export type Configurations = { get(connection: OidcConnection): Promise<Configuration> };

/**
 * @param options.allowLoopbackHttp plain HTTP to an issuer on this machine, for development only
 * @param options.allowedNetworks networks beyond the public internet that an issuer may be in, as CIDR; none if absent
 */
export function createConfigurations(options: {
  readonly clock: Clock;
  readonly allowLoopbackHttp: boolean;
  readonly allowedNetworks?: readonly string[];
}): Configurations {
  const { allowLoopbackHttp, allowedNetworks = [] } = options;
  const guardedFetch = createGuardedFetch({ allowed: { networks: allowedNetworks, loopback: allowLoopbackHttp } });
  // Insertion order is the order of last use.
  const entries = new Map<string, Entry>();
  const pending = new Map<string, Promise<Configuration>>();

  async function get(connection: OidcConnection): Promise<Configuration> {
    const entry = entries.get(connection.id);
    const known = entry?.version === connection.version ? entry : undefined;
    const age = known ? options.clock.now().getTime() - known.since : Number.POSITIVE_INFINITY;
    if (known && (connection.discovery || age < FRESH_MS)) {
      remember(connection.id, known);
      return known.configuration;
    }
    try {
      return await discoverOnce(connection);
    } catch (fault) {
      if (known && age < STALE_MS) return known.configuration;
      throw fault;
    }
  }

  function discoverOnce(connection: OidcConnection): Promise<Configuration> {
    const key = `${connection.id} ${connection.version}`;
    const running = pending.get(key);
    if (running) return running;
    const started = discover(connection, guardedFetch, allowLoopbackHttp)
      .then((configuration) => {
        const since = options.clock.now().getTime();
        remember(connection.id, { version: connection.version, configuration, since });
        return configuration;
      })
      .finally(() => pending.delete(key));
    pending.set(key, started);
    return started;
  }

  function remember(id: string, entry: Entry): void {
    entries.delete(id);
    entries.set(id, entry);
    const [oldest] = entries.keys();
    if (entries.size > MAX_CACHED && oldest !== undefined) entries.delete(oldest);
  }

  return { get };
}

function discover(
  connection: OidcConnection,
  guardedFetch: GuardedFetch,
  allowLoopbackHttp: boolean,
): Promise<Configuration> {
  const issuer = new URL(connection.issuer);
  const authentication =
    connection.clientAuthentication === 'client_secret_post'
      ? ClientSecretPost(connection.clientSecret)
      : ClientSecretBasic(connection.clientSecret);
  // Without the checks openid-client trusts TLS for the ID token; groups decide access here, so the signature counts.
  const insecure = allowLoopbackHttp && isLoopbackHost(issuer.hostname) ? [allowInsecureRequests] : [];
  return discovery(issuer, connection.clientId, undefined, authentication, {
    execute: [enableNonRepudiationChecks, ...insecure],
    timeout: TIMEOUT_SECONDS,
    [customFetch]: (url, request) => {
      // a document that is at hand is answered from here: the library still checks it as if it had been fetched
      if (connection.discovery && url.includes('/.well-known/'))
        return Promise.resolve(Response.json(connection.discovery));
      // the library's own requests have no stream for a body
      return guardedFetch(url, request as OutboundRequest);
    },
  });
}
