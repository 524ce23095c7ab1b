// Sends the warning of a token's end to one administrator, from what is true now: a token revoked meanwhile, or somebody
// who no longer manages directories, gets no mail. May run twice: both mails have one Message-ID.
import { z } from 'zod';
import { findTokenWarning } from '../directory/token-warning-queries.ts';
import type { JobHelpers } from '../jobs/task.ts';
import { noteMailFailed, noteMailSent } from './mail-health.ts';
import { MailError, type SendMailDeps } from './mailer.ts';
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
  const { db, clock } = deps;
  const found = await findTokenWarning(deps, mail);
  if (!found) return;
  const reference = `token-${mail.tokenId}-${mail.days}-${mail.memberId}`;
  try {
    await deps.mailer.send({ to: found.address, reference, ...tokenExpiryMail({ ...found, days: mail.days }) });
  } catch (error) {
    if (error instanceof MailError && error.permanent) {
      log.warn({ memberId: mail.memberId }, 'the mail server refuses this mail for good');
      return;
    }
    await noteMailFailed(db, clock.now(), error instanceof Error ? error.message : String(error));
    throw error;
  }
  await noteMailSent(db, clock.now());
}
