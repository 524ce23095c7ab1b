// An organization as the API and other parts see it.
import { domainToASCII } from 'node:url';
import type { StoredPolicy } from './policy.ts';

export type Organization = {
  readonly id: string;
  /** Immutable, never used again; the alias in Keycloak. */
  readonly key: string;
  readonly displayName: string;
  readonly defaultRole: string;
  /** Undefined = the plan does not count seats. */
  readonly seatLimit: number | undefined;
  readonly policy: StoredPolicy;
  readonly policyVersion: number;
  readonly frozenAt: Date | undefined;
  readonly frozenReason: string | undefined;
  readonly createdAt: Date;
};

/** `proved`: seen in DNS through a set-up link; somebody with full control makes it `verified`. */
export type DomainStatus = 'pending' | 'proved' | 'verified' | 'lost';
export type DomainMethod = 'dns' | 'operator';

export type Domain = {
  readonly domain: string;
  readonly status: DomainStatus;
  readonly method: DomainMethod | undefined;
  /** What the TXT record at `_drawbridge.<domain>` must hold. */
  readonly txtValue: string;
  readonly verifiedAt: Date | undefined;
  /** Every subdomain that nobody has verified by itself counts as this domain. */
  readonly includeSubdomains: boolean;
  /** What the last look into DNS found; undefined = there was none. */
  readonly lastCheck: { readonly at: Date; readonly found: 'found' | 'missing' | 'unanswered' } | undefined;
  readonly nextCheckAt: Date | undefined;
  readonly lostAt: Date | undefined;
  /** Lost, and its people's sign-ins ended too. */
  readonly endedAt: Date | undefined;
  /** Claimed or proved through a set-up link. */
  readonly bySetupLink: boolean;
};

const SIGN_INS_AFTER_LOSS_MS = 14 * 24 * 60 * 60 * 1000;

/** Until when those who sign in already can, of a domain that is lost (end_lost_domains in the migrations). */
export function signInsUntil({ lostAt, endedAt }: Domain): Date | undefined {
  return endedAt ?? (lostAt && new Date(lostAt.getTime() + SIGN_INS_AFTER_LOSS_MS));
}

const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;

/** The ASCII form of a mail domain, or undefined for what cannot be one. */
export function parseDomain(text: string): string | undefined {
  const domain = domainToASCII(text.trim().replace(/\.$/, ''));
  const labels = domain.split('.');
  if (labels.length < 2 || domain.length > 253) return undefined;
  return labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '') ? domain : undefined;
}

/** Where the proof of a domain is published. */
export function txtName(domain: string): string {
  return `_drawbridge.${domain}`;
}

/** The proof of a domain. */
export function txtValue(dnsToken: string): string {
  return `drawbridge-verification=${dnsToken}`;
}
