// Changes a connection's settings, and switches it on and off. Keycloak's side follows by projection marks.

import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import type { GrantsAfter } from '../../src/directory/directory.ts';
import { DomainError } from '../../src/errors.ts';
import { reconcileConnection, releaseConnection } from '../../src/grants/release-connection.ts';
import { requireMaySwitchOn } from '../../src/orgs/setup-item.ts';
import type { Rights } from '../../src/roles/rights.ts';
import type { SsoDeps } from '../deps.ts';
import { requireMayRetrust } from './admin-rights.ts';
import { companySide, nextRefresh } from './company-side.ts';
import { type Connection, type ConnectionSettings, isTested, missingFor } from './connection.ts';
import type { UpdateConnectionInput } from './connection-input.ts';
import { getConnection, listDomains, listVerifiedDomains } from './connection-queries.ts';
import {
  endSessionsOfConnection,
  markForConnection,
  setConnectionStatus,
  updateConnectionRow,
} from './connection-store.ts';
import { restartRefresh, syncCertificates } from './refresh-store.ts';
import { changedSettings, oidcSecretFor, requireSecure, samlSecretFor } from './settings-from-input.ts';

type Deps = Pick<SsoDeps, 'db' | 'clock' | 'config'>;

/** What may change without changing whom the connection believes. */
const HARMLESS = new Set([
  'displayName',
  'groupsAttribute',
  'jit',
  'gate',
  'contact',
  'absentGroups',
  'logoutAtCompany',
  'scopes',
  'keptAttributes',
  'traceValues',
  'keepDocuments',
]);

/** Throws role_ceiling where the change is not the caller's to make. Answers whether it changes whom is believed. */
export async function requireMayChange(
  deps: Deps,
  rights: Rights,
  { orgId, id }: Pick<Connection, 'orgId' | 'id'>,
  change: UpdateConnectionInput,
): Promise<boolean> {
  const retrusts = Object.keys(change).some((field) => !HARMLESS.has(field));
  if (retrusts) await requireMayRetrust(deps, rights, orgId, id);
  return retrusts;
}

/** Throws not_found, invalid_value, role_ceiling, or conflict when somebody else changed it in the same moment. */
export async function updateConnection(
  deps: Deps,
  ctx: RequestContext,
  orgId: string,
  id: string,
  { rights, change }: { readonly rights: Rights; readonly change: UpdateConnectionInput },
): Promise<Connection> {
  const before = await getConnection(deps, orgId, id);
  const retrusts = await requireMayChange(deps, rights, before, change);
  const settings = changedSettings(before.settings, change, deps.clock.now());
  requireSecure(settings, deps.config.environment !== 'production');
  if (before.protocol === 'saml' && change.clientSecret !== undefined) {
    throw new DomainError('invalid_value', 'A saml connection has no clientSecret.');
  }
  const secret = await secretAfter(before, settings, change.clientSecret, deps.clock.now());
  if (before.status === 'active') {
    // a domain that is only claimed may be named beforehand: it speaks for nobody until it is verified
    const claimed = (await listDomains(deps, orgId)).map(({ domain }) => domain);
    await requireReady(deps, { ...before, settings, secret } as Connection, [...before.settings.domains, ...claimed]);
  }
  return deps.db.inOrg(orgId, async (tx) => {
    const after = await updateConnectionRow(tx, deps.config.secretKey, {
      id,
      displayName: change.displayName ?? before.displayName,
      directoryId: change.directoryId === undefined ? before.directoryId : (change.directoryId ?? undefined),
      settings,
      secret,
      version: before.version,
      retrusts,
    });
    if (!after) throw new DomainError('conflict', 'The connection was changed in the same moment. Read it again.');
    if (companySide(before.settings) !== companySide(after.settings)) {
      const now = deps.clock.now();
      await restartRefresh(tx, after, { now, dueAt: nextRefresh(now) });
      await syncCertificates(tx, id, after.settings);
    }
    if (after.directoryId !== before.directoryId) await reconcileConnection(tx, ctx, id);
    await recordAudit(tx, ctx, {
      action: 'connection.updated',
      subjectKind: 'connection',
      subjectId: id,
      data: { fields: Object.keys(change).sort() },
    });
    return after;
  });
}

