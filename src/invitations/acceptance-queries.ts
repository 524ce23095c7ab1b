// What an acceptance asks before it acts: what a link opens, how its person may come in, whether somebody owns an address.
import type { CoreDeps } from '../db/core-deps.ts';
import type { Database } from '../db/database.ts';
import { hashSecret } from '../ids.ts';
import type { AcceptanceKeycloak } from './deps.ts';
import type { Invitation } from './invitation.ts';
import { findInvitation, readerOf } from './invitation-queries.ts';

export type OpenedLink = {
  readonly invitation: Invitation;
  /** A newer mail has replaced this link. */
  readonly replaced: boolean;
  /** The link's own time is over (an accepted invitation may outlive it). */
  readonly over: boolean;
};

/** What the token of a mailed link stands for, or undefined for one that we never made. Changes nothing. */
export async function openLink(deps: CoreDeps, token: string): Promise<OpenedLink | undefined> {
  const [credential] = await deps.db.realm<{
    kind: string;
    org_id: string;
    subject_id: string;
    expires_at: Date | null;
    revoked_at: Date | null;
  }>({
    name: 'find_credential',
    text: 'select kind, org_id, subject_id, expires_at, revoked_at from find_credential($1)',
    values: [hashSecret(token)],
  });
  if (credential?.kind !== 'invitation') return undefined;
  const now = deps.clock.now();
  const { org_id: orgId, subject_id: invitationId } = credential;
  const invitation = await findInvitation(readerOf(deps.db, orgId), orgId, invitationId, now);
  if (!invitation) return undefined;
  const over = credential.expires_at !== null && credential.expires_at <= now;
  return { invitation, replaced: credential.revoked_at !== null, over };
}

/** Whether this person's proved address is the invited one, folded as everywhere. */
export async function ownsAddress(db: Database, personId: string, address: string): Promise<boolean> {
  const [row] = await db.realm<{ owns: boolean | null }>({
    text: 'select fold_key(address_of_person($1)) = fold_key($2) as owns',
    values: [personId, address],
  });
  return row?.owns === true;
}

/** The person of a Keycloak account that does not name one itself. */
export async function personOfAccount(db: Database, subject: string): Promise<string | undefined> {
  const [row] = await db.realm<{ id: string | null }>({
    text: 'select person_of_keycloak_id($1) as id',
    values: [subject],
  });
  return row?.id ?? undefined;
}

type Standing = {
  person_id: string | null;
  has_credential: boolean | null;
  has_link: boolean | null;
  memberships: number | null;
  company: boolean;
};

/**
 * How the owner of a pending invitation's address comes in: as `sign_in` whoever holds anything already (a credential,
 * a link, a membership) or belongs to a company that signs its people in; by the `link` alone everybody else.
 */
export async function wayIn(
  deps: { readonly db: Database; readonly keycloak: AcceptanceKeycloak },
  address: string,
): Promise<'sign_in' | 'link'> {
  const standing = await standingOf(deps.db, address);
  if (standing.company || standing.has_credential || standing.has_link || (standing.memberships ?? 0) > 0)
    return 'sign_in';
  const held = standing.person_id !== null && (await deps.keycloak.hasCredential(standing.person_id));
  return held ? 'sign_in' : 'link';
}

/**
 * The person who accepted but has nothing to sign in with yet (a tab closed at the password page), or undefined. As far
 * as we know; Keycloak is asked where it counts (`resumablePerson`).
 */
export async function unfinishedPerson(db: Database, invitation: Invitation): Promise<string | undefined> {
  if (invitation.state !== 'accepted') return undefined;
  const standing = await standingOf(db, invitation.address);
  if (standing.company || standing.has_credential || standing.has_link || standing.person_id === null) return undefined;
  const [member] = await db.query<{ person_id: string | null }>(invitation.orgId, {
    text: `select person_id from member where org_id = $1 and id = $2 and status = 'active'`,
    values: [invitation.orgId, invitation.memberId],
  });
  return member?.person_id === standing.person_id ? standing.person_id : undefined;
}

/** As `unfinishedPerson`, and Keycloak holds no credential of theirs either. */
export async function resumablePerson(
  deps: { readonly db: Database; readonly keycloak: AcceptanceKeycloak },
  invitation: Invitation,
): Promise<string | undefined> {
  const personId = await unfinishedPerson(deps.db, invitation);
  return personId !== undefined && !(await deps.keycloak.hasCredential(personId)) ? personId : undefined;
}

async function standingOf(db: Database, address: string): Promise<Standing> {
  const [row] = await db.realm<Standing>({
    text: `select s.person_id, s.has_credential, s.has_link, s.memberships, signs_in_by_company($1) as company
      from (select 1) one left join person_standing($1) s on true`,
    values: [address],
  });
  return row!;
}
