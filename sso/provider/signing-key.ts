// How the keys of our OIDC provider follow each other. A key is published a day before it signs, so that nobody meets a
// signature of a key that their cache does not hold; and kept after it, as long as a session in Keycloak lasts, because
// the ID token of that session comes back as a hint at logout. Pure.
export type SigningKeyStatus = 'next' | 'current' | 'retired';

export type SigningKeyTimes = {
  readonly id: string;
  readonly status: SigningKeyStatus;
  readonly createdAt: Date;
  /** Undefined for the one that waits. */
  readonly currentSince: Date | undefined;
  readonly retiredAt: Date | undefined;
};

export type KeyChange =
  | { readonly kind: 'make'; readonly status: 'current' | 'next' }
  | { readonly kind: 'promote'; readonly id: string; readonly retires: string }
  | { readonly kind: 'drop'; readonly id: string };

const HOUR_MS = 3600 * 1000;
const SIGNS_MS = 30 * 24 * HOUR_MS;
const PUBLISHED_BEFORE_MS = 24 * HOUR_MS;
/** Keycloak's longest session, and the hour that a published set may be cached. */
const KEPT_MS = 11 * HOUR_MS;

/** What is due now, in order; applying it leaves nothing due. */
export function dueKeyChanges(keys: readonly SigningKeyTimes[], now: Date): KeyChange[] {
  const age = (since: Date | undefined) => (since === undefined ? 0 : now.getTime() - since.getTime());
  const current = keys.find(({ status }) => status === 'current');
  const next = keys.find(({ status }) => status === 'next');
  const changes: KeyChange[] = keys
    .filter(({ status, retiredAt }) => status === 'retired' && age(retiredAt) >= KEPT_MS)
    .map(({ id }) => ({ kind: 'drop', id }));
  if (!current) return [...changes, { kind: 'make', status: 'current' }];
  const signed = age(current.currentSince);
  if (!next) return signed >= SIGNS_MS - PUBLISHED_BEFORE_MS ? [...changes, { kind: 'make', status: 'next' }] : changes;
  const published = age(next.createdAt) >= PUBLISHED_BEFORE_MS;
  return signed >= SIGNS_MS && published
    ? [...changes, { kind: 'promote', id: next.id, retires: current.id }]
    : changes;
}
