// The refusals that the resources of a directory share.
import { DomainError } from '../errors.ts';

/** Says the same whether the id never existed, was deleted, or belongs to another tenant (law 5). */
export function noSuchResource(kind: 'user' | 'group' | 'agent' | 'agentic application', id: string): DomainError {
  return new DomainError('not_found', `This directory has no ${kind} ${id}.`);
}

export function staleVersion(version?: number): DomainError {
  const now = version === undefined ? '' : ` Its version is now W/"${version}".`;
  return new DomainError('version_mismatch', `The resource has changed since the version that If-Match names.${now}`);
}
