// /Me (RFC 7644 section 3.11): the directory user of the person who asks, with an access token of Keycloak. It can be read
// there and nothing else: the directory is the source of what it states, and takes no changes from the person.
import { findOwnDirectoryUser, type OwnDirectoryUser } from '../../src/directory/own-directory-user.ts';
import { DomainError } from '../../src/errors.ts';
import type { VerifyAccessToken } from '../../src/http/access-token.ts';
import type { ScimAnswer, ScimRequest, ScimServices } from '../exchange.ts';
import { getUser } from './users.ts';

export type Self = OwnDirectoryUser & { readonly personId: string };

/** Who asks with this token. Throws `unauthenticated`, or `not_found` for somebody whom no directory states. */
export async function findSelf(services: ScimServices, verify: VerifyAccessToken, token: string): Promise<Self> {
  const { personId, organizations } = await verify(token);
  const own = await findOwnDirectoryUser(services, personId, organizations);
  if (!own) throw new DomainError('not_found', 'No directory states a user for the person of this token.');
  return { ...own, personId };
}

export async function getMe(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  return getUser(services, { ...request, id: selfOf(request) });
}

export function refuseMe(_services: ScimServices, request: ScimRequest): never {
  selfOf(request);
  throw new DomainError(
    'forbidden',
    'This user is kept by its directory: what it states is changed there, and nobody changes it here.',
  );
}

function selfOf({ self }: ScimRequest): string {
  if (self !== undefined) return self;
  throw new DomainError('not_found', 'A token of a directory speaks for the directory, not for one of its users.');
}
