// The client secret that Keycloak's identity providers present to our OIDC provider: derived, so that both sides
// compute it and nothing is stored. Pure.
import { createHash, createHmac } from 'node:crypto';

/** The secret of one provider client (`keycloak-acme`, `keycloak-invitation`): HMAC-SHA256, base64url (43 characters). */
export function idpClientSecret(providerSecret: string, clientId: string): string {
  return createHmac('sha256', providerSecret).update(clientId).digest('base64url');
}

/** Shows whether a stored secret is the present one without revealing it: Keycloak masks secrets when it is read. */
export function secretFingerprint(secret: string): string {
  return createHash('sha256').update(`fingerprint:${secret}`).digest('base64url').slice(0, 16);
}
