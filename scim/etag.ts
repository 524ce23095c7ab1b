// Versions as weak ETags, and what a request demands of them (RFC 7644 section 3.14, RFC 9110 section 13). All tags are
// compared weakly: a resource has one representation for each of its versions.
import { createHash } from 'node:crypto';
import { DomainError } from '../src/errors.ts';
import type { ScimAnswer } from './exchange.ts';

type Conditions = { readonly ifMatch: string | undefined; readonly ifNoneMatch: string | undefined };

const LIST = /^\s*(?:W\/)?"[^"]*"(?:\s*,\s*(?:W\/)?"[^"]*")*\s*$/;
const TAG = /"([^"]*)"/g;
const VERSION = /^[1-9]\d{0,8}$/;

/** The ETag of a version. */
export function etagOf(version: number): string {
  return `W/"${version}"`;
}

/**
 * The version that a change must find, or undefined where any will do: `present` is asked only where the headers name
 * more than one. Throws `version_mismatch` where they exclude the present version.
 */
export async function demandedVersion(
  { ifMatch, ifNoneMatch }: Conditions,
  present: () => Promise<number> | number,
): Promise<number | undefined> {
  if (ifMatch === undefined && ifNoneMatch === undefined) return undefined;
  const wanted = ifMatch === undefined ? 'any' : tagsOf(ifMatch);
  if (ifNoneMatch === undefined) {
    if (wanted === 'any') return undefined;
    const [only, ...others] = wanted.filter((tag) => VERSION.test(tag));
    if (only === undefined) throw new DomainError('version_mismatch', 'If-Match names no version of this resource.');
    if (others.length === 0) return Number(only);
  }
  const version = await present();
  refuseUnwanted(wanted, version);
  if (ifNoneMatch !== undefined && names(tagsOf(ifNoneMatch), version)) {
    throw new DomainError('version_mismatch', `If-None-Match names the version that the resource has, W/"${version}".`);
  }
  return version;
}

/** Whether the client of a GET has this version already, so that 304 is the answer. Throws `version_mismatch`. */
export function isKnownVersion({ ifMatch, ifNoneMatch }: Conditions, version: number): boolean {
  if (ifMatch !== undefined) refuseUnwanted(tagsOf(ifMatch), version);
  return ifNoneMatch !== undefined && names(tagsOf(ifNoneMatch), version);
}

/** The answer to a GET of a document that has no version of its own: its ETag is made of its text. */
export function documentAnswer(conditions: Conditions, body: string): ScimAnswer {
  const tag = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  const headers = { ETag: `W/"${tag}"` };
  const isNamed = (header: string) => {
    const tags = tagsOf(header);
    return tags === 'any' || tags.includes(tag);
  };
  if (conditions.ifMatch !== undefined && !isNamed(conditions.ifMatch)) {
    throw new DomainError('version_mismatch', 'The document is another than the one that If-Match names.');
  }
  if (conditions.ifNoneMatch !== undefined && isNamed(conditions.ifNoneMatch)) return { status: 304, headers };
  return { status: 200, body, headers };
}

function refuseUnwanted(wanted: 'any' | readonly string[], version: number): void {
  if (names(wanted, version)) return;
  throw new DomainError('version_mismatch', `The resource has changed: its version is W/"${version}".`);
}

function names(tags: 'any' | readonly string[], version: number): boolean {
  return tags === 'any' || tags.includes(String(version));
}

/** What is no list of tags names nothing. */
function tagsOf(header: string): 'any' | readonly string[] {
  if (header.trim() === '*') return 'any';
  return LIST.test(header) ? [...header.matchAll(TAG)].map(([, tag]) => tag!) : [];
}
