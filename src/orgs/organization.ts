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

export type DomainStatus = 'pending' | 'verified' | 'lost';

export type Domain = {
  readonly domain: string;
  readonly status: DomainStatus;
  /** What the TXT record at `_drawbridge.<domain>` must hold. */
  readonly txtValue: string;
  readonly verifiedAt: Date | undefined;
};

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
