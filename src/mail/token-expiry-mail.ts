// The mail that warns of a directory's token before it ends: whose, when, what happens then, and what to do. Never the token.

import { wordTime } from '../word-time.ts';
import type { MailContent } from './invitation-mail.ts';
import { noticeMail } from './notice-mail.ts';

export type TokenExpiry = {
  readonly organizationName: string;
  readonly directoryName: string;
  readonly tokenName: string;
  readonly expiresAt: Date;
  /** What the warning says: the token ends within so many days. */
  readonly days: number;
  readonly lastUsedAt: Date | undefined;
};

export function tokenExpiryMail(expiry: TokenExpiry): MailContent {
  const { organizationName, directoryName, tokenName, days } = expiry;
  const within = days === 1 ? 'within a day' : `within ${days} days`;
  const title = `A directory token of ${organizationName} ends ${within}`;
  return noticeMail({
    subject: `${title}: ${directoryName}`,
    title,
    opening: `The token "${tokenName}" of the directory "${directoryName}" ends ${within}. After that the directory's requests are refused: nobody it adds gets in, and nobody it deactivates is cut off.`,
    facts: [
      ['Organization', organizationName],
      ['Directory', directoryName],
      ['Token', tokenName],
      ['Ends', wordTime(expiry.expiresAt)],
      ['Last used', expiry.lastUsedAt ? wordTime(expiry.lastUsedAt) : 'never'],
    ],
    steps:
      'Issue a second token beside this one, enter it in your identity provider, test the connection there, and revoke this one. Both work until then, so nothing is missed.',
    footer: `You got this mail because you may manage the directories of ${organizationName}.`,
  });
}
