// The mail that warns before the certificate of a company's identity provider ends: which, when, what that means here
// (nothing by itself), and what to do.

import { wordTime } from '../word-time.ts';
import type { CertificateWarning } from './certificate-warning-queries.ts';
import type { MailContent } from './invitation-mail.ts';
import { noticeMail } from './notice-mail.ts';

/** @param days what the warning says: the certificate ends within so many days */
export function certificateExpiryMail(warning: CertificateWarning, days: number): MailContent {
  const { organizationName, connectionName, isRefreshed } = warning;
  const within = days === 1 ? 'within a day' : `within ${days} days`;
  const title = `A sign-in certificate of ${organizationName} ends ${within}`;
  return noticeMail({
    subject: `${title}: ${connectionName}`,
    title,
    opening: `The certificate by which the identity provider of "${connectionName}" signs ends ${within}, and no later one is known. Sign-ins go on after that date, but the identity provider may stop signing with it, or change it without notice.`,
    facts: [
      ['Organization', organizationName],
      ['Connection', connectionName],
      ['Certificate (SHA-256)', warning.fingerprint],
      ['Ends', wordTime(warning.expiresAt)],
    ],
    steps: isRefreshed
      ? 'Make a new certificate at the identity provider and publish it beside this one. It is read from the metadata within a day, and both are taken until this one is gone.'
      : 'Make a new certificate at the identity provider, and give its metadata to this connection before it signs with it. Both certificates are taken while the metadata holds both. A connection that knows the address of its metadata does this by itself.',
    footer: `You got this mail because you may manage the connections of ${organizationName}.`,
  });
}
