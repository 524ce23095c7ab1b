// Outstanding requests to companies' identity providers: one row per attempt, bound to one browser, consumed once.
import { timingSafeEqual } from 'node:crypto';
import { isUuid } from '../../src/ids.ts';
import type { SsoDeps } from '../deps.ts';
import type { OidcPending } from '../oidc/relying-party.ts';

type Deps = Pick<SsoDeps, 'db' | 'clock'>;

const REQUEST_LIFE_MS = 10 * 60 * 1000;

/** What was sent, as the protocol part needs it back. */
type SentRequest =
  | { readonly protocol: 'saml'; readonly id: string; readonly issuedAt: string; readonly forceAuthn: boolean }
  | ({ readonly protocol: 'oidc' } & OidcPending);

/** What the sign-in ends in: Keycloak's interaction is answered, or a test shows its result. */
export type Answers = { readonly interactionUid: string } | { readonly testId: string };

export type SignInRequest = {
  readonly orgId: string;
  readonly id: string;
  readonly connectionId: string;
  /** The provider's interaction that the sign-in will answer; undefined for a test sign-in. */
  readonly interactionUid: string | undefined;
  readonly testId: string | undefined;
  readonly browserHash: Buffer;
  /** The address that was typed at Keycloak's page or ours. */
  readonly loginHint: string | undefined;
  readonly sent: SentRequest;
  /** SAML: the response as it was posted. */
  readonly response: string | undefined;
  readonly expiresAt: Date;
  readonly consumedAt: Date | undefined;
};

type Row = {
  org_id: string;
  id: string;
  connection_id: string;
  interaction_uid: string | null;
  test_id: string | null;
  browser_hash: Buffer;
  login_hint: string | null;
  request: SentRequest;
  response: string | null;
  expires_at: Date;
  consumed_at: Date | null;
};

const COLUMNS =
  'org_id, id, connection_id, interaction_uid, test_id, browser_hash, login_hint, request, response, expires_at, consumed_at';

export async function insertSignInRequest(
  { db, clock }: Deps,
  orgId: string,
  request: Pick<SignInRequest, 'id' | 'connectionId' | 'browserHash' | 'loginHint' | 'sent'> & Answers,
): Promise<void> {
  const now = clock.now();
  await db.query(orgId, {
    name: 'sso_sign_in_request_insert',
    text: `insert into sign_in_request (org_id, id, connection_id, interaction_uid, browser_hash, login_hint, request, state,
        created_at, expires_at, test_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    values: [
      orgId,
      request.id,
      request.connectionId,
      'interactionUid' in request ? request.interactionUid : null,
      request.browserHash,
      request.loginHint ?? null,
      request.sent,
      request.sent.protocol === 'oidc' ? request.sent.state : null,
      now,
      new Date(now.getTime() + REQUEST_LIFE_MS),
      'testId' in request ? request.testId : null,
    ],
  });
}

/** By id within one connection: a RelayState of another connection finds nothing. */
export async function findSignInRequest(
  { db }: Deps,
  orgId: string,
  connectionId: string,
  by: { readonly id: string } | { readonly state: string },
): Promise<SignInRequest | undefined> {
  if ('id' in by && !isUuid(by.id)) return undefined;
  const [column, value] = 'id' in by ? (['id', by.id] as const) : (['state', by.state] as const);
  const [row] = await db.query<Row>(orgId, {
    name: `sso_sign_in_request_by_${column}`,
    text: `select ${COLUMNS} from sign_in_request where org_id = $1 and connection_id = $2 and ${column} = $3`,
    values: [orgId, connectionId, value],
  });
  return row && fromRow(row);
}

/** The outstanding request that went out under that protocol id, by one connection. */
export async function findRequestIdSent(
  { db }: Pick<Deps, 'db'>,
  orgId: string,
  sent: { readonly connectionId: string; readonly sentId: string },
): Promise<string | undefined> {
  const [row] = await db.query<{ id: string }>(orgId, {
    name: 'sso_sign_in_request_by_sent_id',
    text: `select id from sign_in_request
      where org_id = $1 and connection_id = $2 and request ->> 'id' = $3 and consumed_at is null`,
    values: [orgId, sent.connectionId, sent.sentId],
  });
  return row?.id;
}

/** Keeps a posted response until the browser comes with its cookie. Answers whether there is such a request, unused. */
export async function storeResponse(
  { db, clock }: Deps,
  orgId: string,
  request: { readonly connectionId: string; readonly id: string; readonly response: string },
): Promise<boolean> {
  if (!isUuid(request.id)) return false;
  const rows = await db.query(orgId, {
    name: 'sso_sign_in_request_respond',
    text: `update sign_in_request set response = $4
      where org_id = $1 and connection_id = $2 and id = $3 and consumed_at is null and expires_at > $5 returning id`,
    values: [orgId, request.connectionId, request.id, request.response, clock.now()],
  });
  return rows.length > 0;
}

/** Uses the request up. False: somebody has, or its time is over. What it held is not kept longer than needed. */
export async function consumeSignInRequest({ db, clock }: Deps, request: SignInRequest): Promise<boolean> {
  const rows = await db.query(request.orgId, {
    name: 'sso_sign_in_request_consume',
    text: `update sign_in_request set consumed_at = $3, response = null
      where org_id = $1 and id = $2 and consumed_at is null and expires_at > $3 returning id`,
    values: [request.orgId, request.id, clock.now()],
  });
  return rows.length > 0;
}

/** Whether one of the values that a browser brought is the one that the request was made with. */
export function belongsTo(request: SignInRequest, browsers: readonly Buffer[]): boolean {
  return browsers.some((browser) => timingSafeEqual(request.browserHash, browser));
}

function fromRow(row: Row): SignInRequest {
  return {
    orgId: row.org_id,
    id: row.id,
    connectionId: row.connection_id,
    interactionUid: row.interaction_uid ?? undefined,
    testId: row.test_id ?? undefined,
    browserHash: row.browser_hash,
    loginHint: row.login_hint ?? undefined,
    sent: row.request,
    response: row.response ?? undefined,
    expiresAt: row.expires_at,
    consumedAt: row.consumed_at ?? undefined,
  };
}
