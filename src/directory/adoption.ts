// A directory states somebody who is a member already, and may not take them over by itself: the request waits for an
// administrator, and until then nothing of what the directory says touches the member (design, section 5). Pure.

export const ADOPTION_STATES = ['waiting', 'declined', 'approved'] as const;
export type AdoptionState = (typeof ADOPTION_STATES)[number];

export type Adoption = {
  readonly memberId: string;
  readonly directoryId: string;
  readonly state: AdoptionState;
  readonly reason: string;
  readonly userName: string;
  readonly externalId: string | undefined;
  /** What the directory says of the user now. */
  readonly active: boolean;
  readonly since: Date;
  readonly member: { readonly address: string | undefined; readonly status: string; readonly roleKey: string };
};

const SENTENCES: Readonly<Record<string, string>> = {
  break_glass: 'The member is a break-glass owner: no directory may hold them, and nobody can approve it.',
  admin_rights: 'The member has, or is offered, rights over others: a directory takes nobody over who has them.',
  address_not_verified: 'Only an address names the member, and the organization has not verified its domain.',
  another_external_id:
    'The directory had deleted a user of this address, and now states another externalId: it may be somebody else.',
};

/** Why the request waits, as a sentence for an admin. */
export function explainAdoption(reason: string): string {
  return SENTENCES[reason] ?? reason;
}
