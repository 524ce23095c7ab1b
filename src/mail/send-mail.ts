// The queue's task `send_mail`: makes the mail from what is true now, hands it to the mail server, and writes back what
// became of it. May run twice: a mail that was sent, or overtaken by a newer one, is left alone.
import { z } from 'zod';
import { findInvitation, readerOf } from '../invitations/invitation-queries.ts';
import { recordDelivery } from '../invitations/invitation-store.ts';
import { invitationLink, invitationToken } from '../invitations/invitation-token.ts';
import { defineTask, type JobHelpers, type Task } from '../jobs/task.ts';
import { invitationMail } from './invitation-mail.ts';
import { noteMailFailed, noteMailSent } from './mail-health.ts';
import { MailError, type SendMailDeps } from './mailer.ts';
import { breakGlassPayload, sendBreakGlassMail } from './send-break-glass.ts';
import { certificateExpiryPayload, sendCertificateExpiryMail } from './send-certificate-expiry.ts';
import { sendTokenExpiryMail, tokenExpiryPayload } from './send-token-expiry.ts';

const invitationPayload = z.object({
  template: z.literal('invitation'),
  orgId: z.uuid(),
  invitationId: z.uuid(),
  sentCount: z.int().min(1),
});

type Payload = z.output<typeof invitationPayload>;

const anyPayload = z.discriminatedUnion('template', [
  invitationPayload,
  tokenExpiryPayload,
  certificateExpiryPayload,
  breakGlassPayload,
]);

/** The tasks of mail, by name. */
export function mailTasks(deps: SendMailDeps): Record<string, Task> {
  const send = defineTask(anyPayload, (payload, job) => {
    switch (payload.template) {
      case 'invitation':
        return sendInvitationMail(deps, payload, job);
      case 'token_expiry':
        return sendTokenExpiryMail(deps, payload, job);
      case 'certificate_expiry':
        return sendCertificateExpiryMail(deps, payload, job);
      case 'break_glass_used':
        return sendBreakGlassMail(deps, payload, job);
    }
  });
  return { send_mail: send };
}

async function sendInvitationMail(deps: SendMailDeps, mail: Payload, { log }: JobHelpers): Promise<void> {
  const { db, clock, config } = deps;
  const invitation = await findInvitation(readerOf(db, mail.orgId), mail.orgId, mail.invitationId, clock.now());
  const overtaken = invitation?.state !== 'pending' || invitation.sentCount !== mail.sentCount;
  if (overtaken || invitation.delivery === 'sent') return;
  // The token is made again here, so that neither the queue nor the database ever holds it.
  const token = invitationToken(config.secretKey, invitation.id, mail.sentCount);
  const content = invitationMail(invitation, invitationLink(config.baseUrl, token));
  const reference = `invitation-${invitation.id}-${mail.sentCount}`;
  try {
    await deps.mailer.send({ to: invitation.address, reference, ...content });
  } catch (error) {
    await recordFailure(deps, mail, error);
    if (error instanceof MailError && error.permanent) {
      log.warn({ invitationId: mail.invitationId }, 'the mail server refuses this mail for good');
      return;
    }
    throw error;
  }
  await recordDelivery(db, mail, { delivery: 'sent', at: clock.now() });
  await noteMailSent(db, clock.now());
}

async function recordFailure(deps: SendMailDeps, mail: Payload, error: unknown): Promise<void> {
  const reason = error instanceof Error ? error.message : String(error);
  await recordDelivery(deps.db, mail, { delivery: 'failed', error: reason });
  if (!(error instanceof MailError && error.permanent)) await noteMailFailed(deps.db, deps.clock.now(), reason);
}
