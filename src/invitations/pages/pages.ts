// The pages of an acceptance, each with what to do next. The invited address is never shown in full: who opens a link that
// was passed on need not learn it.
import { type Html, html } from '../../html.ts';
import { wordTime } from '../../word-time.ts';
import { type Invitation, maskAddress } from '../invitation.ts';
import type { LogoutForm } from '../keycloak-sign-in.ts';
import type { Page } from './page.ts';

/** What is offered, and the one button that takes it. */
export function offerPage(invitation: Invitation, acceptPath: string): Page {
  const { organizationName, inviter, role, teams, message, expiresAt } = invitation;
  const who = inviter.name ?? `The team of ${organizationName}`;
  return {
    status: 200,
    title: `Join ${organizationName}`,
    mark: initial(organizationName),
    body: [
      html`<p>${who} invites you to ${organizationName}.</p>`,
      ...(message === undefined ? [] : [html`<blockquote>${message}</blockquote>`]),
      html`<dl>
<dt>Your role</dt><dd>${role.displayName}</dd>
${teams.length === 0 ? undefined : html`<dt>${teams.length === 1 ? 'Your team' : 'Your teams'}</dt><dd>${teams.map((team) => team.displayName).join(', ')}</dd>`}
<dt>For</dt><dd>${maskAddress(invitation.address)}</dd>
<dt>Valid until</dt><dd>${wordTime(expiresAt)}</dd>
</dl>`,
      postButton(acceptPath, 'Accept the invitation'),
      html`<p class="soft">You sign in or choose a password on the next page. Nothing has changed yet.</p>`,
    ],
  };
}

/** For a tab that was closed at the password page. */
export function resumePage(invitation: Invitation, acceptPath: string): Page {
  return {
    status: 200,
    title: `Finish joining ${invitation.organizationName}`,
    mark: initial(invitation.organizationName),
    body: [
      html`<p>You have accepted this invitation, but there is nothing to sign in with yet.</p>`,
      postButton(acceptPath, 'Choose a password'),
    ],
  };
}

export type EndedReason = 'unknown' | 'replaced' | 'expired' | 'cancelled' | 'used';

/** A link that opens nothing (any more). 404 for one that we never made, else 410. */
export function endedPage(reason: EndedReason, invitation: Invitation | undefined, appUrl: string): Page {
  const organization = invitation?.organizationName ?? 'the organization';
  const whom = invitation?.inviter.name ?? `your administrator at ${organization}`;
  const texts: Record<EndedReason, { title: string; body: readonly Html[] }> = {
    unknown: {
      title: 'This link is not an invitation',
      body: [
        html`<p>It may have been cut off when it was copied. Open the link from the mail itself, or ask whoever invited you to send the invitation again.</p>`,
      ],
    },
    replaced: {
      title: 'There is a newer link',
      body: [
        html`<p>This invitation was mailed again, and only the link in the latest mail works. Look for a newer mail about ${organization}.</p>`,
      ],
    },
    expired: {
      title: 'This invitation has expired',
      body: [
        html`<p>Its link was valid until ${invitation ? wordTime(invitation.expiresAt) : 'some time ago'}. Ask ${whom} to send it again; that takes them one click.</p>`,
      ],
    },
    cancelled: {
      title: 'This invitation was cancelled',
      body: [
        html`<p>${organization} has withdrawn it. If you think that this is a mistake, ask ${whom} for a new one.</p>`,
      ],
    },
    used: {
      title: 'This invitation was used',
      body: [
        html`<p>You are a member of ${organization} already. Sign in to go on; if you have no password yet or forgot it, the sign-in page helps.</p>`,
        linkButton(appUrl, 'Go to the application'),
      ],
    },
  };
  const mark = invitation ? initial(invitation.organizationName) : '?';
  return { status: reason === 'unknown' ? 404 : 410, mark, ...texts[reason] };
}

/** Somebody else sits at this browser. Their own name is shown to them, of the invited address only a hint. */
export function otherAccountPage(invitation: Invitation, signedInAs: string, logout: LogoutForm): Page {
  const fields = Object.entries(logout.fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return {
    status: 403,
    title: 'You are signed in with another account',
    mark: initial(invitation.organizationName),
    body: [
      html`<p>This browser is signed in as <strong>${signedInAs}</strong>. The invitation to ${invitation.organizationName} is for another address (${maskAddress(invitation.address)}).</p>`,
      html`<p>If that is yours, too, sign out here and go on. Otherwise ask whoever invited you to invite ${signedInAs} instead.</p>`,
      html`<form method="get" action="${logout.action}">${fields}<button type="submit">Sign out and go on</button></form>`,
      html`<p class="soft">The invitation stays open. Signing out ends this browser's session in the other applications of this sign-in, too.</p>`,
    ],
  };
}

/** Something else stands in the way; `detail` says what to do. */
export function troublePage(trouble: {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
}): Page {
  return {
    status: trouble.status,
    title: trouble.title,
    mark: '!',
    body: [html`<p>${trouble.detail}</p>`],
  };
}

function postButton(action: string, label: string): Html {
  return html`<form method="post" action="${action}"><button type="submit">${label}</button></form>`;
}

function linkButton(href: string, label: string): Html {
  return html`<p><a class="button" href="${href}">${label}</a></p>`;
}

function initial(name: string): string {
  return [...name.trim()][0]?.toUpperCase() ?? '?';
}
