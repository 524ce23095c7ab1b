// What our ID token says of a person: their account's own fields, as the projection has them, and this sign-in.
import type { Account, FindAccount } from 'oidc-provider';
import type { CoreDeps } from '../../src/db/core-deps.ts';
import { isUuid } from '../../src/ids.ts';
import { findSignIn, type SignInFacts } from './sign-in-facts.ts';

type Person = {
  enabled: boolean;
  address: string | null;
  givenName: string | null;
  familyName: string | null;
};

/**
 * The account of a person id, or undefined when nobody may sign in as it (any more): then the code or token request
 * fails. `token` is what the claims are asked for; it leads to the sign-in's own facts.
 */
export async function personAccount(
  deps: CoreDeps,
  personId: string,
  token: Parameters<FindAccount>[2],
): Promise<Account | undefined> {
  if (!isUuid(personId)) return undefined;
  const [row] = await deps.db.realm<{ person: Person | null }>({
    name: 'sso_person_projection',
    text: 'select person_projection($1) as person',
    values: [personId],
  });
  const person = row?.person;
  if (!person?.enabled || person.address === null) return undefined;
  const grantId = token && 'grantId' in token ? token.grantId : undefined;
  const signIn = grantId === undefined ? undefined : await findSignIn(deps, grantId);
  return {
    accountId: personId,
    claims: () => ({
      sub: personId,
      email: person.address as string,
      email_verified: true,
      ...(person.givenName === null ? {} : { given_name: person.givenName }),
      ...(person.familyName === null ? {} : { family_name: person.familyName }),
      ...(signIn === undefined ? {} : notesOf(signIn)),
    }),
  };
}

/**
 * What Keycloak keeps of its session: `sid`, by which a logout names it, and two notes. Those are always said: a note that is left out would stay as an earlier
 * sign-in of the same session left it. The time is a text, since Keycloak's mapper drops numbers without a word.
 */
function notesOf({ connectionId, sessionId, loginAt }: SignInFacts): Record<string, string> {
  return {
    ...(sessionId === undefined ? {} : { sid: sessionId }),
    db_connection: connectionId ?? 'invitation',
    db_login_at: String(loginAt),
  };
}
