// The only way in which single sign-on reaches a company's side: metadata, discovery, keys, tokens, userinfo. https only,
// to addresses that may be reached; the check stands in the lookup of the connection itself, so that a second answer of
// the DNS cannot lead elsewhere. Bounded in time, size and redirects; each redirect is checked like the first address.
import { lookup as systemLookup } from 'node:dns/promises';
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Config } from '../../src/config.ts';
import { type AllowedAddresses, createAddressCheck, isSecureAddress } from './allowed-addresses.ts';
import { OutboundFault } from './outbound-fault.ts';
import { readBounded } from './read-bounded.ts';

const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_REDIRECTS = 3;
const TIMEOUT_MS = 10_000;
/** Shorter than servers keep an idle connection, so that a request seldom meets one that just closes. */
const IDLE_MS = 4_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

type Address = { readonly address: string; readonly family: number };

export type OutboundOptions = {
  readonly allowed: AllowedAddresses;
  /** Every address of a name; the system's resolver if absent. */
  readonly resolve?: (hostname: string) => Promise<readonly Address[]>;
  /** For the whole exchange, redirects included; 10 s if absent. */
  readonly timeoutMs?: number;
};

export type OutboundRequest = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | URLSearchParams | null | undefined;
  /** `manual` answers a redirect as it is; without it redirects are followed (no request with a body has any). */
  readonly redirect?: 'manual';
  readonly signal?: AbortSignal | undefined;
};

/** Answers with the whole body read. Throws OutboundFault where the request is refused or gets no usable answer. */
export type GuardedFetch = (url: string, request?: OutboundRequest) => Promise<Response>;

/** The fetch that the installation's configuration allows. */
export function fetchAllowedBy(config: Pick<Config, 'environment' | 'ssoAllowedNetworks'>): GuardedFetch {
  const { environment, ssoAllowedNetworks: networks } = config;
  return createGuardedFetch({ allowed: { networks, loopback: environment !== 'production' } });
}

/** Makes a fetch of its own connections; unused ones close by themselves. */
export function createGuardedFetch(options: OutboundOptions): GuardedFetch {
  const mayConnect = createAddressCheck(options.allowed);
  const resolve = options.resolve ?? ((hostname) => systemLookup(hostname, { all: true }));
  const lookup = guardedLookup(resolve, mayConnect);
  const shared = { keepAlive: true, timeout: IDLE_MS, lookup };
  const agents = { 'http:': new HttpAgent(shared), 'https:': new HttpsAgent(shared) };

  function refuseUnlessAllowed(url: URL): 'http:' | 'https:' {
    if (!isSecureAddress(url.href, options.allowed.loopback)) {
      throw new OutboundFault('insecure', `${url.origin} is not reached over https. Give its https:// address.`);
    }
    // no lookup is made for an address that is written as such
    const literal = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) !== 0 && !mayConnect(literal, url.hostname)) throw refusedAddress(url.hostname);
    return url.protocol as 'http:' | 'https:';
  }

  function send(url: URL, request: OutboundRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const protocol = refuseUnlessAllowed(url);
    const body = request.body instanceof URLSearchParams ? request.body.toString() : (request.body ?? undefined);
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    return new Promise((done, failed) => {
      const sent = (protocol === 'https:' ? requestHttps : requestHttp)(url, {
        agent: agents[protocol],
        method: request.method ?? 'GET',
        headers: { 'accept-encoding': 'gzip, deflate, br', ...request.headers, ...length },
        signal,
      });
      sent.once('response', done);
      sent.once('error', (error) => failed(asFault(error, url, signal)));
      sent.end(body);
    });
  }

  return async (address, request = {}) => {
    const deadline = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
    const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline;
    let url = parseUrl(address);
    for (let redirects = 0; ; redirects += 1) {
      const answer = await send(url, request, signal);
      const next = request.redirect === 'manual' ? undefined : redirectOf(answer);
      if (next === undefined) return readAnswer(answer, url, signal);
      answer.destroy();
      if (redirects === MAX_REDIRECTS) {
        throw new OutboundFault('redirects', `${address} redirects more than ${MAX_REDIRECTS} times.`);
      }
      url = parseUrl(next, url);
    }
  };
}

/** Resolves a name for a connection; one address that may not be reached spoils all, whichever would be taken. */
function guardedLookup(
  resolve: (hostname: string) => Promise<readonly Address[]>,
  mayConnect: (address: string, host: string) => boolean,
): LookupFunction {
  return (hostname, { all }, done) => {
    const fail = (error: Error) => done(error, '');
    resolve(hostname).then((found) => {
      const [first] = found;
      if (!first) return fail(new OutboundFault('unresolved', `${hostname} has no address.`));
      if (!found.every(({ address }) => mayConnect(address, hostname))) return fail(refusedAddress(hostname));
      if (all) return done(null, [...found]);
      return done(null, first.address, first.family);
    }, fail);
  };
}

function refusedAddress(host: string): OutboundFault {
  return new OutboundFault(
    'private_address',
    `${host} is inside a private network, which this installation does not reach into. Use a public address, or have the operator allow its network (SSO_ALLOWED_NETWORKS).`,
  );
}

function parseUrl(address: string, base?: URL): URL {
  const url = URL.parse(address, base?.href);
  if (url?.username !== '' || url.password !== '') {
    throw new OutboundFault('insecure', `"${address.slice(0, 200)}" is no address that can be asked for.`);
  }
  return url;
}

function redirectOf({ statusCode = 0, headers }: IncomingMessage): string | undefined {
  return REDIRECTS.has(statusCode) ? headers.location : undefined;
}

async function readAnswer(answer: IncomingMessage, url: URL, signal: AbortSignal): Promise<Response> {
  try {
    const body = await readBounded(answer, MAX_ANSWER_BYTES);
    const headers = new Headers();
    for (const [name, values] of Object.entries(answer.headersDistinct)) {
      // the body is decoded already
      if (name === 'content-encoding' || name === 'content-length') continue;
      for (const value of values ?? []) headers.append(name, value);
    }
    const status = answer.statusCode ?? 0;
    const bodiless = status === 204 || status === 205 || status === 304;
    return new Response(bodiless ? null : new Uint8Array(body), { status, headers });
  } catch (error) {
    answer.destroy();
    throw asFault(error, url, signal);
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name is not known to the DNS',
  EAI_AGAIN: 'the DNS does not answer',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  CERT_HAS_EXPIRED: 'its TLS certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its TLS certificate is signed by nobody known',
  SELF_SIGNED_CERT_IN_CHAIN: 'its TLS certificate is signed by nobody known',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its TLS certificate comes without the intermediate ones',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its TLS certificate is for another name',
};

/** What went wrong, in words. */
function asFault(error: unknown, url: URL, signal: AbortSignal): OutboundFault {
  if (error instanceof OutboundFault) return error;
  if (signal.aborted) {
    return new OutboundFault('timeout', `${url.host} did not answer in time.`, { cause: error });
  }
  const found = error instanceof AggregateError ? error.errors[0] : error;
  const { code = '', message = String(found) } = found as NodeJS.ErrnoException;
  return new OutboundFault(
    'unreachable',
    `${url.host} cannot be reached: ${WORDS[code] ?? message}. Check the address.`,
    {
      cause: error,
    },
  );
}
