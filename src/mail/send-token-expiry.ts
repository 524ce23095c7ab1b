// Sends the warning of a token's end to one administrator, from what is true now: a token revoked meanwhile, or somebody
// who no longer manages directories, gets no mail. May run twice: both mails have one Message-ID.
import { z } from 'zod';
import { findTokenWarning } from '../directory/token-warning-queries.ts';
import type { JobHelpers } from '../jobs/task.ts';
import type { SendMailDeps } from './mailer.ts';
import { sendAlert } from './send-alert.ts';
import { tokenExpiryMail } from './token-expiry-mail.ts';

export const tokenExpiryPayload = z.object({
  template: z.literal('token_expiry'),
  orgId: z.uuid(),
  tokenId: z.uuid(),
  memberId: z.uuid(),
  days: z.int().min(1),
});

export async function sendTokenExpiryMail(
  deps: SendMailDeps,
  mail: z.output<typeof tokenExpiryPayload>,
  { log }: JobHelpers,
): Promise<void> {
  const found = await findTokenWarning(deps, mail);
  if (!found) return;
  const { memberId, days } = mail;
  const reference = `token-${mail.tokenId}-${days}-${memberId}`;
  await sendAlert(deps, log, { memberId, to: found.address, reference, ...tokenExpiryMail({ ...found, days }) });
}
