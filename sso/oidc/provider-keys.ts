// The keys that a company's provider publishes, and what verifies by them: ID tokens, userinfo and logout tokens alike. A
// provider may sign by a new key at any moment (OpenID Connect Core 10.1.1), so what fits no known key has them read again
// before it is refused: once for all who wait, and then not for a while, so that invented keys cause no flood of requests.
import {
  type CompactVerifyGetKey,
  type CryptoKey,
  calculateJwkThumbprint,
  compactVerify,
  createLocalJWKSet,
  errors,
  exportJWK,
  type JSONWebKeySet,
} from 'jose';
import type { Clock } from '../../src/clock.ts';
import type { GuardedFetch } from '../outbound/guarded-fetch.ts';
import { OutboundFault } from '../outbound/outbound-fault.ts';

/** Symmetric keys and `none` are not among them, so a client secret or nothing never signs. */
export const SIGNATURE_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** A key that the provider has withdrawn is believed no longer than this. */
const FRESH_MS = 5 * 60 * 1000;
/** For how long keys are not read again after they were, for what fitted none of them. */
const COOL_DOWN_MS = 30 * 1000;

/** The key that a signature was made by, for the trace. */
export type UsedKey = {
  readonly kid: string | undefined;
  readonly algorithm: string;
  /** Of the key itself (RFC 7638, SHA-256). */
  readonly thumbprint: string;
  /** Whether the keys were read again for it. */
  readonly readAgain: boolean;
};

/**
 * Who brings what is to be verified: the provider itself, asked by us, or whoever posts to a public address. Each has a
 * cool-down of its own, so that strangers never use up what a sign-in needs.
 */
type Bringer = 'provider' | 'anybody';

export type ProviderKeys = {
  /** Verifies a JWS that the provider has answered. Throws jose's errors, or OutboundFault: the keys cannot be read. */
  verify(jws: string): Promise<UsedKey>;
  /** Runs a verification by the published keys, and again where none fitted and they could be read anew. */
  verifyBy<T>(bringer: Bringer, work: Verification<T>): Promise<T>;
};

type Verification<T> = (keys: LocalJWKSet, isAgain: boolean) => Promise<T>;
type LocalJWKSet = ReturnType<typeof createLocalJWKSet>;
type Known = { readonly keys: LocalJWKSet; readonly at: number };

/** @param address the provider's `jwks_uri`, where it announces one */
export function createProviderKeys(
  address: string | undefined,
  { clock, fetch }: { readonly clock: Clock; readonly fetch: GuardedFetch },
): ProviderKeys {
  let known: Known | undefined;
  let reading: Promise<Known> | undefined;
  const readAgainAt: Record<Bringer, number> = { provider: 0, anybody: 0 };
  const now = () => clock.now().getTime();

  function read(): Promise<Known> {
    reading ??= readKeys(address, fetch)
      .then((keys) => {
        known = { keys, at: now() };
        return known;
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  }

  /** Others than those that did not fit; undefined where they were read for the like a moment ago. */
  async function othersThan(tried: Known, bringer: Bringer): Promise<Known | undefined> {
    // somebody else has had them read meanwhile, or has them read now
    if (known && known !== tried) return known;
    if (reading) return reading;
    if (now() - readAgainAt[bringer] < COOL_DOWN_MS) return undefined;
    readAgainAt[bringer] = now();
    return read();
  }

  async function verifyBy<T>(bringer: Bringer, work: Verification<T>): Promise<T> {
    let tried = known && now() - known.at < FRESH_MS ? known : await read();
    for (let isAgain = false; ; isAgain = true) {
      try {
        return await work(tried.keys, isAgain);
      } catch (thrown) {
        const error = namedKeyFault(thrown);
        const others = fitsNoKey(error) ? await othersThan(tried, bringer) : undefined;
        if (!others) throw error;
        tried = others;
      }
    }
  }

  return {
    verifyBy,
    verify: (jws) =>
      verifyBy('provider', async (keys, readAgain) => {
        const { protectedHeader, key } = await compactVerify(jws, sayingWhich(keys), {
          algorithms: SIGNATURE_ALGORITHMS,
        });
        const { kid, alg: algorithm } = protectedHeader;
        return { kid, algorithm, thumbprint: await thumbprintOf(key), readAgain };
      }),
  };
}

const thumbprints = new WeakMap<CryptoKey, string>();

async function thumbprintOf(key: CryptoKey): Promise<string> {
  const thumbprint = thumbprints.get(key) ?? (await calculateJwkThumbprint(await exportJWK(key)));
  thumbprints.set(key, thumbprint);
  return thumbprint;
}

/** A published key that is broken or too short fails in the runtime's own words, which are not jose's. */
function namedKeyFault(error: unknown): unknown {
  const isOfRuntime = error instanceof TypeError || error instanceof DOMException;
  return isOfRuntime
    ? new errors.JWKInvalid(`the published key cannot be used: ${error.message}`, { cause: error })
    : error;
}

/** A provider that names its keys uses another name, one that does not another key. */
function fitsNoKey(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed;
}

/** Names the key that is missing, and those that are there. */
function sayingWhich(keys: LocalJWKSet): CompactVerifyGetKey<CryptoKey> {
  return (header, token) =>
    keys(header, token).catch((error: unknown) => {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const published = keys.jwks().keys.map(({ kid }) => quote(kid));
      throw new errors.JWKSNoMatchingKey(
        `signed by the key ${quote(header.kid)} (${header.alg}), which is not published; published: ${published.slice(0, 10).join(', ')}`,
      );
    });
}

/** A name that is no text is somebody's invention, too. */
function quote(kid: unknown): string {
  return kid === undefined ? 'without a name' : JSON.stringify(String(kid).slice(0, 100));
}

async function readKeys(address: string | undefined, fetch: GuardedFetch): Promise<Known['keys']> {
  if (address === undefined) throw unusable('The discovery document names no address of keys (jwks_uri).');
  const answer = await fetch(address, { headers: { accept: 'application/json, application/jwk-set+json' } });
  if (answer.status !== 200) throw unusable(`${address} answered ${answer.status} instead of the provider's keys.`);
  try {
    return createLocalJWKSet((await answer.json()) as JSONWebKeySet);
  } catch (cause) {
    throw unusable(`${address} answered no key set (JWKS).`, cause);
  }
}

function unusable(message: string, cause?: unknown): OutboundFault {
  return new OutboundFault('unreachable', message, { cause });
}
