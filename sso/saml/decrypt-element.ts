// Encrypted assertions and NameIDs: RSA-OAEP for the key and AES for the data, by node:crypto. (samlify takes rsa-1_5 and knows no
// OAEP with SHA-256.) All failures behind the first private-key operation share one code and one detail, so that a
// sender learns nothing about padding. XML Encryption 1.1, sections 5.2 to 5.5; SAML core 2.3.4 and 6.1.
import { createDecipheriv } from 'node:crypto';
import { decodeBase64 } from './base64.ts';
import { attribute, child, children, elements, escapeXml, parseXml, plainText } from './dom.ts';
import { NS } from './names.ts';
import { type OaepHashes, unwrapKey } from './oaep.ts';
import { quoted, Refused } from './refusals.ts';
import { scanXml } from './scan-xml.ts';

type Cipher = { readonly name: string; readonly keyBytes: number; readonly mode: 'gcm' | 'cbc' };

const CIPHERS: ReadonlyMap<string, Cipher> = new Map([
  ['http://www.w3.org/2009/xmlenc11#aes128-gcm', { name: 'aes-128-gcm', keyBytes: 16, mode: 'gcm' }],
  ['http://www.w3.org/2009/xmlenc11#aes192-gcm', { name: 'aes-192-gcm', keyBytes: 24, mode: 'gcm' }],
  ['http://www.w3.org/2009/xmlenc11#aes256-gcm', { name: 'aes-256-gcm', keyBytes: 32, mode: 'gcm' }],
  ['http://www.w3.org/2001/04/xmlenc#aes128-cbc', { name: 'aes-128-cbc', keyBytes: 16, mode: 'cbc' }],
  ['http://www.w3.org/2001/04/xmlenc#aes192-cbc', { name: 'aes-192-cbc', keyBytes: 24, mode: 'cbc' }],
  ['http://www.w3.org/2001/04/xmlenc#aes256-cbc', { name: 'aes-256-cbc', keyBytes: 32, mode: 'cbc' }],
]);

const OAEP_MGF1P = 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p';
const RSA_1_5 = 'http://www.w3.org/2001/04/xmlenc#rsa-1_5';
const OAEP_11 = 'http://www.w3.org/2009/xmlenc11#rsa-oaep';
const SHA1 = 'http://www.w3.org/2000/09/xmldsig#sha1';
const OAEP_HASHES: ReadonlyMap<string, string> = new Map([
  [SHA1, 'sha1'],
  ['http://www.w3.org/2001/04/xmlenc#sha256', 'sha256'],
  ['http://www.w3.org/2001/04/xmldsig-more#sha384', 'sha384'],
  ['http://www.w3.org/2001/04/xmlenc#sha384', 'sha384'],
  ['http://www.w3.org/2001/04/xmlenc#sha512', 'sha512'],
]);
const MASK_HASHES: ReadonlyMap<string, string> = new Map(
  ['sha1', 'sha256', 'sha384', 'sha512'].map((hash) => [`http://www.w3.org/2009/xmlenc11#mgf1${hash}`, hash]),
);
const GCM_IV = 12;
const GCM_TAG = 16;
const CBC_BLOCK = 16;

export type Encrypted = {
  readonly place: Element;
  readonly cipher: Cipher;
  readonly key: TransportedKey;
  readonly data: Buffer;
};

/**
 * Reads an EncryptedAssertion or EncryptedID; throws Refused for a shape or algorithm that is not accepted.
 *
 * @param recipient our own entity ID, for which one of several wrapped keys is
 */
export function readEncrypted(place: Element, recipient: string): Encrypted {
  const data = only(place, NS.encryption, 'EncryptedData');
  const cipher = CIPHERS.get(methodOf(data));
  if (!cipher) throw new Refused('encryption_algorithm', quoted(methodOf(data)));
  return { place, cipher, key: readEncryptedKey(keyFor(recipient, place, data)), data: cipherValue(data) };
}

/** Whether somebody else can change the ciphertext and learn from the answer: AES-CBC has no tag. */
export function isMalleable({ cipher }: Encrypted): boolean {
  return cipher.mode === 'cbc';
}

/**
 * Decrypts; answers the one element that was in it.
 *
 * @param privateKeys PEM; each is tried
 */
export function decryptElement({ place, cipher, key, data }: Encrypted, privateKeys: readonly string[]): Element {
  for (const privateKey of privateKeys) {
    const plain = tryDecrypt(cipher, key, data, privateKey);
    const opened = plain === undefined ? undefined : tryOpen(plain, place);
    if (opened) return opened;
  }
  throw decryptionFailed();
}

/** The one answer to all that can go wrong behind the private key. */
export function decryptionFailed(): Refused {
  return new Refused('decryption_failed', 'no key of ours opens it');
}

type TransportedKey = OaepHashes & { readonly value: Buffer };

/**
 * The EncryptedKey stands in the data's KeyInfo or beside the data (with a RetrievalMethod, or none). There may be one for
 * each of several recipients (SAML core 6.1); then ours names us, so that the private key is asked once.
 */
