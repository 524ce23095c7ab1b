// Whole requests that the journal keeps: secrets removed, then encrypted so that they open only in their own row. Pure but
// for the random nonce.
import { openBytes, sealBytes } from '../seal.ts';

const LARGEST = 1024 * 1024;
const SECRET_NAME = /pass(word|phrase)|secret|token|credential|private_?key/i;
const REMOVED = '[removed]';

/** A request as it came, without its headers. */
export type KeptMessage = {
  readonly method: string;
  /** Path and query, relative to the service. */
  readonly url: string;
  readonly body: unknown;
};

/** Encrypts a request for its entry; undefined for one that is too large to be kept. */
export function sealMessage(secretKey: string, entryId: string, message: KeptMessage): Buffer | undefined {
  const kept = { ...message, url: redactUrl(message.url), body: redactBody(message.body) };
  const text = JSON.stringify(kept);
  if (text.length > LARGEST) return undefined;
  return sealBytes(secretKey, purposeOf(entryId), Buffer.from(text));
}

/** What `sealMessage` made for this entry. */
export function openMessage(secretKey: string, entryId: string, sealed: Uint8Array): KeptMessage {
  return JSON.parse(openBytes(secretKey, purposeOf(entryId), sealed).toString()) as KeptMessage;
}

/** A path and query whose parameters named like secrets have lost their values. */
export function redactUrl(url: string): string {
  const mark = url.indexOf('?');
  if (mark < 0 || !SECRET_NAME.test(url.slice(mark))) return url;
  const parts = url.slice(mark + 1).split('&');
  const kept = parts.map((part) => {
    const name = part.split('=', 1)[0]!;
    return SECRET_NAME.test(name) ? `${name}=${encodeURIComponent(REMOVED)}` : part;
  });
  return `${url.slice(0, mark)}?${kept.join('&')}`;
}

/** A copy of a JSON value in which whatever is named like a secret has lost its value, a PATCH's `path` included. */
function redactBody(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redactBody);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const namesSecret = entries.some(([key, part]) => /^path$/i.test(key) && SECRET_NAME.test(String(part)));
  return Object.fromEntries(
    entries.map(([key, part]) => {
      const isSecret = SECRET_NAME.test(key) || (namesSecret && /^value$/i.test(key));
      return [key, isSecret ? REMOVED : redactBody(part)];
    }),
  );
}

function purposeOf(entryId: string): string {
  return `scim_journal_body ${entryId}`;
}
