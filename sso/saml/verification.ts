// What one verification knows. The steps fill it from top to bottom; a step reads only what steps above it have set.
import type { Assertion, SamlNameId } from './assertion.ts';
import type { OutstandingRequest, SamlConnection } from './connection.ts';

export type VerifyInput = {
  /** The document as decoded from the form field: bytes, or text. */
  readonly xml: string | Buffer;
  readonly connection: SamlConnection;
  readonly request: OutstandingRequest;
  readonly now: Date;
};

export type Verification = VerifyInput & {
  /** The document without byte order mark and XML declaration. */
  text: string;
  /** The Response: first as sent, then, if it is signed, as read from the bytes that its signature covers. */
  response: Element;
  /** The one Assertion or EncryptedAssertion in the document, as sent. */
  sent: Element;
  /** The assertion came encrypted. */
  encrypted: boolean;
  responseSigned: boolean;
  assertionSigned: boolean;
  /** The Assertion, read from bytes that a verified signature covers. Every field comes from here. */
  assertion: Element;
  /** SHA-256 fingerprint of the certificate that the covering signature verified with. */
  certificate: string;
  /** Whom the assertion is about. */
  nameId: SamlNameId;
  /** The result. */
  read: Assertion;
};
