// What Postgres says, as errors with a name. Constraint names are the keys: a rule that the database refuses carries
// the same name here, with a sentence for the caller.
import pg from 'pg';
import { DomainError, type ErrorCode } from '../errors.ts';

type Rule = { readonly code: ErrorCode; readonly detail?: string };

/** Rules without a detail bring their own sentence (raised by refuse() in the migrations). */
const RULES: Readonly<Record<string, Rule>> = {
  last_owner: { code: 'last_owner' },
  seat_limit: { code: 'seat_limit' },
  adoption_needs_approval: { code: 'adoption_needs_approval' },
  break_glass_not_adopted: { code: 'conflict' },
  break_glass_not_linked: { code: 'conflict' },
  directory_active: { code: 'conflict' },
  directory_inactive: { code: 'conflict' },
  directory_paired: { code: 'conflict' },
  directory_switched_off: { code: 'directory_inactive' },
  directory_user_taken: { code: 'uniqueness' },
  directory_user_shares_member: { code: 'uniqueness' },
  group_member_unknown: { code: 'invalid_value' },
  directory_user_name_taken: { code: 'uniqueness', detail: 'A user with this userName exists in this directory.' },
  directory_user_external_id_taken: {
    code: 'uniqueness',
    detail: 'A user with this externalId exists in this directory.',
  },
  directory_user_value_taken: {
    code: 'uniqueness',
    detail: 'Another user of this directory has the same value of an attribute that is declared unique.',
  },
  directory_group_name_taken: { code: 'uniqueness', detail: 'A group with this displayName exists in this directory.' },
  directory_group_external_id_taken: {
    code: 'uniqueness',
    detail: 'A group with this externalId exists in this directory.',
  },
  directory_agent_name_taken: {
    code: 'uniqueness',
    detail: 'An agent or application with this name exists in this directory.',
  },
  member_one_per_address: { code: 'already_member', detail: 'A member of this organization has this address.' },
  member_one_per_person: { code: 'already_member', detail: 'This person is a member of this organization already.' },
  invitation_one_pending: {
    code: 'invitation_pending',
    detail: 'This address has an open invitation. Resend or cancel it.',
  },
  invitation_role_exists: { code: 'invalid_value', detail: 'There is no role of this key.' },
  member_role_exists: { code: 'invalid_value', detail: 'There is no role of this key.' },
  team_key_taken: { code: 'uniqueness', detail: 'A team with this key exists. Keys are never used again.' },
  organization_key_pkey: {
    code: 'uniqueness',
    detail: 'This organization key was used before. Keys are never used again.',
  },
  organization_key_form: {
    code: 'invalid_value',
    detail: 'An organization key has 1 to 40 lower-case letters, digits and single hyphens, and is not "invitation".',
  },
  team_key_form: {
    code: 'invalid_value',
    detail: 'A team key has lower-case letters, digits, - and _, and is not "roles".',
  },
  domain_claim_one_owner: { code: 'conflict', detail: 'Another organization has proved this domain.' },
  entry_grant_taken: { code: 'uniqueness', detail: 'The connection has an access grant for this value already.' },
  connection_domain_taken: { code: 'conflict' },
  identity_pkey: { code: 'conflict', detail: 'This identity is linked already.' },
  identity_one_per_member: {
    code: 'conflict',
    detail: 'This member is linked to another identity of this connection.',
  },
  mapping_rule_connection: { code: 'invalid_value', detail: 'The organization has no connection of this id.' },
  mapping_rule_directory: { code: 'invalid_value', detail: 'The organization has no directory of this id.' },
  assertion_replayed: { code: 'sign_in_refused', detail: 'This SAML assertion was used before.' },
};

/** SQLSTATEs after which the database may well answer again: connection trouble, shutdown, too many clients, disk full. */
const UNAVAILABLE = /^(08|57P0|53)/;

/** Node's codes for a connection that could not be made or was lost. */
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** The same failure with a name, or the failure itself where it has none (a fault of ours). */
export function asDomainError(error: unknown): unknown {
  if (error instanceof DomainError) return error;
  if (error instanceof pg.DatabaseError) {
    const rule = error.constraint === undefined ? undefined : RULES[error.constraint];
    if (rule)
      return new DomainError(rule.code, rule.detail ?? error.message, {
        cause: error,
        data: { rule: error.constraint },
      });
    if (error.code && UNAVAILABLE.test(error.code)) return unavailable(error);
    return error;
  }
  if (error instanceof Error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code && NETWORK.has(code)) return unavailable(error);
    if (error instanceof AggregateError) return unavailable(error);
    if (
      /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
        error.message,
      )
    ) {
      return unavailable(error);
    }
  }
  return error;
}

function unavailable(cause: unknown): DomainError {
  return new DomainError(
    'unavailable',
    'The database does not answer. Nothing was changed by this request, or its outcome is unknown: repeat it.',
    { cause },
  );
}
