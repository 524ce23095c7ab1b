// What can go wrong in talking to Keycloak, told apart by what the caller does next: wait, or give this request up.
import { NetworkError } from '@keycloak/keycloak-admin-client';
import { DomainError } from '../errors.ts';

/** Keycloak did not answer, or not sensibly: network failure, time-out, 5xx. Whether a write took effect is unknown. */
export class KeycloakUnreachable extends DomainError {
  constructor(detail: string, cause?: unknown) {
    super('unavailable', detail, { cause });
    this.name = 'KeycloakUnreachable';
  }
}

/** Keycloak answered 4xx: the request had no effect, and sent again as it is will have none. */
export class KeycloakRefused extends DomainError {
  readonly status: number;
  /** Keycloak's own words. They can name other organizations: for logs and operators only. */
  readonly reason: string;

  constructor(status: number, path: string, reason: string, cause?: unknown) {
    super('internal', `Keycloak refused ${path} with ${status}: ${reason}`, { cause });
    this.name = 'KeycloakRefused';
    this.status = status;
    this.reason = reason;
  }
}

/** Whether an error is Keycloak's refusal with this status. */
export function isRefused(error: unknown, status: number): error is KeycloakRefused {
  return error instanceof KeycloakRefused && error.status === status;
}

/** What an answer that is no success means: a 5xx leaves it unknown whether a write took effect, a 4xx does not. */
export function failureOf(status: number, path: string, reason: string, cause?: unknown): DomainError {
  return status >= 500
    ? new KeycloakUnreachable(`Keycloak failed at ${path} with ${status}: ${reason}`, cause)
    : new KeycloakRefused(status, path, reason, cause);
}

/** Turns what fetch and the official client throw into one of the two above; anything else is returned as it is. */
export function translateError(error: unknown): unknown {
  if (error instanceof NetworkError) {
    const { status, url } = error.response;
    const path = new URL(url).pathname;
    return failureOf(status, path, reasonOf(error), error);
  }
  if (isTransportFailure(error)) return new KeycloakUnreachable(`Keycloak does not answer: ${reasonOf(error)}`, error);
  return error;
}

/** fetch reports a dead peer as a TypeError with a cause, and a passed time limit as a DOMException. */
function isTransportFailure(error: unknown): error is Error {
  if (error instanceof DOMException) return error.name === 'TimeoutError' || error.name === 'AbortError';
  return error instanceof TypeError && (error.message === 'fetch failed' || error.message === 'terminated');
}

function reasonOf(error: Error): string {
  const data: unknown = error instanceof NetworkError ? error.responseData : undefined;
  if (typeof data === 'object' && data !== null && 'error_description' in data) {
    return `${error.message}: ${String(data.error_description)}`;
  }
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
