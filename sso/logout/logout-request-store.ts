// Browsers that are logging out at a company: where at Keycloak each goes on when it is back, once.
import type { Queryable, Tx } from '../../src/db/database.ts';
import { isUuid } from '../../src/ids.ts';

const LIFE_MS = 15 * 60 * 1000;

export type LogoutRequest = {
  /** RelayState, or `state`. */
  readonly id: string;
  /** SAML: the ID of our LogoutRequest. */
  readonly requestId: string | undefined;
  /** Keycloak's address. */
  readonly returnTo: string;
  /** Where else the browser ends a session before that. */
  readonly onward: readonly Stop[];
};

/** A session that has ended here, at whose company the browser is to log out. */
export type Stop = { readonly orgId: string; readonly sessionId: string };

export async function insertLogoutRequest(
  tx: Tx,
  connectionId: string,
  { id, requestId, returnTo, onward }: LogoutRequest,
  at: Date,
): Promise<void> {
  await tx.query({
    name: 'sso_logout_request_insert',
    text: `insert into logout_request (org_id, id, connection_id, request_id, return_to, onward, expires_at)
      values ($1, $2, $3, $4, $5, $6, $7)`,
    values: [
      tx.orgId,
      id,
      connectionId,
      requestId ?? null,
      returnTo,
      JSON.stringify(onward),
      new Date(at.getTime() + LIFE_MS),
    ],
  });
}

/** Uses it up; undefined when there is none of this connection, or no longer. */
export async function takeLogoutRequest(
  db: Queryable & { readonly orgId: string },
  connectionId: string,
  id: string,
  at: Date,
): Promise<LogoutRequest | undefined> {
  if (!isUuid(id)) return undefined;
  const [row] = await db.query<{ request_id: string | null; return_to: string; onward: Stop[] }>({
    name: 'sso_logout_request_take',
    text: `delete from logout_request where org_id = $1 and connection_id = $2 and id = $3 and expires_at > $4
      returning request_id, return_to, onward`,
    values: [db.orgId, connectionId, id, at],
  });
  return row && { id, requestId: row.request_id ?? undefined, returnTo: row.return_to, onward: row.onward };
}
