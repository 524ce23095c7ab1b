// What a company publishes of its identity provider, compared with what a connection has taken: what may be taken by
// itself (certificates, paths), and what would change whom people are sent to or who is believed. Pure.
import type { z } from 'zod';
import type { DiscoveryDocument } from '../oidc/discovery-document.ts';
import { endpointsOf } from '../oidc/discovery-document.ts';
import { readCertificate } from '../saml/certificate.ts';
import type { ConnectionSettings, samlIdpSchema } from './connection.ts';

type SamlIdp = z.output<typeof samlIdpSchema>;

/** One thing that waits for somebody's word: the issuer, or a host to which people, codes or secrets would go. */
export type SideChange = { readonly field: string; readonly from: string; readonly to: string };

/** What waits to be accepted: the changes in words, and the settings that they would make (only what the company says). */
export type PendingChange = {
  readonly changes: readonly SideChange[];
  readonly side: Readonly<Record<string, unknown>>;
};

const DAY_MS = 24 * 60 * 60 * 1000;
/** How long a certificate serves that the metadata names no more. */
const GRACE_MS = 7 * DAY_MS;
const MAX_CERTIFICATES = 10;
const SHORTEST_MS = 60 * 60 * 1000;

/** Where the company's side is read again; undefined for one that was given by hand. */
export function sourceOf(settings: ConnectionSettings): string | undefined {
  return settings.protocol === 'saml' ? settings.metadataUrl : settings.discoveryUrl;
}

/** What of the settings the company publishes, as one text to compare. */
export function companySide(settings: ConnectionSettings): string {
  return JSON.stringify(
    settings.protocol === 'saml'
      ? [settings.metadataUrl, settings.idp]
      : [settings.discoveryUrl, settings.issuer, settings.discovery],
  );
}

export function samlChanges(now: SamlIdp, found: SamlIdp): SideChange[] {
  const known = new Set([hostOf(now.ssoUrl), hostOf(now.sloUrl), hostOf(now.sloResponseUrl)]);
  const moved = (field: string, from: string | undefined, to: string | undefined) =>
    to === undefined || hostOf(from) === hostOf(to) || (from === undefined && known.has(hostOf(to)))
      ? []
      : [{ field, from: hostOf(from) ?? '', to: hostOf(to) ?? '' }];
  return [
    ...(now.idpEntityId === found.idpEntityId
      ? []
      : [{ field: 'entityId', from: now.idpEntityId, to: found.idpEntityId }]),
    ...moved('signOnHost', now.ssoUrl, found.ssoUrl),
    ...moved('logoutHost', now.sloUrl, found.sloUrl),
    ...moved('logoutResponseHost', now.sloResponseUrl, found.sloResponseUrl),
  ];
}

export function oidcChanges(
  now: { readonly issuer: string; readonly discovery: DiscoveryDocument },
  found: { readonly issuer: string; readonly discovery: DiscoveryDocument },
): SideChange[] {
  const [before, after] = [endpointsOf(now.discovery), endpointsOf(found.discovery)];
  const known = new Set(Object.values(before).map(hostOf));
  const hosts = Object.entries(after).flatMap(([field, url]) => {
    const from = before[field];
    const same = from === undefined ? known.has(hostOf(url)) : hostOf(from) === hostOf(url);
    return same ? [] : [{ field, from: hostOf(from) ?? '', to: hostOf(url) ?? '' }];
  });
  return now.issuer === found.issuer ? hosts : [{ field: 'issuer', from: now.issuer, to: found.issuer }, ...hosts];
}

/**
 * The certificates that serve from now on: the published ones, and those that vanished less than a week ago.
 *
 * @param absent since when certificates are not published any more, by fingerprint
 */
export function mergeCertificates(
  present: readonly string[],
  found: readonly string[],
  absent: ReadonlyMap<string, Date>,
  now: Date,
): { readonly certificates: string[]; readonly absent: Map<string, Date> } {
  const published = new Set(found.map(fingerprintOf));
  const kept = present
    .map((pem) => ({ pem, fingerprint: fingerprintOf(pem) }))
    .filter(({ fingerprint }) => !published.has(fingerprint))
    .map((one) => ({ ...one, since: absent.get(one.fingerprint) ?? now }))
    .filter(({ since }) => now.getTime() - since.getTime() < GRACE_MS)
    .sort((a, b) => b.since.getTime() - a.since.getTime())
    .slice(0, Math.max(0, MAX_CERTIFICATES - found.length));
  return {
    certificates: [...found.slice(0, MAX_CERTIFICATES), ...kept.map(({ pem }) => pem)],
    absent: new Map(kept.map(({ fingerprint, since }) => [fingerprint, since])),
  };
}

/** When to read again: daily, earlier where the document asks for that, hourly at most. */
export function nextRefresh(
  now: Date,
  document: { readonly cacheSeconds?: number | undefined; readonly validUntil?: Date | undefined } = {},
): Date {
  const ends = document.validUntil ? document.validUntil.getTime() - now.getTime() - SHORTEST_MS : DAY_MS;
  const wished = Math.min(DAY_MS, (document.cacheSeconds ?? Number.POSITIVE_INFINITY) * 1000, ends);
  return new Date(now.getTime() + Math.max(SHORTEST_MS, wished));
}

export function fingerprintOf(certificate: string): string {
  return readCertificate(certificate)?.fingerprint ?? certificate;
}

function hostOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : URL.parse(url)?.host;
}
