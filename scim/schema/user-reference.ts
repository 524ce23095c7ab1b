// Addresses of users, as `$ref` states them (RFC 7643 section 2.4 and 4.3).

const USER_ADDRESS = /(?:^|\/)Users\/([^/?#]+)\/?$/;

/** The id in the address of a user, whole or relative (`../Users/{id}`); undefined where it is anything else. */
export function userIdOf(address: unknown): string | undefined {
  return typeof address === 'string' ? USER_ADDRESS.exec(address)?.[1] : undefined;
}
