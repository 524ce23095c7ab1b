// A certificate that an identity provider signs with, as metadata or an administrator gives it. Its dates are for
// warnings only: SAML metadata 2.4.1.1 makes it a way to write a key down, and no sign-in is refused by them.
import { X509Certificate } from 'node:crypto';

export type Certificate = {
  readonly pem: string;
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  readonly subject: string;
  readonly notAfter: Date;
};

const PEM = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(.*?)-----END/s;

/** Reads PEM, also where its line ends got lost on the way, or bare base64; undefined for anything else. */
export function readCertificate(text: string): Certificate | undefined {
  try {
    const certificate = new X509Certificate(Buffer.from(PEM.exec(text)?.[1] ?? text, 'base64'));
    return {
      pem: certificate.toString(),
      fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
      subject: certificate.subject.replaceAll('\n', ', '),
      notAfter: certificate.validToDate,
    };
  } catch {
    return undefined;
  }
}
