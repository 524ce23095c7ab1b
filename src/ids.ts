// Identifiers and secrets: UUIDv7 keys (RFC 9562), 256-bit secrets that are stored only as hashes (law 7).
import { hash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

let millisecond = 0;
let count = 0;

/**
 * A new UUIDv7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, 12 that count the ids of one millisecond (section
 * 6.2, method 1), then 62 random bits. Each sorts behind all that this process has made before, also where the clock
 * was set back, so that a list in the order of ids is in the order of creation.
 */
export function newId(): string {
  const now = Date.now();
  if (now > millisecond) {
    millisecond = now;
    count = 0;
  } else if (++count === 0x1000) {
    millisecond++;
    count = 0;
  }
  const time = millisecond.toString(16).padStart(12, '0');
  const counter = count.toString(16).padStart(3, '0');
  // its random bits come from a pool that node fills for many at a time
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter}${randomUUID().slice(18)}`;
}

/** Whether a text can stand in a uuid column; ids from outside are checked before they reach SQL. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** A new secret of 256 random bits, base64url without padding (43 characters). */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored of a secret: its SHA-256. A 256-bit random secret needs no salt and no slow hash. */
export function hashSecret(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

/** Compares two secrets in constant time, whatever their lengths. */
export function secretsEqual(a: string, b: string): boolean {
  return timingSafeEqual(hashSecret(a), hashSecret(b));
}
