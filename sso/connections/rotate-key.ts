// Replaces a SAML connection's own key in two steps, since the company has to be told in between: the new key is
// published beside the old one and opens what is encrypted for it; requests are signed by the old one until the company
// has taken the new metadata.
import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import { DomainError } from '../../src/errors.ts';
import type { SsoDeps } from '../deps.ts';
import { createSamlKeyPair } from '../saml/key-pair.ts';
import { fingerprintOf } from './company-side.ts';
import type { Connection, SamlConnectionRecord, SamlSecret } from './connection.ts';
import { getConnection } from './connection-queries.ts';
import { updateConnectionRow } from './connection-store.ts';

type Deps = Pick<SsoDeps, 'db' | 'clock' | 'config'>;

/** Publishes a second key. Throws not_found, or conflict: no key of its own, or one is being replaced already. */
export async function beginKeyRotation(deps: Deps, ctx: RequestContext, orgId: string, id: string) {
  const { connection, secret } = await readKey(deps, orgId, id);
  if (secret.next) throw new DomainError('conflict', 'A key is being replaced already. Finish that first.');
  const next = await createSamlKeyPair('Drawbridge', deps.clock.now());
  await save(deps, ctx, connection, { ...secret, next }, 'connection.key_published');
}

/** From now on the new key signs, and the old one is gone. Throws not_found, or conflict: no key is being replaced. */
export async function finishKeyRotation(deps: Deps, ctx: RequestContext, orgId: string, id: string) {
  const { connection, secret } = await readKey(deps, orgId, id);
  if (!secret.next)
    throw new DomainError('conflict', 'No key is being replaced: POST …/key-rotation publishes a new one.');
  await save(deps, ctx, connection, secret.next, 'connection.key_replaced');
}

async function readKey(
  deps: Deps,
  orgId: string,
  id: string,
): Promise<{ readonly connection: SamlConnectionRecord; readonly secret: SamlSecret }> {
  const connection: Connection = await getConnection(deps, orgId, id);
  if (connection.protocol !== 'saml' || !connection.secret) {
    throw new DomainError(
      'conflict',
      'The connection has no key of its own. One is made when requests are signed, assertions encrypted, or logouts sent.',
    );
  }
  return { connection, secret: connection.secret };
}

async function save(
  deps: Deps,
  ctx: RequestContext,
  { orgId, id, displayName, directoryId, settings, version }: SamlConnectionRecord,
  secret: SamlSecret,
  action: string,
): Promise<void> {
  await deps.db.inOrg(orgId, async (tx) => {
    const write = { id, displayName, directoryId, settings, secret, version, retrusts: false };
    const after = await updateConnectionRow(tx, deps.config.secretKey, write);
    if (!after) throw new DomainError('conflict', 'The connection was changed in the same moment. Read it again.');
    const certificate = fingerprintOf((secret.next ?? secret).certificate);
    await recordAudit(tx, ctx, { action, subjectKind: 'connection', subjectId: id, data: { certificate } });
  });
}
