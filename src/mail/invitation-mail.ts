// The mail that carries an invitation: who invites, to what, what one will be there, until when. Never an API key.
import { html } from '../html.ts';
import type { Invitation } from '../invitations/invitation.ts';
import { wordTime } from '../word-time.ts';
import { button, factTable, mailPage, paragraph, quotation } from './mail-layout.ts';

export type MailContent = { readonly subject: string; readonly text: string; readonly html: string };

/** The invitation as its addressee reads it. `link` opens the page with the Accept button. */
export function invitationMail(invitation: Invitation, link: string): MailContent {
  const { organizationName, inviter, message } = invitation;
  const who = inviter.name ?? `The team of ${organizationName}`;
  const title = `You are invited to ${organizationName}`;
  const opening = `${who} invites you to join ${organizationName}.`;
  const facts = factsOf(invitation);
  const closing = `The link is yours alone and works once, until ${wordTime(invitation.expiresAt)}. Opening it changes nothing; you join when you press the button on its page.`;
  const footer = `You got this mail because ${inviter.name ?? `the team of ${organizationName}`} entered ${invitation.address}. If you did not expect it, ignore it: nothing happens.`;
  const text = [
    title,
    opening,
    ...(message === undefined
      ? []
      : [
          message
            .split(/\r?\n/)
            .map((line) => `> ${line}`)
            .join('\n'),
        ]),
    facts.map(([name, value]) => `${name}: ${value}`).join('\n'),
    `Accept the invitation:\n${link}`,
    closing,
    `--\n${footer}`,
  ].join('\n\n');
  return {
    subject: headerText(inviter.name ? `${inviter.name} invites you to ${organizationName}` : title),
    text,
    html: mailPage({
      title,
      body: [
        paragraph(html`${opening}`),
        ...(message === undefined ? [] : [quotation(message)]),
        factTable(facts),
        button({ label: 'Accept the invitation', link }),
        paragraph(html`${closing}`),
      ],
      footer,
    }),
  };
}

function factsOf({ role, teams, expiresAt }: Invitation): [string, string][] {
  const named = teams.map((team) => team.displayName).join(', ');
  return [
    ['Your role', role.displayName],
    ...(named === '' ? [] : [[teams.length === 1 ? 'Your team' : 'Your teams', named] as [string, string]]),
    ['Valid until', wordTime(expiresAt)],
  ];
}

/** One line without control characters. */
function headerText(text: string): string {
  return text.replaceAll(/\p{C}+/gu, ' ').trim();
}