function secretAfter(before: Connection, settings: ConnectionSettings, clientSecret: string | undefined, now: Date) {
  return settings.protocol === 'saml'
    ? samlSecretFor(settings, before.protocol === 'saml' ? before.secret : undefined, now)
    : oidcSecretFor(settings, before.protocol === 'oidc' ? before.secret : undefined, clientSecret, now);
}

/**
 * From now on the organization's people sign in by it. Throws conflict while another active one asserts one of its domains, while something is missing, or while no test sign-in has succeeded with the present settings; `untested` goes on without one, which needs
 * full control and is recorded (role_ceiling). Repeating it changes nothing.
 */
export async function activateConnection(
  deps: Deps,
  ctx: RequestContext,
  orgId: string,
  id: string,
  { rights, untested }: { readonly rights: Rights; readonly untested: boolean },
): Promise<Connection> {
  const connection = await getConnection(deps, orgId, id);
  if (connection.status === 'active') return connection;
  await deps.db.inOrg(orgId, (tx) => requireMaySwitchOn(tx, rights, { orgId, kind: 'connection', id }));
  await requireReady(deps, connection, []);
  if (!isTested(connection)) requireMayGoUntested(rights, untested);
  return switchStatus(deps, ctx, connection, 'active');
}

function requireMayGoUntested(rights: Rights, untested: boolean): void {
  if (!untested) {
    throw new DomainError(
      'conflict',
      'No test sign-in has succeeded with the present settings. Run one: POST …/connections/{id}/test.',
    );
  }
  if (rights.fullControl) return;
  throw new DomainError('role_ceiling', 'To activate a connection without a successful test needs full control.');
}

/**
 * Nobody signs in by it any more, and its people are logged out everywhere; links stay, so that it can be activated again.
 * What its evidence gave rests until then (`release`), or stays (`keep`). Repeating it changes nothing.
 */
export async function disableConnection(
  deps: Deps,
  ctx: RequestContext,
  orgId: string,
  id: string,
  grants: GrantsAfter = 'keep',
): Promise<Connection> {
  return switchStatus(deps, ctx, await getConnection(deps, orgId, id), 'disabled', grants);
}

async function switchStatus(
  deps: Deps,
  ctx: RequestContext,
  connection: Connection,
  status: 'active' | 'disabled',
  grants: GrantsAfter = 'keep',
): Promise<Connection> {
  const { orgId, id } = connection;
  await deps.db.inOrg(orgId, async (tx) => {
    await releaseConnection(tx, ctx, { connectionId: id, released: status === 'disabled' && grants === 'release' });
    if (!(await setConnectionStatus(tx, id, status))) return;
    await markForConnection(tx, status === 'active' ? 1 : 0);
    if (status === 'disabled') await endSessionsOfConnection(tx, id);
    const action = status === 'active' ? 'connection.activated' : 'connection.disabled';
    const data = status === 'active' ? { tested: isTested(connection) } : { grants };
    await recordAudit(tx, ctx, { action, subjectKind: 'connection', subjectId: id, data });
  });
  return getConnection(deps, orgId, id);
}

/** Complete, and only domains that the organization has verified; a lost one among `kept` hinders no other change. */
async function requireReady(deps: Deps, connection: Connection, kept: readonly string[]): Promise<void> {
  const missing = missingFor(connection);
  if (missing) throw new DomainError('conflict', `The connection is not complete. ${missing}`);
  const verified = new Set(await listVerifiedDomains(deps, connection.orgId));
  const unproved = connection.settings.domains.find((domain) => !verified.has(domain) && !kept.includes(domain));
  if (unproved)
    throw new DomainError(
      'conflict',
      `The organization has not verified ${unproved} (POST …/domains/${unproved}/verify).`,
    );
}
