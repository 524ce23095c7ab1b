// Makes a connection, as a draft: nobody signs in by it before it is activated.

import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import { newId } from '../../src/ids.ts';
import type { SsoDeps } from '../deps.ts';
import { nextRefresh } from './company-side.ts';
import type { Connection } from './connection.ts';
import type { CreateConnectionInput } from './connection-input.ts';
import { listVerifiedDomains } from './connection-queries.ts';
import { insertConnection } from './connection-store.ts';
import { restartRefresh, syncCertificates } from './refresh-store.ts';
import { oidcSecretFor, requireSecure, samlSecretFor, settingsFromInput } from './settings-from-input.ts';

/** Throws invalid_value for metadata that cannot be read. */
export async function createConnection(
  deps: Pick<SsoDeps, 'db' | 'clock' | 'config'>,
  ctx: RequestContext,
  orgId: string,
  input: CreateConnectionInput,
): Promise<Connection> {
  const now = deps.clock.now();
  const settings = settingsFromInput(input, await listVerifiedDomains(deps, orgId), now);
  requireSecure(settings, deps.config.environment !== 'production');
  const clientSecret = input.protocol === 'oidc' ? input.clientSecret : undefined;
  const secret =
    settings.protocol === 'saml'
      ? await samlSecretFor(settings, undefined, now)
      : await oidcSecretFor(settings, undefined, clientSecret, now);
  return deps.db.inOrg(orgId, async (tx) => {
    const connection = await insertConnection(
      tx,
      deps.config.secretKey,
      {
        id: newId(),
        displayName: input.displayName,
        directoryId: input.directoryId ?? undefined,
        settings,
        secret,
      },
      now,
    );
    await restartRefresh(tx, connection, { now, dueAt: nextRefresh(now) });
    await syncCertificates(tx, connection.id, settings);
    await recordAudit(tx, ctx, {
      action: 'connection.created',
      subjectKind: 'connection',
      subjectId: connection.id,
      data: { protocol: connection.protocol, domains: settings.domains },
    });
    return connection;
  });
}
