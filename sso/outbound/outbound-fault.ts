// Why a request to a company's side was refused by us, or got no usable answer.

export type OutboundFaultCode =
  /** Not over https, or no address of the web. */
  | 'insecure'
  /** Leads into a network that may not be reached. */
  | 'private_address'
  | 'unresolved'
  | 'unreachable'
  | 'timeout'
  | 'redirects'
  /** Longer than we read, as sent or decoded. */
  | 'too_large'
  /** In an encoding that we do not read, or broken. */
  | 'encoding';

/** The message is a sentence for an administrator, with what helps where something does. */
export class OutboundFault extends Error {
  readonly code: OutboundFaultCode;

  constructor(code: OutboundFaultCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'OutboundFault';
    this.code = code;
  }
}
