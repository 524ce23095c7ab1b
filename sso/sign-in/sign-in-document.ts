// What an identity provider sent, kept for 72 hours where a connection asks for it: sealed before it is written, opened
// only for somebody with full control, and every reading is an audit event (design, law 7).
import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import { DomainError } from '../../src/errors.ts';
import type { Rights } from '../../src/roles/rights.ts';
import { openBytes, sealBytes } from '../../src/seal.ts';
import type { Connection } from '../connections/connection.ts';
import type { SsoDeps } from '../deps.ts';
import type { SignInTrace } from './sign-in-trace.ts';

const purposeOf = (traceId: string) => `sign-in document ${traceId}`;

/** Remembers the document with the trace, if the connection wants it; it is written when the trace is. */
export function keepDocument(
  { config }: Pick<SsoDeps, 'config'>,
  trace: SignInTrace,
  { settings }: Connection,
  document: string | Buffer,
): void {
  if (!settings.keepDocuments) return;
  trace.sealedDocument = sealBytes(config.secretKey, purposeOf(trace.id), Buffer.from(document));
}

/** The document as sent: XML, or an ID token. Throws role_ceiling without full control, not_found when none is kept. */
export function readDocument(
  deps: Pick<SsoDeps, 'db' | 'clock' | 'config'>,
  ctx: RequestContext,
  rights: Rights,
  { orgId, traceId }: { readonly orgId: string; readonly traceId: string },
): Promise<string> {
  if (!rights.fullControl) throw new DomainError('role_ceiling', 'Documents are opened only by full control.');
  return deps.db.inOrg(orgId, async (tx) => {
    const [row] = await tx.query<{ sealed: Buffer }>({
      text: 'select sealed from sign_in_document where org_id = $1 and trace_id = $2 and expires_at > $3',
      values: [orgId, traceId, deps.clock.now()],
    });
    if (!row) {
      throw new DomainError('not_found', 'No document of this sign-in is kept. Connections keep them only if told to.');
    }
    await recordAudit(tx, ctx, {
      action: 'sign_in.document_read',
      subjectKind: 'organization',
      subjectId: orgId,
      data: { trace: traceId },
    });
    return openBytes(deps.config.secretKey, purposeOf(traceId), row.sealed).toString();
  });
}
