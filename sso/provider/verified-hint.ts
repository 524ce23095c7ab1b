// Reads an ID token of ours that comes back as `id_token_hint`: whose session it was. It may be long expired (OpenID
// Connect RP-Initiated Logout 1.0, section 2), so only its signature, issuer and audience count.
import { compactVerify, createLocalJWKSet, decodeJwt, errors, type JWTPayload } from 'jose';
import type { SsoDeps } from '../deps.ts';
import type { KeyRing } from './key-ring.ts';

/** Its claims; undefined for anything but a token that we issued for this client and whose key is still kept. */
export async function verifiedHint(
  deps: { readonly config: Pick<SsoDeps['config'], 'baseUrl'>; readonly keyRing: KeyRing },
  clientId: string,
  hint: string,
): Promise<JWTPayload | undefined> {
  if (hint === '') return undefined;
  const keys = createLocalJWKSet((await deps.keyRing.keys()).published);
  try {
    await compactVerify(hint, keys, { algorithms: ['RS256'] });
    const claims = decodeJwt(hint);
    return claims.iss === `${deps.config.baseUrl}/oidc` && claims.aud === clientId ? claims : undefined;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
