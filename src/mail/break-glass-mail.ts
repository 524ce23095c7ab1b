// The mail that tells the other owners that a break-glass owner has signed in: who, when, and what to do if it was not them.

import { wordTime } from '../word-time.ts';
import type { MailContent } from './invitation-mail.ts';
import { noticeMail } from './notice-mail.ts';

export type BreakGlassUse = {
  readonly organizationName: string;
  readonly ownerName: string;
  readonly ownerAddress: string;
  readonly at: Date;
};

export function breakGlassMail({ organizationName, ownerName, ownerAddress, at }: BreakGlassUse): MailContent {
  const title = `A break-glass owner of ${organizationName} has signed in`;
  return noticeMail({
    subject: `${title}: ${ownerName}`,
    title,
    opening: `${ownerName} has signed in by password, past the company's sign-in. Break-glass owners do that only when the company's provider fails.`,
    facts: [
      ['Organization', organizationName],
      ['Owner', `${ownerName} (${ownerAddress})`],
      ['Signed in', wordTime(at)],
    ],
    steps:
      'If you do not know why, ask them now. If it was not them, suspend the member: that ends their sessions at once.',
    footer: `You got this mail because you have full control of ${organizationName}.`,
  });
}
