// Values that are stored encrypted: AES-256-GCM under a key derived from SECRET_KEY by HKDF, one key per purpose, so
// that a sealed value opens only where it was meant to stand. Pure but for the random nonce.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** 32 bytes derived from the installation's secret; `purpose` names the one use (RFC 5869, info). */
export function deriveKey(secretKey: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, 'drawbridge', purpose, 32));
}

/** Encrypts: format byte, nonce, tag, ciphertext. `purpose` should name table and row kind, and the row where it can. */
export function sealBytes(secretKey: string, purpose: string, plain: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', deriveKey(secretKey, purpose), nonce);
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([Buffer.from([FORMAT]), nonce, cipher.getAuthTag(), sealed]);
}

/** Decrypts what `sealBytes` made for the same purpose; throws if it was changed, moved, or sealed by another key. */
export function openBytes(secretKey: string, purpose: string, sealed: Uint8Array): Buffer {
  const bytes = Buffer.from(sealed);
  if (bytes[0] !== FORMAT) throw new Error('A sealed value has a format that this version does not know.');
  const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
  const tag = bytes.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', deriveKey(secretKey, purpose), nonce);
  decipher.setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(bytes.subarray(1 + NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    throw new Error('A sealed value does not open. Was SECRET_KEY changed?', { cause });
  }
}
