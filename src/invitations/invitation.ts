// What an invitation is: its states, its limits, and the address that it is bound to. Pure.
import type { Actor } from '../context.ts';
import { DomainError } from '../errors.ts';

export type InvitationState = 'pending' | 'accepted' | 'cancelled' | 'expired';

export const INVITATION_STATES = ['pending', 'accepted', 'cancelled', 'expired'] as const;

export const LONGEST_LIFETIME_HOURS = 30 * 24;

/** How many mails one address may get from one organization within an hour: the first and five more. */
export const MAILS_PER_HOUR = 6;
export const HOUR_MS = 3_600_000;

/** Who made the offer, as the mail and the page name them; `name` is missing for operators and for keys of no member. */
export type Inviter = { readonly kind: Actor['kind']; readonly id: string; readonly name?: string };

export type InvitedTeam = { readonly id: string; readonly key: string; readonly displayName: string };

export type Invitation = {
  readonly id: string;
  readonly orgId: string;
  readonly organizationName: string;
  readonly memberId: string;
  readonly address: string;
  readonly role: { readonly key: string; readonly displayName: string };
  readonly teams: readonly InvitedTeam[];
  readonly message: string | undefined;
  readonly state: InvitationState;
  readonly inviter: Inviter;
  /** How many links were made for it; the last one lives. */
  readonly sentCount: number;
  readonly lastSentAt: Date | undefined;
  readonly delivery: 'queued' | 'sent' | 'failed';
  readonly deliveryError: string | undefined;
  readonly expiresAt: Date;
  readonly acceptedAt: Date | undefined;
  readonly createdAt: Date;
};

const LOCAL_PART = /^[^\s@<>()[\]\\,;:"\p{C}]{1,64}$/u;
const DOMAIN = /^(?=.{3,253}$)(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,63}$/u;

/**
 * An e-mail address as it will be written (trimmed, Unicode NFC); throws `invalid_value` for what no mail would reach.
 * Quoted local parts and address literals (RFC 5321, 4.1.2) are refused: nobody is invited by one.
 */
export function parseAddress(text: string): string {
  const address = text.trim().normalize('NFC');
  const at = address.lastIndexOf('@');
  const [local, domain] = [address.slice(0, at), address.slice(at + 1)];
  const dotted = local.startsWith('.') || local.endsWith('.') || local.includes('..');
  if (at < 1 || address.length > 254 || dotted || !LOCAL_PART.test(local) || !DOMAIN.test(domain)) {
    throw new DomainError('invalid_value', 'This is not an e-mail address that mail could reach.', {
      data: { field: 'email' },
    });
  }
  return address;
}

/** Enough of an address for its owner to know it, too little for anybody else: `a•••@e•••.test`. */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@');
  const domain = address.slice(at + 1);
  const dot = domain.lastIndexOf('.');
  return `${[...address][0]}•••@${[...domain][0]}•••${domain.slice(dot)}`;
}
