// What somebody may do in one organization, and what they may therefore hand on (law 4).
import { covers, PERMISSIONS } from './permissions.ts';

export type Rights = {
  readonly permissions: ReadonlySet<string>;
  readonly fullControl: boolean;
  /** The member whose rights these are; undefined for operators and for keys of no member. */
  readonly memberId: string | undefined;
};

/** What a role, a key or a rule gives to whoever gets it. */
export type Offer = { readonly permissions: readonly string[]; readonly fullControl: boolean };

export const OPERATOR_RIGHTS: Rights = {
  permissions: new Set(PERMISSIONS),
  fullControl: true,
  memberId: undefined,
};

/** Law 4: full control may hand on everything, anybody else only what they hold, and never full control. */
export function mayGrant(held: Rights, offer: Offer): boolean {
  return held.fullControl || (!offer.fullControl && covers(held.permissions, offer.permissions));
}
