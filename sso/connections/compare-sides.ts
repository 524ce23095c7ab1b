// What a company publishes now, against a connection's settings: what waits for an administrator, what is taken in, and
// how both are told. Pure.
import { createHash } from 'node:crypto';
import {
  fingerprintOf,
  mergeCertificates,
  oidcChanges,
  type PendingChange,
  samlChanges,
  sourceOf,
} from './company-side.ts';
import type { ConnectionSettings } from './connection.ts';

/** What would change whom people are sent to or who is believed; undefined when nothing would. */
export function pendingOf(present: ConnectionSettings, found: ConnectionSettings): PendingChange | undefined {
  if (present.protocol === 'saml' && found.protocol === 'saml') {
    if (!present.idp || !found.idp) return undefined;
    const changes = samlChanges(present.idp, found.idp);
    return changes.length > 0 ? { changes, side: { idp: found.idp, signRequests: found.signRequests } } : undefined;
  }
  if (present.protocol !== 'oidc' || found.protocol !== 'oidc') return undefined;
  const { issuer, discovery } = found;
  if (!present.issuer || !present.discovery || !issuer || !discovery) return undefined;
  const changes = oidcChanges({ issuer: present.issuer, discovery: present.discovery }, { issuer, discovery });
  return changes.length > 0 ? { changes, side: { issuer, discovery } } : undefined;
}

/** The settings that result, with certificates that vanished kept for their week. */
export function merge(
  present: ConnectionSettings,
  found: ConnectionSettings,
  absentBefore: ReadonlyMap<string, Date> | undefined,
  now: Date,
): { readonly settings: ConnectionSettings; readonly absent: ReadonlyMap<string, Date> } {
  if (present.protocol !== 'saml' || found.protocol !== 'saml' || !found.idp)
    return { settings: found, absent: new Map() };
  const { certificates, absent } = mergeCertificates(
    present.idp?.certificates ?? [],
    found.idp.certificates,
    absentBefore ?? new Map(),
    now,
  );
  return { settings: { ...found, idp: { ...found.idp, certificates } }, absent };
}

/** What the audit event says; undefined when the settings stay as they are. */
export function changesOf(before: ConnectionSettings, after: ConnectionSettings): Record<string, unknown> | undefined {
  if (JSON.stringify(sorted(before)) === JSON.stringify(sorted(after))) return undefined;
  const of = (settings: ConnectionSettings) =>
    settings.protocol === 'saml' ? (settings.idp?.certificates ?? []).map(fingerprintOf) : [];
  const [old, fresh] = [of(before), of(after)];
  return {
    source: sourceOf(after),
    certificatesAdded: fresh.filter((one) => !old.includes(one)),
    certificatesRemoved: old.filter((one) => !fresh.includes(one)),
  };
}

/** The same settings in one order of their names: the database keeps its own. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, one]) => [name, sorted(one)]),
  );
}

/** One change of the company's side, known again when it is found the next day. */
export function hashOf({ changes }: Pick<PendingChange, 'changes'>): string {
  return createHash('sha256')
    .update(JSON.stringify(changes.map(({ field, from, to }) => [field, from, to])))
    .digest('hex');
}
