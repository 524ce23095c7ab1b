// Versions as weak ETags (RFC 7644 section 3.14, RFC 9110 section 13.1).
import { DomainError } from '../src/errors.ts';

const TAG = /^(?:W\/)?"(\d{1,10})"$/;

/** The ETag of a version. */
export function etagOf(version: number): string {
  return `W/"${version}"`;
}

/** The version that If-Match demands; undefined for none or `*`. Anything that no version can equal is a mismatch. */
export function versionOf(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const tag = TAG.exec(ifMatch.trim());
  if (!tag) throw new DomainError('version_mismatch', 'If-Match names no version of this resource.');
  return Number(tag[1]);
}

/** Whether the client has this version already, so that 304 is the answer. */
export function isKnownVersion(ifNoneMatch: string | undefined, version: number): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || TAG.exec(tag.trim())?.[1] === String(version));
}
