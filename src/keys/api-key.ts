// API keys of an organization: what is known of one, and what one may do.

export type ApiKey = {
  readonly id: string;
  readonly displayName: string;
  /** The member whose key it is: it stops when they are suspended. Undefined for a key of the organization. */
  readonly memberId: string | undefined;
  readonly permissions: readonly string[];
  readonly fullControl: boolean;
  /** Last characters of the text, by which people tell keys apart. */
  readonly lastCharacters: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | undefined;
  readonly lastUsedAt: Date | undefined;
};

export type LiveKey = {
  readonly permissions: readonly string[];
  readonly fullControl: boolean;
  readonly memberId: string | undefined;
};
