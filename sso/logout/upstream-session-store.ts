// Keeps sessions at companies: written by the sign-in's transaction, ended by whichever side logs out first.
import type { Queryable, Tx } from '../../src/db/database.ts';
import { openBytes, sealBytes } from '../../src/seal.ts';
import type { NamedSessions, StoredSession, UpstreamSession } from './upstream-session.ts';

export const END_KEYCLOAK_SESSIONS = 'end_keycloak_sessions';

type Row = {
  id: string;
  connection_id: string;
  member_id: string;
  subject: string;
  name_format: string | null;
  name_qualifier: string | null;
  sp_name_qualifier: string | null;
  session_index: string | null;
  sealed_id_token: Buffer | null;
};

const COLUMNS =
  'id, connection_id, member_id, subject, name_format, name_qualifier, sp_name_qualifier, session_index, sealed_id_token';

export async function insertUpstreamSession(
  tx: Tx,
  secretKey: string,
  write: {
    readonly id: string;
    readonly connectionId: string;
    readonly memberId: string;
    readonly personId: string;
    readonly browserHash: Buffer;
    readonly session: UpstreamSession;
    readonly at: Date;
  },
): Promise<void> {
  const { session } = write;
  const idToken = session.idToken === undefined ? null : Buffer.from(session.idToken);
  await tx.query({
    name: 'sso_upstream_session_insert',
    text: `insert into upstream_session (org_id, id, connection_id, member_id, person_id, browser_hash, subject, name_format,
        name_qualifier, sp_name_qualifier, session_index, sealed_id_token, started_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    values: [
      tx.orgId,
      write.id,
      write.connectionId,
      write.memberId,
      write.personId,
      write.browserHash,
      session.subject,
      session.nameFormat ?? null,
      session.nameQualifier ?? null,
      session.spNameQualifier ?? null,
      session.sessionIndex ?? null,
      idToken && sealBytes(secretKey, purpose(write.id), idToken),
      write.at,
    ],
  });
}

/**
 * Remembers a company's logout message until it would be too old anyway, beside the assertions that were used. Throws
 * `sign_in_refused` (assertion_replayed) if it is known.
 */
export async function rememberLogout(tx: Tx, connectionId: string, messageId: string, until: Date): Promise<void> {
  await tx.query({
    name: 'sso_logout_seen_insert',
    text: 'insert into assertion_seen (org_id, connection_id, assertion_id, expires_at) values ($1, $2, $3, $4)',
    values: [tx.orgId, connectionId, `logout ${messageId}`, until],
  });
}

/**
 * Ends the open sessions that a company names; answers which they were, and of whom. A sign-in that came without a session
 * index is ended with its person, and formats count only where both sides name one.
 */
export async function endNamedSessions(
  tx: Tx,
  connectionId: string,
  named: NamedSessions,
  at: Date,
): Promise<{ readonly id: string; readonly memberId: string }[]> {
  const rows = await tx.query<{ id: string; member_id: string }>({
    name: 'sso_upstream_session_end_named',
    text: `update upstream_session set ended_at = $6, ended_by = 'company'
      where org_id = $1 and connection_id = $2 and ended_at is null and ($3::text is null or subject = $3)
        and ($4::text is null or name_format is null or name_format = $4 or concat($4, name_format) like '%:unspecified%')
        and (cardinality($5::text[]) = 0 or session_index = any ($5) or (session_index is null and $3 is not null))
      returning id, member_id`,
    values: [tx.orgId, connectionId, named.subject ?? null, named.nameFormat ?? null, named.sessionIndexes, at],
  });
  return rows.map((row) => ({ id: row.id, memberId: row.member_id }));
}

/** Ends one session because the application has logged out; undefined when it is over already, or nobody's. */
export async function endOwnSession(
  tx: Tx,
  id: string,
  at: Date,
): Promise<{ readonly connectionId: string; readonly memberId: string } | undefined> {
  const [row] = await tx.query<{ connection_id: string; member_id: string }>({
    name: 'sso_upstream_session_end',
    text: `update upstream_session set ended_at = $3, ended_by = 'application'
      where org_id = $1 and id = $2 and ended_at is null returning connection_id, member_id`,
    values: [tx.orgId, id, at],
  });
  return row && { connectionId: row.connection_id, memberId: row.member_id };
}

/** A session that has ended, to be named to its company. */
export async function findUpstreamSession(tx: Tx, secretKey: string, id: string): Promise<StoredSession | undefined> {
  const [row] = await tx.query<Row>({
    name: 'sso_upstream_session_find',
    text: `select ${COLUMNS} from upstream_session where org_id = $1 and id = $2`,
    values: [tx.orgId, id],
  });
  return row && fromRow(secretKey, row);
}

/** Has Keycloak's sessions of these sign-ins ended after the commit, at `runAt` at the earliest (the queue's task). */
export async function endInKeycloak(
  tx: Tx,
  { sessionIds, runAt }: { readonly sessionIds: readonly string[]; readonly runAt: Date | undefined },
): Promise<void> {
  await tx.query({
    name: 'sso_end_keycloak_sessions',
    text: 'select enqueue_job($1, $2, null, $3)',
    values: [END_KEYCLOAK_SESSIONS, JSON.stringify({ orgId: tx.orgId, sessionIds }), runAt ?? null],
  });
}

export type BrowserSession = {
  readonly orgId: string;
  readonly id: string;
  readonly organizationKey: string;
  readonly personId: string;
  /** Keycloak's own id of its session, where an event has told it. */
  readonly keycloakSession: string | undefined;
};

/** An ended sign-in and those before it in the same browser: any may have opened Keycloak's one session of the browser. */
export async function sessionsOfBrowser(db: Queryable, orgId: string, sessionId: string): Promise<BrowserSession[]> {
  const rows = await db.query<{
    org_id: string;
    id: string;
    organization_key: string;
    person_id: string;
    keycloak_session: string | null;
  }>({
    name: 'sso_sessions_of_browser',
    text: 'select org_id, id, organization_key, person_id, keycloak_session from sessions_of_browser($1, $2)',
    values: [orgId, sessionId],
  });
  return rows.map((row) => ({
    orgId: row.org_id,
    id: row.id,
    organizationKey: row.organization_key,
    personId: row.person_id,
    keycloakSession: row.keycloak_session ?? undefined,
  }));
}

function fromRow(secretKey: string, row: Row): StoredSession {
  return {
    id: row.id,
    connectionId: row.connection_id,
    memberId: row.member_id,
    subject: row.subject,
    nameFormat: row.name_format ?? undefined,
    nameQualifier: row.name_qualifier ?? undefined,
    spNameQualifier: row.sp_name_qualifier ?? undefined,
    sessionIndex: row.session_index ?? undefined,
    idToken: row.sealed_id_token ? openBytes(secretKey, purpose(row.id), row.sealed_id_token).toString() : undefined,
  };
}

function purpose(id: string): string {
  return `upstream_session ${id}`;
}
