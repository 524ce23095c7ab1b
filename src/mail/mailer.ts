// The one way out for mail: SMTP by nodemailer. Says of a failure whether repeating can help, and never loads a file or an
// address named inside a message.
import nodemailer from 'nodemailer';
import type { CoreDeps } from '../db/core-deps.ts';

type Mail = {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The part of the Message-ID before the @: the same mail sent twice has the same, so that readers show it once. */
  readonly reference: string;
};

export type Mailer = { send(mail: Mail): Promise<void> };

/** What the tasks of mail need. */
export type SendMailDeps = CoreDeps & {
  readonly mailer: Mailer;
  readonly config: { readonly baseUrl: string; readonly secretKey: string };
};

/** A mail that was not taken. `permanent` = the server refused this recipient or message, repeating is of no use. */
export class MailError extends Error {
  readonly permanent: boolean;

  constructor(message: string, permanent: boolean, cause?: unknown) {
    super(message, { cause });
    this.name = 'MailError';
    this.permanent = permanent;
  }
}

export type MailerConfig = {
  /** `smtp://user:password@host:port` or `smtps://`; without it every mail waits. */
  readonly smtpUrl: string | undefined;
  readonly mailFrom: string;
  readonly baseUrl: string;
};

/** Opens a connection for each mail; nothing is held between mails. `send` throws MailError. */
export function createMailer(config: MailerConfig): Mailer {
  const { smtpUrl } = config;
  if (smtpUrl === undefined) {
    return {
      send: async () => {
        throw new MailError('SMTP_URL is not set', false);
      },
    };
  }
  const transport = nodemailer.createTransport({
    url: smtpUrl,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const host = new URL(config.baseUrl).hostname;
  return {
    send: async (mail) => {
      try {
        await transport.sendMail({
          from: config.mailFrom,
          to: { name: '', address: mail.to },
          subject: mail.subject,
          text: mail.text,
          html: mail.html,
          messageId: `<${mail.reference}@${host}>`,
          // RFC 3834: out-of-office answers to it are not wanted
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
      } catch (error) {
        throw asMailError(error);
      }
    },
  };
}

/** RFC 5321, 4.2.1: a 5xx answer to recipient or message is final; one to the greeting or the log-in may be mended. */
function asMailError(error: unknown): MailError {
  const { code, responseCode, message } = error as { code?: string; responseCode?: number; message: string };
  const permanent = (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode !== undefined && responseCode >= 500;
  return new MailError(message, permanent, error);
}
