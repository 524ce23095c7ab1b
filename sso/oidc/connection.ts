// What the OpenID Connect side needs to know of a connection.
import type { ClientKey } from './client-key.ts';
import type { DiscoveryDocument } from './discovery-document.ts';

export type OidcConnection = {
  readonly id: string;
  /** Goes up with every change of the connection; a cached configuration serves one version. */
  readonly version: number;
  /** As the discovery document writes it. */
  readonly issuer: string;
  readonly clientId: string;
  readonly authentication: OidcAuthentication;
  /** Beside `openid`. */
  readonly scopes: readonly string[];
  /** Entra's tenant id; the ID token must carry it as `tid`. */
  readonly tenantId: string | undefined;
  /** The provider's discovery document; without it, it is read from the issuer. */
  readonly discovery?: DiscoveryDocument | undefined;
};

/** How the token endpoint knows us. */
export type OidcAuthentication =
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly secret: string }
  | { readonly method: 'private_key_jwt'; readonly key: ClientKey };

/** The connection's own redirect URI: one per connection, so that an answer cannot be mixed up with another's. */
export function oidcRedirectUri(baseUrl: string, connectionId: string): string {
  return `${baseUrl}/sso/oidc/${connectionId}/callback`;
}

/** Where a provider fetches the key by which we authenticate. */
export function clientKeysUri(baseUrl: string, connectionId: string): string {
  return `${baseUrl}/sso/oidc/${connectionId}/jwks`;
}

/**
 * The address that the answer came to, for `finishLogin`: the configured redirect URI with the query that the browser
 * brought. Never the Host header, nor the rest of the request's address.
 *
 * @param requestUrl the request target, such as Express's `originalUrl`
 */
export function callbackUrl(redirectUri: string, requestUrl: string): URL {
  const url = new URL(redirectUri);
  const query = requestUrl.indexOf('?');
  url.search = query < 0 ? '' : requestUrl.slice(query);
  return url;
}
