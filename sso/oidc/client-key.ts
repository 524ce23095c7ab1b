// The key by which we prove who we are to a company's provider without a shared secret (`private_key_jwt`, OpenID Connect
// Core 9): ours, sealed with the connection. The provider gets its public half as a key set, or as a certificate (Entra).
import { X509Certificate } from 'node:crypto';
import { importPKCS8, type JSONWebKeySet, type JWK } from 'jose';
import { type ClientAuth, modifyAssertion, PrivateKeyJwt } from 'openid-client';

const ALGORITHM = 'RS256';
/** For how long a provider may keep the public halves before it reads them again. */
export const CLIENT_KEYS_MAX_AGE_SECONDS = 300;

/** Both PEM. */
export type ClientKey = { readonly privateKey: string; readonly certificate: string };

/** Signs what openid-client sends; the thumbprint names the key to providers that were given the certificate. */
export async function authenticateByKey({ privateKey, certificate }: ClientKey): Promise<ClientAuth> {
  const kid = thumbprint(certificate);
  const key = await importPKCS8(privateKey, ALGORITHM);
  const nameKey = (header: Record<string, unknown>) => {
    header['x5t#S256'] = kid;
  };
  return PrivateKeyJwt({ key, kid }, { [modifyAssertion]: nameKey });
}

/** The public halves, to be fetched by the provider. */
export function publicClientKeys(keys: readonly Pick<ClientKey, 'certificate'>[]): JSONWebKeySet {
  return { keys: keys.map(({ certificate }) => publicKeyOf(certificate)) };
}

function publicKeyOf(certificate: string): JWK {
  const { publicKey, raw } = new X509Certificate(certificate);
  const kid = thumbprint(certificate);
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: ALGORITHM };
  return { ...jwk, x5c: [raw.toString('base64')], 'x5t#S256': kid } as JWK;
}

function thumbprint(certificate: string): string {
  const { fingerprint256 } = new X509Certificate(certificate);
  return Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
}
