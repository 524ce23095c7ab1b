// How an organization's people must sign in, and who of its owners comes in by password whatever happens. Pure.

export type SignInPolicy = {
  /** `enforced`: people of its verified domains come in through the company only. */
  readonly enforcement: 'off' | 'enforced';
  readonly enforcedAt: Date | undefined;
  /** Whether enforcement holds people whose address is in none of the verified domains. */
  readonly guests: 'exempt' | 'held';
  /** How long a sign-in counts here; undefined = as long as the session lives. */
  readonly maxSessionSeconds: number | undefined;
  /** `required`: Keycloak asks every member for a second factor, after the company too. */
  readonly secondFactor: 'off' | 'required';
};

export type BreakGlassOwner = {
  readonly memberId: string;
  readonly address: string | undefined;
  readonly displayName: string | undefined;
  readonly namedAt: Date;
  /** From here on a sign-in by password proves; undefined while Keycloak is still being made ready. */
  readonly readyAt: Date | undefined;
  readonly provedAt: Date | undefined;
  /** The last session after the one that proved. */
  readonly lastUsedAt: Date | undefined;
  /** Still an active owner whose sign-in no other organization decides. */
  readonly usable: boolean;
};

/** What is missing before enforcing is safe, each with its cure. */
export type Missing = {
  readonly code: 'no_active_connection' | 'domain_uncovered' | 'no_recent_test' | 'no_break_glass';
  readonly detail: string;
};

export const MISSING: Readonly<Record<Missing['code'], string>> = {
  no_active_connection: 'No connection is active: nobody could sign in. Activate one.',
  domain_uncovered:
    'A verified domain is in no active connection, so its people would have no way in. Add it to the domains of one:',
  no_recent_test:
    'You have not signed in by a test of an active connection within 24 hours. Run one: POST …/connections/{id}/test.',
  no_break_glass:
    'No break-glass owner has proved to come in. Name one, who then signs in by password and second factor.',
};

/** Owners who would get in if the company's provider failed now. */
export function canBreakGlass(owners: readonly BreakGlassOwner[]): boolean {
  return owners.some(({ usable, provedAt }) => usable && provedAt !== undefined);
}
