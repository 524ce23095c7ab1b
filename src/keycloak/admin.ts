// The one way to Keycloak's admin API: the official client with our own tokens, a time limit on every call and two
// kinds of error instead of five.
import KeycloakAdminClient, { NetworkError } from '@keycloak/keycloak-admin-client';
import { createTokenSource, type KeycloakCredentials } from './admin-token.ts';
import { isRefused, translateError } from './keycloak-error.ts';

const TIMEOUT_MS = 10_000;

type Operation<T> = (client: KeycloakAdminClient) => Promise<T>;

export type KeycloakAdmin = {
  readonly url: string;
  readonly realm: string;
  /** Runs calls of the official client; throws KeycloakUnreachable or KeycloakRefused. After a 401 it runs once more. */
  call<T>(operation: Operation<T>): Promise<T>;
  /** The same for reading one thing: 404 gives undefined. */
  find<T>(operation: Operation<T | null | undefined>): Promise<T | undefined>;
  /** The same for a write that answers 409 when it was done before; gives whether this call did it. */
  ensure(operation: Operation<unknown>): Promise<boolean>;
  /** The same for a deletion, which 404 says was done before. */
  remove(operation: Operation<unknown>): Promise<void>;
  /** Drops the cached token: rights that were given meanwhile (a new realm) count only in a new one. */
  forgetToken(): void;
};

/** A client for one realm; makes no call by itself. `timeoutMs` bounds each single HTTP call. */
export function createKeycloakAdmin(options: {
  readonly url: string;
  readonly realm: string;
  readonly credentials: KeycloakCredentials;
  readonly timeoutMs?: number;
}): KeycloakAdmin {
  const { url, realm } = options;
  const timeout = options.timeoutMs ?? TIMEOUT_MS;
  const tokens = createTokenSource(url, realm, options.credentials, timeout);
  const client = new KeycloakAdminClient({ baseUrl: url, realmName: realm, timeout });
  client.registerTokenProvider({ getAccessToken: tokens.get });

  async function call<T>(operation: Operation<T>): Promise<T> {
    try {
      return await operation(client).catch((error: unknown) => {
        if (!(error instanceof NetworkError) || error.response.status !== 401) throw error;
        tokens.forget();
        return operation(client);
      });
    } catch (error) {
      throw translateError(error);
    }
  }

  async function unless<T>(status: number, otherwise: T, operation: Operation<T>): Promise<T> {
    try {
      return await call(operation);
    } catch (error) {
      if (isRefused(error, status)) return otherwise;
      throw error;
    }
  }

  return {
    url,
    realm,
    call,
    find: async (operation) => (await unless(404, undefined, operation)) ?? undefined,
    ensure: (operation) => unless(409, false, (api) => operation(api).then(() => true)),
    remove: async (operation) => void (await unless(404, undefined, operation)),
    forgetToken: tokens.forget,
  };
}
