// Sends the warning of a certificate's end to one administrator, from what is true now: one that was replaced meanwhile,
// or somebody who no longer manages connections, gets no mail. May run twice: both mails have one Message-ID.
import { z } from 'zod';
import type { JobHelpers } from '../jobs/task.ts';
import { certificateExpiryMail } from './certificate-expiry-mail.ts';
import { findCertificateWarning } from './certificate-warning-queries.ts';
import type { SendMailDeps } from './mailer.ts';
import { sendAlert } from './send-alert.ts';

export const certificateExpiryPayload = z.object({
  template: z.literal('certificate_expiry'),
  orgId: z.uuid(),
  connectionId: z.uuid(),
  fingerprint: z.string(),
  memberId: z.uuid(),
  days: z.int().min(1),
});

export async function sendCertificateExpiryMail(
  deps: SendMailDeps,
  mail: z.output<typeof certificateExpiryPayload>,
  { log }: JobHelpers,
): Promise<void> {
  const found = await findCertificateWarning(deps, mail);
  if (!found) return;
  const { memberId, days } = mail;
  const reference = `certificate-${mail.connectionId}-${mail.fingerprint.slice(0, 16)}-${days}-${memberId}`;
  await sendAlert(deps, log, { memberId, to: found.address, reference, ...certificateExpiryMail(found, days) });
}
