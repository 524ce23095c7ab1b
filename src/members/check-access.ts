// "May this person do this, here, now?": the answer that decides, where a token's claims are only hints (design,
// section 9). A refusal names every reason at once.
import type { AccessFacts } from './members-queries.ts';

export type AccessQuestion = {
  readonly permission: string | undefined;
  /** Id or key. */
  readonly team: string | undefined;
};

export type AccessReason = { readonly code: AccessReasonCode; readonly message: string };

type AccessReasonCode =
  | 'token_invalid'
  | 'not_a_member'
  | 'member_invited'
  | 'member_pending'
  | 'member_suspended'
  | 'sign_in_by_company_required'
  | 'session_too_old'
  | 'two_factor_required'
  | 'permission_missing'
  | 'team_missing';

/** Every reason against; none = allowed. */
export function reasonsAgainst(facts: AccessFacts | undefined, question: AccessQuestion): AccessReason[] {
  if (!facts) return [{ code: 'not_a_member', message: 'The person is no member of this organization.' }];
  const reasons: AccessReason[] = [];
  const standing = reasonOfStatus(facts);
  if (standing) reasons.push(standing);
  const { permission, team } = question;
  if (permission !== undefined && !facts.permissions.has(permission)) {
    reasons.push({ code: 'permission_missing', message: `The role ${facts.roleKey} does not carry ${permission}.` });
  }
  if (team !== undefined && !facts.teamKeys.includes(team) && !facts.teamIds.includes(team.toLowerCase())) {
    reasons.push({ code: 'team_missing', message: `The member is not in the team ${team}.` });
  }
  return reasons;
}

function reasonOfStatus({ status, pendingReason }: AccessFacts): AccessReason | undefined {
  switch (status) {
    case 'active':
      return undefined;
    case 'invited':
      return { code: 'member_invited', message: 'The invitation was not accepted yet.' };
    case 'pending':
      return { code: 'member_pending', message: `The member waits: ${pendingReason ?? 'unknown'}.` };
    case 'suspended':
      return { code: 'member_suspended', message: 'The member is suspended.' };
    case 'removed':
    case 'purged':
      return { code: 'not_a_member', message: 'The person is no member of this organization.' };
  }
}
