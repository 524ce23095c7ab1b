// Access tokens for the admin API: fetched once however many calls wait for one, renewed at 80 % of their life.
// The official client's own refresh needs a refresh token, which client_credentials does not give.
import { fetchWithError } from '@keycloak/keycloak-admin-client';
import { translateError } from './keycloak-error.ts';

/** A service account of the realm itself, or (bootstrap only) an administrator of the realm `master`. */
export type KeycloakCredentials =
  | { readonly clientId: string; readonly clientSecret: string }
  | { readonly username: string; readonly password: string };

type Held = { readonly token: string; readonly renewAt: number };

/** Gives valid access tokens; `forget` makes the next call fetch a new one. */
export function createTokenSource(url: string, realm: string, credentials: KeycloakCredentials, timeoutMs: number) {
  const service = 'clientId' in credentials;
  const endpoint = `${url}/realms/${service ? realm : 'master'}/protocol/openid-connect/token`;
  const body = service
    ? { grant_type: 'client_credentials', client_id: credentials.clientId, client_secret: credentials.clientSecret }
    : { grant_type: 'password', client_id: 'admin-cli', ...credentials };
  let held: Held | undefined;
  let pending: Promise<string> | undefined;

  async function fetchToken(): Promise<string> {
    const askedAt = performance.now();
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await fetchWithError(endpoint, { method: 'POST', body: new URLSearchParams(body), signal });
      const answer = (await response.json()) as { access_token: string; expires_in: number };
      held = { token: answer.access_token, renewAt: askedAt + answer.expires_in * 800 };
      return held.token;
    } catch (error) {
      throw translateError(error);
    } finally {
      pending = undefined;
    }
  }

  return {
    get(): Promise<string> {
      if (held && performance.now() < held.renewAt) return Promise.resolve(held.token);
      pending ??= fetchToken();
      return pending;
    },
    forget(): void {
      held = undefined;
    },
  };
}
