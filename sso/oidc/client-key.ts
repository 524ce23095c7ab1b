// The key by which we prove who we are to a company's provider without a shared secret (`private_key_jwt`, OpenID Connect
// Core 9): ours, sealed with the connection. The provider gets its public half as a key set, or as a certificate (Entra).
import { X509Certificate } from 'node:crypto';
import { importPKCS8, type JSONWebKeySet, type JWK } from 'jose';
import { type ClientAuth, modifyAssertion, PrivateKeyJwt } from 'openid-client';

const ALGORITHM = 'RS256';

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

/** The public half, to be fetched by the provider. */
export function publicClientKeys({ certificate }: Pick<ClientKey, 'certificate'>): JSONWebKeySet {
  const { publicKey, raw } = new X509Certificate(certificate);
  const kid = thumbprint(certificate);
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: ALGORITHM };
  return { keys: [{ ...jwk, x5c: [raw.toString('base64')], 'x5t#S256': kid } as JWK] };
}

function thumbprint(certificate: string): string {
  const { fingerprint256 } = new X509Certificate(certificate);
  return Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
}
