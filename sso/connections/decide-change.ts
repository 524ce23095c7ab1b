// An administrator's word on a change of the company's side that was not taken by itself: another entity ID, issuer or
// host. Accepting it is what giving new metadata by hand would be, so it needs the same rights.
import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import { DomainError } from '../../src/errors.ts';
import type { Rights } from '../../src/roles/rights.ts';
import type { SsoDeps } from '../deps.ts';
import { requireMayRetrust } from './admin-rights.ts';
import { hashOf } from './compare-sides.ts';
import { type Connection, type ConnectionSettings, settingsSchema } from './connection.ts';
import { getConnection } from './connection-queries.ts';
import { moveIdentities, updateConnectionRow } from './connection-store.ts';
import { clearPending, lockRefresh, syncCertificates } from './refresh-store.ts';
import { samlSecretFor } from './settings-from-input.ts';

type Deps = Pick<SsoDeps, 'db' | 'clock' | 'config'>;
type Decision = { readonly orgId: string; readonly connectionId: string; readonly rights: Rights };

const NOTHING = 'No change of this connection waits to be decided.';

/**
 * Takes the change over. People who signed in under the old issuer stay linked: it is the same provider under another
 * name. Throws not_found, conflict (nothing waits, or it was changed in the same moment), role_ceiling.
 */
export async function acceptChange(deps: Deps, ctx: RequestContext, decision: Decision): Promise<Connection> {
  const before = await begin(deps, decision);
  return deps.db.inOrg(before.orgId, async (tx) => {
    const { pending } = (await lockRefresh(tx, before)) ?? {};
    if (!pending) throw new DomainError('conflict', NOTHING);
    const settings = withSide(before.settings, pending.side);
    const secret =
      settings.protocol === 'saml' && before.protocol === 'saml'
        ? await samlSecretFor(settings, before.secret, deps.clock.now())
        : before.secret;
    const { id, displayName, directoryId, version } = before;
    const write = { id, displayName, directoryId, settings, secret, version, retrusts: true };
    const after = await updateConnectionRow(tx, deps.config.secretKey, write);
    if (!after) throw new DomainError('conflict', 'The connection was changed in the same moment. Read it again.');
    const moved = await moveIdentities(tx, id, issuerOf(before.settings), issuerOf(settings));
    await syncCertificates(tx, id, settings);
    await clearPending(tx, id, undefined);
    const data = { changes: pending.changes, identities: moved };
    await recordAudit(tx, ctx, {
      action: 'connection.change_accepted',
      subjectKind: 'connection',
      subjectId: id,
      data,
    });
    return after;
  });
}

/** Leaves the connection as it is; the same change is not asked about again. Throws as `acceptChange` does. */
export async function rejectChange(deps: Deps, ctx: RequestContext, decision: Decision): Promise<Connection> {
  const connection = await begin(deps, decision);
  await deps.db.inOrg(connection.orgId, async (tx) => {
    const { pending } = (await lockRefresh(tx, connection)) ?? {};
    if (!pending) throw new DomainError('conflict', NOTHING);
    await clearPending(tx, connection.id, hashOf(pending));
    await recordAudit(tx, ctx, {
      action: 'connection.change_rejected',
      subjectKind: 'connection',
      subjectId: connection.id,
      data: { changes: pending.changes },
    });
  });
  return connection;
}

async function begin(deps: Deps, { orgId, connectionId, rights }: Decision): Promise<Connection> {
  const connection = await getConnection(deps, orgId, connectionId);
  await requireMayRetrust(deps, rights, orgId, connectionId);
  return connection;
}

/** The certificates that served until now go on serving until they have been absent for their week. */
function withSide(settings: ConnectionSettings, side: Readonly<Record<string, unknown>>): ConnectionSettings {
  const changed = settingsSchema.parse({ ...settings, ...side });
  if (changed.protocol !== 'saml' || settings.protocol !== 'saml' || !changed.idp) return changed;
  const certificates = [...new Set([...changed.idp.certificates, ...(settings.idp?.certificates ?? [])])].slice(0, 10);
  return { ...changed, idp: { ...changed.idp, certificates } };
}

function issuerOf(settings: ConnectionSettings): string | undefined {
  return settings.protocol === 'saml' ? settings.idp?.idpEntityId : settings.issuer;
}
