// What is known of each connection's provider, per version of the connection: the discovery document and the key caches,
// which a fresh configuration per request would fetch again each time. Discovery runs once for all who wait for it, and a
// provider that does not answer is left alone for half a minute.
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  customFetch,
  discovery,
} from 'openid-client';
import type { Clock } from '../../src/clock.ts';
import { isLoopbackHost } from '../outbound/allowed-addresses.ts';
import { createGuardedFetch, type GuardedFetch, type OutboundRequest } from '../outbound/guarded-fetch.ts';
import { authenticateByKey } from './client-key.ts';
import type { OidcConnection } from './connection.ts';
import { WELL_KNOWN } from './discovery-document.ts';
import { createProviderKeys, type ProviderKeys } from './provider-keys.ts';

const TIMEOUT_SECONDS = 10;
const FRESH_MS = 60 * 60 * 1000;
/** How long an old discovery document serves while the identity provider does not answer. */
const STALE_MS = 24 * FRESH_MS;
/** For how long a failed discovery is not tried again. */
const FAILED_MS = 30 * 1000;
const MAX_CACHED = 1000;

/** A connection's provider as discovered. */
type DiscoveredProvider = {
  readonly configuration: Configuration;
  /** Its published keys, which everything that it signs is verified by. */
  readonly keys: ProviderKeys;
};
type Entry = {
  readonly version: number;
  /** The last success, and when. */
  readonly found: { readonly provider: DiscoveredProvider; readonly at: number } | undefined;
  /** The failure after it, and until when it is not tried again. */
  readonly failed: { readonly fault: unknown; readonly until: number } | undefined;
};

export type Configurations = { get(connection: OidcConnection): Promise<DiscoveredProvider> };

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
  const pending = new Map<string, Promise<DiscoveredProvider>>();
  const now = () => options.clock.now().getTime();

  async function get(connection: OidcConnection): Promise<DiscoveredProvider> {
    const entry = entries.get(connection.id);
    const known = entry?.version === connection.version ? entry : undefined;
    const found = known?.found;
    const age = found ? now() - found.at : Number.POSITIVE_INFINITY;
    if (known && found && (connection.discovery || age < FRESH_MS)) {
      remember(connection.id, known);
      return found.provider;
    }
    try {
      if (known?.failed && now() < known.failed.until) throw known.failed.fault;
      return await discoverOnce(connection, found);
    } catch (fault) {
      if (found && age < STALE_MS) return found.provider;
      throw fault;
    }
  }

  function discoverOnce(connection: OidcConnection, found: Entry['found']): Promise<DiscoveredProvider> {
    const { id, version } = connection;
    const key = `${id} ${version}`;
    const running = pending.get(key);
    if (running) return running;
    const started = discover(connection, options.clock, guardedFetch, allowLoopbackHttp)
      .then(
        (provider) => {
          remember(id, { version, found: { provider, at: now() }, failed: undefined });
          return provider;
        },
        (fault: unknown) => {
          remember(id, { version, found, failed: { fault, until: now() + FAILED_MS } });
          throw fault;
        },
      )
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

/**
 * openid-client would trust TLS for the ID token, or (`enableNonRepudiationChecks`) verify it by keys that it reads again
 * after a minute at the earliest, when the code is spent. Groups decide access here, so all signatures count: the ID
 * token's is verified by whoever gets it, that of a signed userinfo before the library reads it.
 */
async function discover(
  connection: OidcConnection,
  clock: Clock,
  guardedFetch: GuardedFetch,
  allowLoopbackHttp: boolean,
): Promise<DiscoveredProvider> {
  const issuer = new URL(connection.issuer);
  const insecure = allowLoopbackHttp && isLoopbackHost(issuer.hostname) ? [allowInsecureRequests] : [];
  // the library's own requests have no stream for a body
  const plainFetch = (url: string, request: object) => guardedFetch(url, request as OutboundRequest);
  const configuration = await discovery(issuer, connection.clientId, undefined, await authenticationOf(connection), {
    execute: insecure,
    timeout: TIMEOUT_SECONDS,
    // a document that is at hand is answered from here: the library still checks it as if it had been fetched
    [customFetch]: (url, request) =>
      connection.discovery && url.endsWith(WELL_KNOWN)
        ? Promise.resolve(Response.json(connection.discovery))
        : plainFetch(url, request),
  });
  const { jwks_uri: address } = configuration.serverMetadata();
  const keys = createProviderKeys(address, { clock, fetch: guardedFetch });
  configuration[customFetch] = async (url, request) => {
    const answer = await plainFetch(url, request);
    const isSigned = answer.headers.get('content-type')?.startsWith('application/jwt');
    if (isSigned) await keys.verify(await answer.clone().text());
    return answer;
  };
  return { configuration, keys };
}

async function authenticationOf({ authentication }: OidcConnection): Promise<ClientAuth> {
  if (authentication.method === 'private_key_jwt') return authenticateByKey(authentication.key);
  const by = authentication.method === 'client_secret_post' ? ClientSecretPost : ClientSecretBasic;
  return by(authentication.secret);
}
