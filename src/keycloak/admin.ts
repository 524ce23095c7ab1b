// The one way to Keycloak's admin API: the official client with our own tokens, a time limit on every call and two
// kinds of error instead of five.
import KeycloakAdminClient, { NetworkError } from '@keycloak/keycloak-admin-client';
import { createRequester } from './admin-request.ts';
import { createTokenSource, type KeycloakCredentials } from './admin-token.ts';
import { failureOf, isRefused, translateError } from './keycloak-error.ts';

const TIMEOUT_MS = 10_000;
const REASON_MAX = 500;

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
  /**
   * One write by hand, below `/admin/realms/<realm>`, for the calls that every pushed person needs: the official client
   * takes three times the processor time. Throws as `call` does; answers the id of what was made, where something was.
   */
  send(method: 'POST' | 'PUT', path: string, body?: unknown): Promise<string | undefined>;
  /** The account by which the calls are made, as events name it. */
  accountId(): Promise<string>;
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
  const request = createRequester(new URL(`${url}/admin/realms/${encodeURIComponent(realm)}`), timeout);

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

  async function send(method: 'POST' | 'PUT', path: string, body?: unknown): Promise<string | undefined> {
    const attempt = async () => request({ method, path, body, token: await tokens.get() });
    let answer = await attempt();
    if (answer.status === 401) {
      tokens.forget();
      answer = await attempt();
    }
    if (answer.status >= 400) throw failureOf(answer.status, path, answer.text.slice(0, REASON_MAX));
    return answer.location?.split('/').at(-1);
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
    send,
    accountId: async () => subjectOf(await tokens.get()),
    forgetToken: tokens.forget,
  };
}

/** Of a token that we were given ourselves, so that nobody needs to check it. */
function subjectOf(token: string): string {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(payload) as { sub: string }).sub;
}
