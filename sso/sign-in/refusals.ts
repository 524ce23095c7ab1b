// Every reason for which a sign-in ends at our own page, in words for the person who sees it. What exactly was wrong is
// in the trace, whose id the page names: an attacker learns nothing there, an administrator everything.

export type RefusalText = {
  readonly status: number;
  readonly title: string;
  /** What happened. */
  readonly cause: string;
  /** What the person does now. */
  readonly cure: string;
};

const ASK_ADMIN = "Ask your organization's administrator, and give them the reference below.";
const START_AGAIN = 'Go back to the application and sign in once more.';

export const REFUSALS = {
  // The request
  request_unknown: {
    status: 400,
    title: 'This sign-in is not known',
    cause: 'The page that sent you here does not belong to a sign-in that was started here.',
    cure: START_AGAIN,
  },
  request_expired: {
    status: 400,
    title: 'This sign-in took too long',
    cause: 'A sign-in must be finished within ten minutes, in the browser in which it was started.',
    cure: START_AGAIN,
  },
  request_used: {
    status: 400,
    title: 'This sign-in was finished before',
    cause: 'Each sign-in works once. The page was probably reloaded, or opened again from the history.',
    cure: START_AGAIN,
  },
  browser_mismatch: {
    status: 403,
    title: 'This sign-in began in another browser',
    cause: 'Somebody started this sign-in elsewhere, so it cannot be finished here.',
    cure: `If it was not you who started it, close this page. Otherwise: ${START_AGAIN.toLowerCase()}`,
  },
  connection_missing: {
    status: 403,
    title: 'Your company sign-in is not set up',
    cause: 'Your organization has no active connection to a company sign-in.',
    cure: ASK_ADMIN,
  },
  connection_disabled: {
    status: 403,
    title: 'Your company sign-in is switched off',
    cause: 'Your organization has switched its connection to your company off.',
    cure: ASK_ADMIN,
  },
  connection_mismatch: {
    status: 403,
    title: 'This sign-in belongs to another connection',
    cause: 'The answer came by another way than the one by which it was asked for.',
    cure: START_AGAIN,
  },
  // What the company's identity provider said
  identity_provider_refused: {
    status: 403,
    title: 'Your company did not sign you in',
    cause: "Your company's sign-in page answered that it did not sign you in, or you cancelled there.",
    cure: "Try again. If it happens again, ask your company's administrator whether the application is assigned to you.",
  },
  response_refused: {
    status: 403,
    title: "Your company's answer could not be accepted",
    cause: "The answer of your company's sign-in did not pass our checks.",
    cure: ASK_ADMIN,
  },
  logout_refused: {
    status: 403,
    title: 'This logout could not be checked',
    cause: 'What your company sent to log you out did not pass our checks, or came a second time.',
    cure: ASK_ADMIN,
  },
  response_unreadable: {
    status: 400,
    title: "Your company's answer could not be read",
    cause: 'What was sent to this address is too large, not a form, or holds U+0000.',
    cure: ASK_ADMIN,
  },
  identity_provider_unavailable: {
    status: 502,
    title: "Your company's sign-in does not answer",
    cause: "We could not reach your company's sign-in service.",
    cure: `Try again in a few minutes. ${ASK_ADMIN}`,
  },
  // Who it is
  person_unknown: {
    status: 403,
    title: 'You are not a member here yet',
    cause: 'Your company signed you in, but your organization has no member that you could be.',
    cure: 'Ask your administrator to add or invite you.',
  },
  entry_refused: {
    status: 403,
    title: 'Your company account may not enter here',
    cause: 'Your company signed you in, but none of your groups may use this application.',
    cure: "Ask your company's administrator to add you to a group that may.",
  },
  person_ambiguous: {
    status: 403,
    title: 'We cannot tell which member you are',
    cause: "What your company's sign-in says of you points at two different members.",
    cure: ASK_ADMIN,
  },
  address_outside_domains: {
    status: 403,
    title: 'Your address is not one of your organization',
    cause: 'Your company signed you in with an address whose domain your organization has not proved to own.',
    cure: ASK_ADMIN,
  },
  domain_lost: {
    status: 403,
    title: 'Your organization no longer owns your domain',
    cause:
      'The proof that your organization owns the domain of your address has been missing for over two weeks, or the organization has given the domain up.',
    cure: ASK_ADMIN,
  },
  not_in_directory: {
    status: 403,
    title: 'You are not in the directory of this sign-in',
    cause: 'You are a member, but not one that your company keeps in the directory that belongs to this sign-in.',
    cure: ASK_ADMIN,
  },
  linked_elsewhere: {
    status: 403,
    title: 'Another company account is linked to you',
    cause: 'This member was signed in by another account of the same company before.',
    cure: ASK_ADMIN,
  },
  approval_needed: {
    status: 403,
    title: 'An administrator must approve this',
    cause: 'The member that you would be has administrator rights, so a first company sign-in needs approval.',
    cure: 'Sign in the way you did before, or ask another administrator.',
  },
  break_glass: {
    status: 403,
    title: 'You sign in by password here',
    cause:
      "You are kept as an owner who can come in when the company's sign-in fails, so it must not be linked to you.",
    cure: 'Sign in with your password and second factor.',
  },
  proof_needed: {
    status: 403,
    title: 'You have an account already',
    cause: 'An account with your address exists, and an address alone does not prove that it is yours.',
    cure: 'Sign in the way you did before, with your password. If you cannot, ask your administrator.',
  },
  member_suspended: {
    status: 403,
    title: 'Your membership is suspended',
    cause: 'Your organization has suspended your access.',
    cure: 'Ask your administrator.',
  },
  member_waiting: {
    status: 403,
    title: 'Your membership waits for an administrator',
    cause: 'You are known here, but your membership has not been admitted yet.',
    cure: ASK_ADMIN,
  },
  invitation_open: {
    status: 403,
    title: 'You have an open invitation',
    cause: 'You are invited, and have not accepted yet.',
    cure: 'Open the link in your invitation mail. If you cannot find it, ask your administrator to send it again.',
  },
  seat_limit: {
    status: 403,
    title: 'All seats are taken',
    cause: "Your organization's plan has no free seat for you.",
    cure: 'Ask your administrator.',
  },
  // An invitation's own refusal brings its own sentence.
  invitation_refused: {
    status: 403,
    title: 'This invitation cannot be used',
    cause: 'The invitation could not be accepted.',
    cure: 'Open the link in your invitation mail again, or ask for a new invitation.',
  },
  unavailable: {
    status: 503,
    title: 'We cannot sign you in at the moment',
    cause: 'A service that we need does not answer.',
    cure: 'Try again in a few minutes.',
  },
  too_many_requests: {
    status: 429,
    title: 'Too many requests',
    cause: 'This address has asked more often in one second than we answer.',
    cure: 'Try again in a moment.',
  },
  internal: {
    status: 500,
    title: 'Something failed on our side',
    cause: 'We could not finish this sign-in.',
    cure: 'Try again. If it happens again, give the reference below to your administrator.',
  },
} as const satisfies Record<string, RefusalText>;

export type RefusalCode = keyof typeof REFUSALS;

/** Also false of a code that only another version knew. */
export function isRefusalCode(code: string | null): code is RefusalCode {
  return code !== null && Object.hasOwn(REFUSALS, code);
}

/** Ends a sign-in at our own page. `detail` is for the trace only. */
export class SignInRefused extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, detail: string, options?: { cause?: unknown }) {
    super(detail, options);
    this.name = 'SignInRefused';
    this.code = code;
  }
}
