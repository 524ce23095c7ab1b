// Hands the mail server a mail that tells an administrator something: no state hangs on it but whether mail works at all.
import type { Logger } from 'pino';
import type { MailContent } from './invitation-mail.ts';
import { noteMailFailed, noteMailSent } from './mail-health.ts';
import { MailError, type SendMailDeps } from './mailer.ts';

/** Throws when it is worth trying again. `reference` makes the Message-ID, so that a mail that is sent twice is one. */
export async function sendAlert(
  { db, clock, mailer }: SendMailDeps,
  log: Logger,
  { memberId, ...mail }: MailContent & { readonly memberId: string; readonly to: string; readonly reference: string },
): Promise<void> {
  try {
    await mailer.send(mail);
  } catch (error) {
    if (error instanceof MailError && error.permanent) {
      log.warn({ memberId }, 'the mail server refuses this mail for good');
      return;
    }
    await noteMailFailed(db, clock.now(), error instanceof Error ? error.message : String(error));
    throw error;
  }
  await noteMailSent(db, clock.now());
}
