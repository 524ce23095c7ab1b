// Writes of invitations and of the member rows that wait for them. Every function runs inside its caller's transaction.
import { recordAudit } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { Database, Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { hashSecret } from '../ids.ts';
import { enqueueJob } from '../jobs/jobs-store.ts';
import type { Rights } from '../roles/rights.ts';
import { HOUR_MS, type Inviter, MAILS_PER_HOUR } from './invitation.ts';

/** One invitation at a time for one address of an organization, until the transaction ends. */
export async function lockAddress(tx: Tx, address: string): Promise<void> {
  await tx.query({
    text: `select pg_advisory_xact_lock(hashtextextended('invite ' || $1 || ' ' || fold_key($2), 0))`,
    values: [tx.orgId, address],
  });
}

/** Marks the organization's invitations whose time is over, so that they hold no seat and no address. */
export async function expireInvitations(tx: Tx, now: Date): Promise<void> {
  await tx.query({ text: 'select expire_invitations($1, $2)', values: [now, tx.orgId] });
}

/** Throws `too_many_requests` when the address got its mails of this hour already; `sends` are the earlier ones. */
export async function requireMailAllowance(tx: Tx, address: string, now: Date): Promise<void> {
  const [row] = await tx.query<{ sends: Date[] | null }>({
    text: `select array_agg(s.at order by s.at) as sends from invitation i cross join lateral unnest(i.recent_sends) as s (at)
      where i.org_id = $1 and i.address_key = fold_key($2) and s.at > $3`,
    values: [tx.orgId, address, new Date(now.getTime() - HOUR_MS)],
  });
  const sends = row?.sends ?? [];
  if (sends.length < MAILS_PER_HOUR) return;
  const freeAt = sends[sends.length - MAILS_PER_HOUR]!.getTime() + HOUR_MS;
  throw new DomainError(
    'too_many_requests',
    `This address got ${MAILS_PER_HOUR} mails within an hour. Send the next one later, or give the link's owner time to find it.`,
    { data: { retryAfterSeconds: Math.ceil((freeAt - now.getTime()) / 1000) } },
  );
}

export type NewInvitation = {
  readonly id: string;
  readonly memberId: string;
  readonly address: string;
  readonly roleKey: string;
  readonly teamIds: readonly string[];
  readonly message: string | undefined;
  readonly inviter: Inviter;
  readonly rights: Rights;
  readonly expiresAt: Date;
  readonly now: Date;
  /** Asks for a proof of the address and offers nothing. */
  readonly confirmsAddress?: boolean;
};

/** Writes the row; the link is made by `sendLink`. */
export async function insertInvitation(tx: Tx, invitation: NewInvitation): Promise<void> {
  await tx.query({
    text: `insert into invitation (org_id, id, member_id, address, address_key, role_key, team_ids, message, inviter,
        ceiling, ceiling_full_control, expires_at, created_at, confirms_address)
      values ($1, $2, $3, $4, fold_key($4), $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    values: [
      tx.orgId,
      invitation.id,
      invitation.memberId,
      invitation.address,
      invitation.roleKey,
      invitation.teamIds,
      invitation.message ?? null,
      JSON.stringify(invitation.inviter),
      [...invitation.rights.permissions],
      invitation.rights.fullControl,
      invitation.expiresAt,
      invitation.now,
      invitation.confirmsAddress ?? false,
    ],
  });
}

/** The offer is made again: by whoever does so, with a full lifetime. */
export async function renewInvitation(
  tx: Tx,
  invitationId: string,
  renewal: { readonly inviter: Inviter; readonly rights: Rights; readonly expiresAt: Date },
): Promise<void> {
  await tx.query({
    text: `update invitation set status = 'pending', inviter = $3, ceiling = $4, ceiling_full_control = $5, expires_at = $6,
      browser_hash = null where org_id = $1 and id = $2`,
    values: [
      tx.orgId,
      invitationId,
      JSON.stringify(renewal.inviter),
      [...renewal.rights.permissions],
      renewal.rights.fullControl,
      renewal.expiresAt,
    ],
  });
}

/** Makes the next link (the earlier ones die) and its mail. `tokenOf` gives the secret, of which only the hash is kept. */
export async function sendLink(
  tx: Tx,
  link: { readonly invitationId: string; readonly expiresAt: Date; readonly now: Date },
  tokenOf: (sentCount: number) => string,
): Promise<void> {
  const hourAgo = new Date(link.now.getTime() - HOUR_MS);
  const [row] = await tx.query<{ sent_count: number }>({
    text: `update invitation set sent_count = sent_count + 1, delivery = 'queued', delivery_error = null,
        recent_sends = array(select s from unnest(recent_sends) s where s > $3) || $4::timestamptz
      where org_id = $1 and id = $2 returning sent_count`,
    values: [tx.orgId, link.invitationId, hourAgo, link.now],
  });
  const sentCount = row!.sent_count;
  await revokeLinks(tx, link.invitationId);
  await tx.query({
    text: `select issue_credential($1, 'invitation', $2, $3, $4)`,
    values: [hashSecret(tokenOf(sentCount)), tx.orgId, link.invitationId, link.expiresAt],
  });
  const payload = { template: 'invitation', orgId: tx.orgId, invitationId: link.invitationId, sentCount };
  await enqueueJob(tx, 'send_mail', payload, { key: `invitation ${link.invitationId} ${sentCount}` });
}

/** No link of this invitation opens anything from the commit on. */
export async function revokeLinks(tx: Tx, invitationId: string): Promise<void> {
  await tx.query({
    text: `select revoke_credentials('invitation', $1, $2)`,
    values: [tx.orgId, invitationId],
  });
}

/** One audit event about an invitation; the address goes to the erasable side. */
export async function recordInvitationEvent(
  tx: Tx,
  ctx: RequestContext,
  event: {
    readonly action: string;
    readonly invitationId: string;
    readonly data?: Readonly<Record<string, unknown>>;
    readonly address?: string;
  },
): Promise<void> {
  const { action, invitationId, data, address } = event;
  await recordAudit(tx, ctx, {
    action,
    subjectKind: 'invitation',
    subjectId: invitationId,
    ...(data && { data }),
    ...(address !== undefined && { personal: { address } }),
  });
}

/** What became of the `sentCount`-th mail. A mail that was overtaken by a newer one changes nothing. */
export async function recordDelivery(
  db: Database,
  mail: { readonly orgId: string; readonly invitationId: string; readonly sentCount: number },
  outcome: { readonly delivery: 'sent'; readonly at: Date } | { readonly delivery: 'failed'; readonly error: string },
): Promise<void> {
  const sent = outcome.delivery === 'sent';
  await db.query(mail.orgId, {
    text: `update invitation set delivery = $4, last_sent_at = coalesce($5, last_sent_at), delivery_error = $6
      where org_id = $1 and id = $2 and sent_count = $3 and delivery <> 'sent'`,
    values: [
      mail.orgId,
      mail.invitationId,
      mail.sentCount,
      outcome.delivery,
      sent ? outcome.at : null,
      sent ? null : outcome.error,
    ],
  });
}

/** The person has something of their own to sign in with (a password, a passkey). */
export async function noteCredential(db: Database, personId: string): Promise<void> {
  await db.realm({ text: 'select note_credential($1, true)', values: [personId] });
}
