// Every reason for which a sign-in over OpenID Connect is refused, with its cause and its cure in words for an
// administrator. The person who signs in sees none of it, only the trace's id.

export type RefusalText = { readonly cause: string; readonly cure: string };

const FRESH = 'Start a new sign-in from the application instead of going back to, or reloading, an old page.';
const CONFIGURED = "Compare the connection's issuer, client ID and secret with the identity provider's.";
const SUSPICIOUS = 'Nothing to set: an identity provider does not do this. Look for who sent it.';

export const OIDC_REFUSALS = {
  unreachable: {
    cause: 'The identity provider does not answer, or not as OpenID Connect demands.',
    cure: 'Try its discovery document (/.well-known/openid-configuration) from this network.',
  },
  insecure: {
    cause: 'The identity provider is not reached over HTTPS.',
    cure: 'Use an https:// issuer; http:// serves only local development.',
  },
  discovery_issuer: {
    cause: 'The discovery document names another issuer than the connection.',
    cure: 'Give the connection the issuer exactly as the discovery document writes it.',
  },
  provider_error: {
    cause: 'The identity provider refused the sign-in.',
    cure: "Its error is in the detail; the identity provider's log says more.",
  },
  state: { cause: 'The answer belongs to another request than the one that this browser made.', cure: FRESH },
  response_issuer: { cause: 'The answer says that it comes from another issuer (RFC 9207).', cure: SUSPICIOUS },
  response_invalid: { cause: 'The answer holds no code, or a parameter twice.', cure: SUSPICIOUS },
  token_refused: { cause: 'The identity provider did not exchange the code.', cure: CONFIGURED },
  id_token_missing: {
    cause: 'The identity provider sent no ID token.',
    cure: 'Allow the scope openid for this client at the identity provider.',
  },
  id_token_invalid: {
    cause: 'The ID token cannot be read.',
    cure: 'Use signed, unencrypted ID tokens for this client.',
  },
  id_token_algorithm: {
    cause: 'The ID token is not signed, or with an algorithm that the provider does not announce.',
    cure: 'Sign ID tokens with RS256, PS256 or ES256 at the identity provider.',
  },
  id_token_signature: {
    cause: "The ID token's signature does not verify with the identity provider's published keys.",
    cure: 'The key is in the detail. Have the provider publish it at its jwks_uri before it signs by it; otherwise look for who sent it.',
  },
  id_token_issuer: {
    cause: 'The ID token was issued by somebody else.',
    cure: "Compare the connection's issuer with the identity provider's, character by character.",
  },
  id_token_subject: {
    cause: 'The ID token names nobody, or it names the person (sub) or the session (sid) by more than 512 characters.',
    cure: 'Map an unchanging attribute that everybody has to the subject at the identity provider.',
  },
  claim_unreadable: {
    cause: 'A claim holds U+0000 or half a character, or is nested too deep to be kept.',
    cure: "Correct the person's attributes at the identity provider, or do not send that claim.",
  },
  id_token_audience: { cause: 'The ID token was issued for another client.', cure: CONFIGURED },
  id_token_at_hash: { cause: 'The ID token came with another access token than its own.', cure: SUSPICIOUS },
  id_token_nonce: { cause: 'The ID token answers another request than the one that this browser made.', cure: FRESH },
  id_token_time: {
    cause: 'The ID token has expired, is not valid yet, or says that it was issued later than now.',
    cure: 'Set both clocks by a time service and try again.',
  },
  auth_time: {
    cause: 'The person had to authenticate anew, and the ID token does not say that they did.',
    cure: 'Have the provider send the claim auth_time (Entra: an optional claim). Google neither asks anew nor sends it.',
  },
  tenant: {
    cause: 'The person belongs to another tenant of the identity provider than the connection is for.',
    cure: "Sign in with an account of the connection's tenant; a shared issuer (common, organizations) needs the tenant's id.",
  },
  logout_token: {
    cause: 'What says that somebody logged out at the company is not valid.',
    cure: 'Compare issuer and client ID, and set both clocks by a time service; otherwise look for who sent it.',
  },
  no_logout: {
    cause: 'The identity provider announces no address at which a browser can log out.',
    cure: 'Nothing to set: people log out at the application only.',
  },
  userinfo: {
    cause: "The identity provider's userinfo does not answer, or speaks of somebody else.",
    cure: 'Put the claim email into the ID token, or repair userinfo at the identity provider.',
  },
} as const satisfies Record<string, RefusalText>;

export type OidcRefusalCode = keyof typeof OIDC_REFUSALS;
