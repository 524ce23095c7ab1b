// The algorithms that a signature may use; what is not in these tables does not exist. An algorithm is bound to its kind
// of key, so that no name can turn a public key into an HMAC secret, or an RSA name into an ECDSA check. XML Signature
// 1.1, section 6; RFC 6931.
import { constants, createHash, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { quoted, Refused } from './refusals.ts';

type SignatureScheme = {
  readonly hash: string;
  readonly keys: readonly string[];
  readonly pss?: true;
  readonly sha1?: true;
};

const RSA = ['rsa'];
const RSA_PSS = ['rsa', 'rsa-pss'];
const EC = ['ec'];

const SIGNATURES: ReadonlyMap<string, SignatureScheme> = new Map([
  ['http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', { hash: 'sha256', keys: RSA }],
  ['http://www.w3.org/2001/04/xmldsig-more#rsa-sha384', { hash: 'sha384', keys: RSA }],
  ['http://www.w3.org/2001/04/xmldsig-more#rsa-sha512', { hash: 'sha512', keys: RSA }],
  ['http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1', { hash: 'sha256', keys: RSA_PSS, pss: true }],
  ['http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1', { hash: 'sha384', keys: RSA_PSS, pss: true }],
  ['http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1', { hash: 'sha512', keys: RSA_PSS, pss: true }],
  ['http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256', { hash: 'sha256', keys: EC }],
  ['http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384', { hash: 'sha384', keys: EC }],
  ['http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512', { hash: 'sha512', keys: EC }],
  ['http://www.w3.org/2000/09/xmldsig#rsa-sha1', { hash: 'sha1', keys: RSA, sha1: true }],
]);

const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['http://www.w3.org/2001/04/xmlenc#sha256', 'sha256'],
  ['http://www.w3.org/2001/04/xmldsig-more#sha384', 'sha384'],
  // the name of XML Encryption 1.1, 5.8, under which .NET writes it
  ['http://www.w3.org/2001/04/xmlenc#sha384', 'sha384'],
  ['http://www.w3.org/2001/04/xmlenc#sha512', 'sha512'],
  ['http://www.w3.org/2000/09/xmldsig#sha1', 'sha1'],
]);

export type SigningKey = { readonly key: KeyObject; readonly fingerprint: string };

/** Which keys are believed, and whether a SHA-1 signature or digest is. */
export type SignaturePolicy = { readonly keys: readonly SigningKey[]; readonly allowSha1: boolean };

/** Refuses an algorithm that is not in the tables, and SHA-1 where the policy does not allow it. */
export function requireAlgorithms(uris: { signature: string; digest?: string }, { allowSha1 }: SignaturePolicy): void {
  const { signature, digest } = uris;
  const scheme = SIGNATURES.get(signature);
  if (!scheme) throw new Refused('signature_algorithm', quoted(signature));
  if (digest !== undefined && !DIGESTS.has(digest))
    throw new Refused('signature_algorithm', `digest ${quoted(digest)}`);
  const usesSha1 = scheme.sha1 === true || (digest !== undefined && DIGESTS.get(digest) === 'sha1');
  if (usesSha1 && !allowSha1) throw new Refused('signature_sha1', [signature, digest ?? ''].map(quoted).join(', '));
}

/** The connection's certificates that can be read, PEM or bare base64. Dates and chains play no part: trust is the list. */
export function signingKeys(certificates: readonly string[]): SigningKey[] {
  const keys = certificates.flatMap((certificate) => {
    try {
      const parsed = new X509Certificate(
        certificate.includes('-----BEGIN') ? certificate : Buffer.from(certificate, 'base64'),
      );
      return [{ key: parsed.publicKey, fingerprint: parsed.fingerprint256 }];
    } catch {
      return [];
    }
  });
  if (keys.length === 0) throw new Refused('certificate_unusable', `${certificates.length} certificates`);
  return keys;
}

/** The SHA-256 fingerprint of a certificate in base64; undefined when it cannot be read. */
export function fingerprintOf(base64: string): string | undefined {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64')).fingerprint256;
  } catch {
    return undefined;
  }
}

/** Whether the key made the signature over the text, by an algorithm that fits the key's kind. */
export function verifies(algorithm: string, key: KeyObject, text: string, signature: Buffer): boolean {
  const scheme = SIGNATURES.get(algorithm);
  if (!scheme?.keys.includes(key.asymmetricKeyType ?? '')) return false;
  const padding = scheme.pss
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
  return verify(scheme.hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363', ...padding }, signature);
}

/** The digest of a text by an algorithm of the list. */
export function digestOf(algorithm: string, text: string): Buffer {
  const hash = DIGESTS.get(algorithm);
  if (hash === undefined) throw new Refused('signature_algorithm', `digest ${algorithm}`);
  return createHash(hash).update(text, 'utf8').digest();
}
