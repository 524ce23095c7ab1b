// Replaces a connection's own key in two steps, since the company has to be told in between: the new key is published
// beside the old one and opens what is encrypted for it; the old one goes on signing until the company has taken the new
// metadata, or the key set by which an OpenID Connect client proves who it is.
import { X509Certificate } from 'node:crypto';
import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import { DomainError } from '../../src/errors.ts';
import type { SsoDeps } from '../deps.ts';
import { CLIENT_KEYS_MAX_AGE_SECONDS } from '../oidc/client-key.ts';
import { createSamlKeyPair } from '../saml/key-pair.ts';
import { fingerprintOf } from './company-side.ts';
import { type Connection, type OwnKey, ownKeyOf } from './connection.ts';
import { getConnection } from './connection-queries.ts';
import { updateConnectionRow } from './connection-store.ts';

type Deps = Pick<SsoDeps, 'db' | 'clock' | 'config'>;

/** Publishes a second key. Throws not_found, or conflict: no key of its own, or one is being replaced already. */
export async function beginKeyRotation(deps: Deps, ctx: RequestContext, orgId: string, id: string) {
  const { connection, key } = await readKey(deps, orgId, id);
  if (key.next) throw new DomainError('conflict', 'A key is being replaced already. Finish that first.');
  const next = await createSamlKeyPair('Drawbridge', deps.clock.now());
  await save(deps, ctx, connection, { ...key, next }, 'connection.key_published');
}

/**
 * From now on the new key signs, and the old one is gone. Throws not_found, or conflict: no key is being replaced, or an
 * OpenID Connect provider may still hold the key set of before.
 */
export async function finishKeyRotation(deps: Deps, ctx: RequestContext, orgId: string, id: string) {
  const { connection, key } = await readKey(deps, orgId, id);
  if (!key.next)
    throw new DomainError('conflict', 'No key is being replaced: POST …/key-rotation publishes a new one.');
  if (connection.protocol === 'oidc') requireRead(key.next, deps.clock.now());
  await save(deps, ctx, connection, key.next, 'connection.key_replaced');
}

/** A certificate begins when its key is published. */
function requireRead({ certificate }: OwnKey, now: Date): void {
  const readBy = new Date(
    new X509Certificate(certificate).validFromDate.getTime() + CLIENT_KEYS_MAX_AGE_SECONDS * 1000,
  );
  if (now >= readBy) return;
  throw new DomainError(
    'conflict',
    `The provider may still hold the key set of before, and would refuse the new key. Finish after ${readBy.toISOString()}.`,
  );
}

async function readKey(
  deps: Deps,
  orgId: string,
  id: string,
): Promise<{ readonly connection: Connection; readonly key: OwnKey }> {
  const connection = await getConnection(deps, orgId, id);
  const key = ownKeyOf(connection);
  if (key) return { connection, key };
  throw new DomainError(
    'conflict',
    connection.protocol === 'saml'
      ? 'The connection has no key of its own. One is made when requests are signed, assertions encrypted, or logouts sent.'
      : 'The connection has no key of its own. One is made with clientAuthentication private_key_jwt; a client secret is replaced by PATCH.',
  );
}

async function save(
  deps: Deps,
  ctx: RequestContext,
  connection: Connection,
  key: OwnKey,
  action: string,
): Promise<void> {
  const { orgId, id, displayName, directoryId, settings, version } = connection;
  const secret = connection.protocol === 'saml' ? key : { ...connection.secret, clientKey: key };
  await deps.db.inOrg(orgId, async (tx) => {
    const write = { id, displayName, directoryId, settings, secret, version, retrusts: false };
    const after = await updateConnectionRow(tx, deps.config.secretKey, write);
    if (!after) throw new DomainError('conflict', 'The connection was changed in the same moment. Read it again.');
    const certificate = fingerprintOf((key.next ?? key).certificate);
    await recordAudit(tx, ctx, { action, subjectKind: 'connection', subjectId: id, data: { certificate } });
  });
}