function keyFor(recipient: string, encrypted: Element, data: Element): Element {
  const keyInfo = child(data, NS.signature, 'KeyInfo');
  const inside = keyInfo ? children(keyInfo, NS.encryption, 'EncryptedKey') : [];
  const keys = [...inside, ...children(encrypted, NS.encryption, 'EncryptedKey')];
  const ours = keys.length > 1 ? keys.filter((key) => attribute(key, 'Recipient') === recipient) : keys;
  const [key] = ours;
  if (!key || ours.length > 1) {
    throw new Refused('encryption_shape', `${keys.length} encrypted keys, ${ours.length} for us`);
  }
  return key;
}

function readEncryptedKey(key: Element): TransportedKey {
  const algorithm = methodOf(key);
  const method = only(key, NS.encryption, 'EncryptionMethod');
  const digest = child(method, NS.signature, 'DigestMethod');
  const hash = OAEP_HASHES.get((digest && attribute(digest, 'Algorithm')) ?? SHA1);
  const mask = child(method, NS.encryption11, 'MGF');
  const maskHash = algorithm === OAEP_11 && mask ? MASK_HASHES.get(attribute(mask, 'Algorithm') ?? '') : 'sha1';
  if (algorithm === RSA_1_5) throw new Refused('encryption_rsa15', quoted(algorithm));
  const isOaep = algorithm === OAEP_MGF1P || algorithm === OAEP_11;
  if (!isOaep || hash === undefined || maskHash === undefined || child(method, NS.encryption, 'OAEPparams')) {
    throw new Refused('encryption_algorithm', `key transport ${quoted(algorithm)}, ${hash}, mask ${maskHash}`);
  }
  return { value: cipherValue(key), hash, maskHash };
}

function tryDecrypt(cipher: Cipher, key: TransportedKey, data: Buffer, privateKey: string): string | undefined {
  try {
    const secret = unwrapKey(key.value, privateKey, key);
    if (secret.length !== cipher.keyBytes) return undefined;
    const bytes = cipher.mode === 'gcm' ? decryptGcm(cipher, secret, data) : decryptCbc(cipher, secret, data);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function decryptGcm(cipher: Cipher, key: Buffer, data: Buffer): Buffer {
  if (data.length < GCM_IV + GCM_TAG) throw new Error('too short');
  const decipher = createDecipheriv(cipher.name as 'aes-256-gcm', key, data.subarray(0, GCM_IV), {
    authTagLength: GCM_TAG,
  });
  decipher.setAuthTag(data.subarray(-GCM_TAG));
  return Buffer.concat([decipher.update(data.subarray(GCM_IV, -GCM_TAG)), decipher.final()]);
}

function decryptCbc(cipher: Cipher, key: Buffer, data: Buffer): Buffer {
  const decipher = createDecipheriv(cipher.name, key, data.subarray(0, CBC_BLOCK));
  // XML Encryption pads with any bytes and a count, not with PKCS#7.
  decipher.setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(data.subarray(CBC_BLOCK)), decipher.final()]);
  const count = padded.at(-1) ?? 0;
  if (count < 1 || count > CBC_BLOCK) throw new Error('padding');
  return padded.subarray(0, padded.length - count);
}

/** The plaintext takes the place of the ciphertext, so it may use prefixes that were declared around it. */
function tryOpen(plain: string, place: Element): Element | undefined {
  const declarations = [...namespacesAt(place)].map(([name, uri]) => ` ${name}="${escapeXml(uri)}"`).join('');
  const text = `<decrypted${declarations}>${plain.replace(/^\ufeff?<\?xml[^>]*\?>/, '')}</decrypted>`;
  try {
    if (scanXml(text)) return undefined;
    const [element, ...others] = elements(parseXml(text).documentElement);
    return others.length === 0 ? element : undefined;
  } catch {
    return undefined;
  }
}

function namespacesAt(place: Element): Map<string, string> {
  const found = new Map<string, string>();
  const root = place.ownerDocument.documentElement;
  for (let element = place; ; element = element.parentNode as Element) {
    for (const { name, value } of Array.from(element.attributes)) {
      if ((name === 'xmlns' || name.startsWith('xmlns:')) && !found.has(name)) found.set(name, value);
    }
    if (element === root) return found;
  }
}

function methodOf(element: Element): string {
  return attribute(only(element, NS.encryption, 'EncryptionMethod'), 'Algorithm') ?? '';
}

function cipherValue(element: Element): Buffer {
  const text = plainText(only(only(element, NS.encryption, 'CipherData'), NS.encryption, 'CipherValue'));
  const bytes = text === undefined ? undefined : decodeBase64(text);
  if (!bytes) throw new Refused('encryption_shape', 'no CipherValue, or not base64');
  return bytes;
}

function only(parent: Element, namespace: string, name: string): Element {
  const [first, ...others] = children(parent, namespace, name);
  if (!first || others.length > 0) throw new Refused('encryption_shape', `${others.length + (first ? 1 : 0)} ${name}`);
  return first;
}
