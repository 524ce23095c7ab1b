// Begins a test sign-in: a link for whoever asked, opened once in a browser within ten minutes. Opening it by GET only shows
// what will happen; the button goes on to the company.
import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import { hashSecret, newId, newSecret } from '../../src/ids.ts';
import { getConnection } from '../connections/connection-queries.ts';
import { principalOf } from '../connections/connection-test-queries.ts';
import type { SsoDeps } from '../deps.ts';
import { type ConnectionTest, TEST_LIFE_MS } from './connection-test.ts';
import { findTest, insertTest } from './connection-test-store.ts';

export type TestLink = { readonly id: string; readonly url: string; readonly expiresAt: Date };

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** A link for the test of a connection in whatever state. The url is shown this once. Throws not_found. */
export async function beginTest(
  deps: Pick<SsoDeps, 'db' | 'clock' | 'config'>,
  ctx: RequestContext,
  orgId: string,
  connectionId: string,
): Promise<TestLink> {
  const { id: ofConnection } = await getConnection(deps, orgId, connectionId);
  const id = newId();
  const token = newSecret();
  const at = deps.clock.now();
  const expiresAt = new Date(at.getTime() + TEST_LIFE_MS);
  await deps.db.inOrg(orgId, async (tx) => {
    const test = { id, connectionId: ofConnection, principal: principalOf(ctx.actor), at, expiresAt };
    await insertTest(tx, test, hashSecret(token));
    await recordAudit(tx, ctx, {
      action: 'connection.test_asked',
      subjectKind: 'connection',
      subjectId: ofConnection,
      data: { test: id },
    });
  });
  return { id, url: `${deps.config.baseUrl}/sso/test/${token}`, expiresAt };
}

/** The test that a link opens: undefined for one that is unknown, used or over. Changes nothing. */
export async function findOpenTest(
  deps: Pick<SsoDeps, 'db' | 'clock'>,
  token: string,
): Promise<ConnectionTest | undefined> {
  if (!TOKEN.test(token)) return undefined;
  const [credential] = await deps.db.realm<{ kind: string; org_id: string; subject_id: string }>({
    name: 'find_credential',
    text: 'select kind, org_id, subject_id, expires_at, revoked_at from find_credential($1)',
    values: [hashSecret(token)],
  });
  if (credential?.kind !== 'connection_test') return undefined;
  const { org_id: orgId, subject_id: id } = credential;
  const test = await findTest({ query: (statement) => deps.db.query(orgId, statement) }, orgId, id);
  return test?.outcome === 'open' && test.expiresAt > deps.clock.now() ? test : undefined;
}
