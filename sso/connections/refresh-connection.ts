// Reads a company's side again from its address. New certificates are taken in beside the old ones, which stay for a
// week after they vanished; paths follow. Another entity ID, issuer or host is never taken by itself: it would send
// people, codes or secrets elsewhere, so it waits for an administrator, and sign-ins go on as before. So they do when
// the address does not answer, or its document has ended.
import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import type { Tx } from '../../src/db/database.ts';
import { DomainError } from '../../src/errors.ts';
import { newId } from '../../src/ids.ts';
import type { SsoDeps } from '../deps.ts';
import type { GuardedFetch } from '../outbound/guarded-fetch.ts';
import { parseIdpMetadata } from '../saml/idp-metadata.ts';
import { nextRefresh } from './company-side.ts';
import { changesOf, hashOf, merge, pendingOf } from './compare-sides.ts';
import type { Connection, ConnectionSettings, OidcConnectionRecord, SamlConnectionRecord } from './connection.ts';
import { findConnection, getConnection } from './connection-queries.ts';
import { updateConnectionRow } from './connection-store.ts';
import { discover, readMetadata } from './read-provider.ts';
import {
  claimRefresh,
  findHealth,
  lockRefresh,
  saveRefreshed,
  saveRefreshFailure,
  syncCertificates,
} from './refresh-store.ts';
import { requireSecure, samlSecretFor, withMetadata } from './settings-from-input.ts';

export type RefreshDeps = Pick<SsoDeps, 'db' | 'clock' | 'config'> & { readonly outbound: GuardedFetch };

export type Refreshed = 'unchanged' | 'changed' | 'pending' | 'failed';

const AGAIN_AFTER_FAILURE_MS = 60 * 60 * 1000;

/** What was read: settings with the company's side as published, and when to read it again. */
type Found = { readonly settings: ConnectionSettings; readonly dueAt: Date };

/** Reads and takes in. What goes wrong at the company's side is recorded, not thrown. Throws not_found. */
export async function refreshConnection(
  deps: RefreshDeps,
  ctx: RequestContext,
  orgId: string,
  id: string,
): Promise<Refreshed> {
  const connection = await getConnection(deps, orgId, id);
  let found: Found;
  try {
    found = connection.protocol === 'saml' ? await readSaml(deps, connection) : await readOidc(deps, connection);
    requireSecure(found.settings, deps.config.environment !== 'production');
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'invalid_value') throw error;
    await recordFailure(deps, ctx, connection, error.message);
    return 'failed';
  }
  return takeIn(deps, ctx, connection, found);
}

/**
 * After a signature that verified with nothing: perhaps the company has just changed its key. Reads its side again, once
 * a minute at most; answers the connection if that has changed it.
 */
export async function refreshAfterFailure(
  deps: RefreshDeps & Pick<SsoDeps, 'log'>,
  { orgId, id, version }: Connection,
): Promise<Connection | undefined> {
  if (!(await claimRefresh(deps, orgId, id, deps.clock.now()))) return undefined;
  const ctx = { requestId: newId(), log: deps.log, actor: { kind: 'connection', id } } as const;
  if ((await refreshConnection(deps, ctx, orgId, id)) === 'failed') return undefined;
  const now = await findConnection(deps, orgId, id);
  return now && now.version !== version ? now : undefined;
}

async function readSaml({ outbound, clock }: RefreshDeps, { settings }: SamlConnectionRecord): Promise<Found> {
  const url = settings.metadataUrl as string;
  const xml = await readMetadata(outbound, url);
  const own = settings.idp && parseIdpMetadata(xml, settings.idp.idpEntityId);
  const metadata = own?.ok ? own : parseIdpMetadata(xml);
  if (!metadata.ok) throw new DomainError('invalid_value', `${url}: ${metadata.detail}`);
  const now = clock.now();
  if (metadata.validUntil && metadata.validUntil <= now) {
    throw new DomainError(
      'invalid_value',
      `${url}: the metadata was valid until ${metadata.validUntil.toISOString()}.`,
    );
  }
  return { settings: withMetadata(settings, metadata), dueAt: nextRefresh(now, metadata) };
}

async function readOidc({ outbound, clock }: RefreshDeps, { settings }: OidcConnectionRecord): Promise<Found> {
  // an issuer that has changed is something to tell, not a fault; Microsoft's shared ones are known by what was asked
  const read = await discover(outbound, settings.discoveryUrl as string, undefined);
  const shared = read.issuer.includes('{tenantid}') ? settings.issuer : undefined;
  const found = { ...settings, issuer: shared ?? read.issuer, discovery: { ...read.document } };
  return { settings: found, dueAt: nextRefresh(clock.now()) };
}

async function takeIn(
  deps: RefreshDeps,
  ctx: RequestContext,
  connection: Connection,
  { settings: found, dueAt }: Found,
): Promise<Refreshed> {
  const now = deps.clock.now();
  const pending = pendingOf(connection.settings, found);
  const health = await findHealth(deps, connection.orgId, connection.id);
  const merged = pending ? undefined : merge(connection.settings, found, health.get(connection.id)?.absent, now);
  const changes = merged ? changesOf(connection.settings, merged.settings) : undefined;
  const secret =
    merged?.settings.protocol === 'saml' && connection.protocol === 'saml'
      ? await samlSecretFor(merged.settings, connection.secret, now)
      : connection.secret;
  return deps.db.inOrg(connection.orgId, async (tx) => {
    const state = await lockRefresh(tx, connection);
    if (!state) return 'unchanged';
    const rejected = pending !== undefined && state.rejected === hashOf(pending);
    const asked = pending && !rejected ? pending : undefined;
    const isNew = asked !== undefined && !(state.pending && hashOf(state.pending) === hashOf(asked));
    const since = state.pending && !isNew ? state.pending.since : now;
    if (merged && changes) {
      const { displayName, directoryId, version, id } = connection;
      const write = { id, displayName, directoryId, settings: merged.settings, secret, version, retrusts: false };
      // somebody is changing it: the next reading finds what they made
      if (!(await updateConnectionRow(tx, deps.config.secretKey, write))) return 'unchanged';
      await record(tx, ctx, connection.id, 'connection.refreshed', changes);
    }
    if (merged) await syncCertificates(tx, connection.id, merged.settings, merged.absent);
    await saveRefreshed(tx, connection.id, { now, dueAt, pending: asked, since });
    if (isNew) await record(tx, ctx, connection.id, 'connection.change_pending', { changes: asked.changes });
    if (asked) return 'pending';
    return changes ? 'changed' : 'unchanged';
  });
}

async function recordFailure(
  deps: RefreshDeps,
  ctx: RequestContext,
  connection: Connection,
  error: string,
): Promise<void> {
  const now = deps.clock.now();
  const dueAt = new Date(now.getTime() + AGAIN_AFTER_FAILURE_MS);
  const { orgId, id } = connection;
  await deps.db.inOrg(orgId, async (tx) => {
    const state = await lockRefresh(tx, connection);
    if (!state) return;
    await saveRefreshFailure(tx, id, { now, dueAt, error });
    // told once, when it begins
    if (!state.failedAt) await record(tx, ctx, id, 'connection.refresh_failed', { error });
  });
}

function record(tx: Tx, ctx: RequestContext, id: string, action: string, data: Record<string, unknown>): Promise<void> {
  return recordAudit(tx, ctx, { action, subjectKind: 'connection', subjectId: id, data });
}
