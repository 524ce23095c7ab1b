// RSA-OAEP with one hash for the label and another for the mask: `rsa-oaep-mgf1p` with a SHA-256 digest, as Java's library
// writes it. OpenSSL through Node takes one hash for both, so the padding is undone here. RFC 8017, 7.1.2. Nothing ends
// early and all faults are one, so that no ciphertext can be opened by asking often (Manger, CRYPTO 2001).
import { constants, createHash, privateDecrypt } from 'node:crypto';

export type OaepHashes = { readonly hash: string; readonly maskHash: string };

/**
 * Unwraps a key.
 *
 * @param privateKey PEM
 * @throws an unnamed error when it was not wrapped so, for this key
 */
export function unwrapKey(wrapped: Buffer, privateKey: string, { hash, maskHash }: OaepHashes): Buffer {
  if (hash === maskHash) {
    return privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash }, wrapped);
  }
  return unpad(privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, wrapped), hash, maskHash);
}

/** 0 ‖ seed masked by the block ‖ (hash of the label ‖ zeros ‖ 1 ‖ message) masked by the seed */
function unpad(encoded: Buffer, hash: string, maskHash: string): Buffer {
  const label = createHash(hash).digest();
  const maskedSeed = encoded.subarray(1, 1 + label.length);
  const maskedBlock = encoded.subarray(1 + label.length);
  const seed = xor(maskedSeed, mask(maskedBlock, maskedSeed.length, maskHash));
  const block = xor(maskedBlock, mask(seed, maskedBlock.length, maskHash));
  let wrong = encoded[0] as number;
  for (let at = 0; at < label.length; at += 1) wrong |= (block[at] as number) ^ (label[at] as number);
  let [found, start] = [0, 0];
  for (let at = label.length; at < block.length; at += 1) {
    const byte = block[at] as number;
    const isOne = Number(byte === 1) & ~found;
    start += isOne * (at + 1);
    wrong |= Number(byte > 1) & ~found & 1;
    found |= isOne;
  }
  if ((wrong | (found ^ 1)) !== 0) throw new Error('oaep');
  return block.subarray(start);
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, at) => byte ^ (b[at] as number)));
}

/** MGF1, RFC 8017 B.2.1. */
function mask(seed: Buffer, length: number, hash: string): Buffer {
  const parts: Buffer[] = [];
  const counter = Buffer.alloc(4);
  for (let made = 0; made < length; made += (parts.at(-1) as Buffer).length) {
    parts.push(createHash(hash).update(seed).update(counter).digest());
    counter.writeUInt32BE(parts.length);
  }
  return Buffer.concat(parts).subarray(0, length);
}
