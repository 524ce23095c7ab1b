// A member's place in one organization, and why it is what it is.

export type MemberStatus = 'invited' | 'pending' | 'active' | 'suspended' | 'removed' | 'purged';

export type Member = {
  readonly id: string;
  readonly personId: string | undefined;
  readonly kind: 'human' | 'service' | 'group';
  readonly status: MemberStatus;
  readonly pendingReason: string | undefined;
  readonly roleKey: string;
  readonly address: string | undefined;
  readonly displayName: string | undefined;
  readonly givenName: string | undefined;
  readonly familyName: string | undefined;
  readonly endsAt: Date | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

export type ExplainedGrant = {
  readonly target: { readonly kind: 'team' | 'role'; readonly ref: string };
  readonly source: string;
  readonly ref: string;
  /** Kept although its source took it away, because nobody else would have had full control. */
  readonly retained: boolean;
  readonly since: Date;
};

export type Explanation = {
  readonly carriers: readonly { readonly source: string; readonly ref: string; readonly since: Date }[];
  readonly blocks: readonly {
    readonly source: string;
    readonly ref: string;
    readonly reason: string;
    readonly since: Date;
  }[];
  readonly grants: readonly ExplainedGrant[];
  readonly teams: readonly { readonly id: string; readonly key: string; readonly displayName: string }[];
  readonly permissions: readonly string[];
  readonly fullControl: boolean;
};

const PENDING_SENTENCES: Readonly<Record<string, string>> = {
  no_address: 'No address is known, so there can be no account.',
  address_not_verified:
    'The address is not of a domain that the organization has verified. Verify the domain, or invite the person.',
  address_taken: 'A person with this address exists who must prove it, by signing in, or an operator decides.',
};

/** Why somebody waits, as a sentence for an admin. */
export function explainPending(reason: string): string {
  return PENDING_SENTENCES[reason] ?? reason;
}
