// Every reason for which a sign-in ends at our own page, in words for the administrator who reads the attempt: what was
// found, and what to set. The person's own words are in refusals.ts; where the protocol's refusal is finer, its table counts.
import { OIDC_REFUSALS } from '../oidc/refusals.ts';
import { SAML_REFUSALS } from '../saml/refusals.ts';
import type { RefusalCode } from './refusals.ts';

export type AdministratorWords = { readonly cause: string; readonly cure: string };

const STALE = 'Nothing to set: the person starts a new sign-in from the application.';
const APPROVE =
  'If it is the same person, approve the first link of this member: POST …/connections/{connection}/approvals with the memberId.';
const LOG = "Whoever operates Drawbridge finds it in the log, under the page's reference.";

export const ADMINISTRATOR_WORDS = {
  request_unknown: {
    cause: 'The answer belongs to no sign-in that was started here: an IdP-initiated one, or an old page.',
    cure: "Have people start at the application; at the identity provider, link its tile to the application's address.",
  },
  request_expired: { cause: 'The answer came more than ten minutes after the sign-in was started.', cure: STALE },
  request_used: { cause: 'The answer to this sign-in had come before: the page was sent once more.', cure: STALE },
  browser_mismatch: {
    cause:
      'The answer came from another browser than the one that started the sign-in, or that browser keeps no cookies.',
    cure: 'Once: nothing to set. Again for the same person: let the browser keep cookies, and ask who sent them the link.',
  },
  connection_missing: {
    cause: 'No active connection can sign this person in, or the connection lacks what its provider publishes.',
    cure: 'Complete the connection (its field missing says what it lacks), test it, and activate it.',
  },
  connection_disabled: {
    cause: 'The connection is switched off.',
    cure: 'Activate it, or have its people sign in another way.',
  },
  connection_mismatch: {
    cause: 'The sign-in was started by another connection than the one whose address the answer came to.',
    cure: "Give the identity provider exactly this connection's addresses: GET …/connections/{connection}/setup lists them.",
  },
  identity_provider_refused: {
    cause: 'The identity provider answered that it did not sign the person in, or the person cancelled there.',
    cure: "Assign the person to the application at the identity provider; the provider's own log says why it refused.",
  },
  response_refused: {
    cause: 'The answer passed the signature and the times, but names nobody who could be known again.',
    cure: 'Have the provider send a persistent NameID, or an attribute with an unchanging id.',
  },
  logout_refused: {
    cause: "The company's logout message is not valid, or came a second time.",
    cure: `Compare the logout addresses and the signing certificate with the identity provider's. ${LOG}`,
  },
  response_unreadable: {
    cause: 'What was posted to this address is too large, or not a form.',
    cure: 'Send fewer groups and attributes, by HTTP-POST.',
  },
  identity_provider_unavailable: {
    cause: 'The identity provider could not be reached, or did not answer as it must.',
    cure: 'Look whether it is up, and whether its address may be reached from here (SSO_ALLOWED_NETWORKS for private ones).',
  },
  person_unknown: {
    cause: 'The company signed the person in, and no member of this organization is them.',
    cure: 'Push the person by the paired directory, invite them, or let the connection make members (jit).',
  },
  entry_refused: {
    cause: 'None of what the company says of the person may enter.',
    cure: 'Add an access grant or a mapping rule that matches what was received, or open the gate.',
  },
  person_ambiguous: {
    cause: 'What the company says of the person leads to different members.',
    cure: 'Let one of them go, or correct the address, user name or id of one at the company. The checks name the steps.',
  },
  address_outside_domains: {
    cause: 'The address that came, or the one of the member, is of no domain that this connection may assert.',
    cure: "Verify the address's domain, and name it in the connection's domains.",
  },
  domain_lost: {
    cause:
      "The DNS record that proves the domain of the member's address has been missing for over two weeks, or the organization has given the domain up.",
    cure: 'Publish the TXT record and verify the domain, which is claimed anew where it was given up: POST …/domains, then …/domains/{domain}/verify.',
  },
  not_in_directory: {
    cause: 'The member is known, but the directory that is paired with this connection does not have them.',
    cure: 'Push the person by that directory, or pair the connection with the directory that has them.',
  },
  linked_elsewhere: {
    cause: 'The member was signed in by another account of this connection before.',
    cure: 'If the company gave the person a new account, unlink the old one (DELETE …/connections/{connection}/identities/{member}) and let them sign in again.',
  },
  approval_needed: {
    cause: 'The member has administrator rights, and a first link to such a member needs approval.',
    cure: APPROVE,
  },
  break_glass: {
    cause: "The member is a break-glass owner, who must not be linked to the company's sign-in.",
    cure: 'They sign in by password and second factor. To change that, choose another break-glass owner first.',
  },
  proof_needed: {
    cause: 'Only the address fits, and its person has a credential or is a member elsewhere: that is no proof.',
    cure: APPROVE,
  },
  member_suspended: {
    cause: 'The member is suspended or blocked, or somebody of this id, name or address was let go while blocked.',
    cure: 'Reactivate the member, or lift the block, if they may come in again.',
  },
  member_waiting: {
    cause: 'The member waits to be admitted: their address is of no verified domain, or somebody else holds it.',
    cure: 'Verify the domain, or release the member: POST …/members/{member}/release.',
  },
  invitation_open: {
    cause: 'The person is invited and has not accepted, and this connection does not make members of them.',
    cure: 'Send the invitation again, or let the connection make members (jit).',
  },
  seat_limit: {
    cause: 'All seats of the plan are taken.',
    cure: 'Remove somebody, or raise the number of seats.',
  },
  invitation_refused: {
    cause: 'The invitation could not be accepted.',
    cure: 'Send the invitation again, or make a new one.',
  },
  unavailable: {
    cause: 'A service that the sign-in needs did not answer.',
    cure: `Try again in a few minutes. ${LOG}`,
  },
  too_many_requests: {
    cause: 'One address asked the public logout addresses more than 200 times in a second.',
    cure: 'If it was your provider, it may go on more slowly; behind a proxy, let TRUST_PROXY say whose address counts.',
  },
  internal: { cause: 'The sign-in failed on our side.', cure: LOG },
} as const satisfies Record<RefusalCode, AdministratorWords>;

type ProtocolRefusal = { readonly samlRefusal?: string; readonly oidcRefusal?: string };

/** Cause and cure of a refused sign-in; the protocol's own where its trace names one. */
export function administratorWords(refusal: RefusalCode, trace: ProtocolRefusal): AdministratorWords {
  const finer = find(SAML_REFUSALS, trace.samlRefusal) ?? find(OIDC_REFUSALS, trace.oidcRefusal);
  return finer ?? ADMINISTRATOR_WORDS[refusal];
}

function find(table: Readonly<Record<string, AdministratorWords>>, code: string | undefined) {
  return code !== undefined && Object.hasOwn(table, code) ? table[code] : undefined;
}
