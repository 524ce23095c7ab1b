// What an event of Keycloak asks of us (field notes on Keycloak, 6). Pure. Whatever somebody else has changed is not
// judged: the person or organization is looked at afresh and made equal again.

/** One of both streams, as far as we read it. */
export type KeycloakEvent = {
  readonly id: string;
  /** Epoch milliseconds, by Keycloak's clock. */
  readonly time: number;
} & (
  | {
      readonly stream: 'user';
      readonly type: string;
      readonly userId: string | undefined;
      readonly sessionId: string | undefined;
      readonly details: Readonly<Record<string, string>>;
    }
  | {
      readonly stream: 'admin';
      /** The account that acted. */
      readonly by: string | undefined;
      readonly resourceType: string;
      readonly resourcePath: string;
      readonly details: Readonly<Record<string, string>>;
    }
);

export type Reaction =
  /** The account is not what we left: read it, and make it equal. */
  | { readonly do: 'repair-account'; readonly accountId: string }
  | { readonly do: 'repair-account-of'; readonly address: string }
  | { readonly do: 'repair-organization'; readonly organizationId: string }
  | { readonly do: 'repair-provider'; readonly alias: string }
  /** A password or passkey was set; whoever must sign in through the company has none. */
  | { readonly do: 'judge-credential'; readonly accountId: string }
  | {
      readonly do: 'note-password-sign-in';
      readonly accountId: string;
      readonly sessionId: string | undefined;
      readonly at: Date;
    }
  /** Somebody came by an organization's company: which of Keycloak's sessions it was. */
  | {
      readonly do: 'note-company-sign-in';
      readonly accountId: string;
      readonly alias: string;
      readonly sessionId: string;
      readonly at: Date;
    };

/** What is read of the admin stream; bootstrap's own business (clients, flows) is none of ours. */
export const WATCHED_RESOURCES = [
  'USER',
  'REALM_ROLE_MAPPING',
  'ORGANIZATION',
  'ORGANIZATION_MEMBERSHIP',
  'ORGANIZATION_GROUP',
  'ORGANIZATION_GROUP_MEMBERSHIP',
  'IDENTITY_PROVIDER',
];
export const WATCHED_TYPES = ['LOGIN', 'UPDATE_CREDENTIAL', 'UPDATE_PASSWORD'];

const ID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const ACCOUNT = new RegExp(`(?:^users|/members|^scim/v2/Users)/(${ID})(?=/|$)`);
const ORGANIZATION = new RegExp(`^organizations/(${ID})(?=/|$)`);
const PROVIDER = /^identity-provider\/instances\/([^/]+)$/;

/** What follows from an event; undefined: nothing. `own` are the accounts by which we act ourselves. */
export function reactionTo(event: KeycloakEvent, own: ReadonlySet<string>): Reaction | undefined {
  if (event.stream === 'user') return reactionToUser(event);
  if (event.by !== undefined && own.has(event.by)) return undefined;
  const accountId = ACCOUNT.exec(event.resourcePath)?.[1];
  if (accountId) return { do: 'repair-account', accountId };
  // Joining is told without the account's id.
  const address = event.details.email ?? event.details.username;
  if (event.resourceType === 'ORGANIZATION_MEMBERSHIP' && address) return { do: 'repair-account-of', address };
  const organizationId = ORGANIZATION.exec(event.resourcePath)?.[1];
  if (organizationId) return { do: 'repair-organization', organizationId };
  const alias = PROVIDER.exec(event.resourcePath)?.[1];
  return alias ? { do: 'repair-provider', alias } : undefined;
}

function reactionToUser(event: KeycloakEvent & { readonly stream: 'user' }): Reaction | undefined {
  const { type, userId: accountId, sessionId } = event;
  if (!accountId) return undefined;
  if (type === 'UPDATE_CREDENTIAL' || type === 'UPDATE_PASSWORD') return { do: 'judge-credential', accountId };
  if (type !== 'LOGIN') return undefined;
  const at = new Date(event.time);
  const { identity_provider: alias } = event.details;
  if (!alias) return { do: 'note-password-sign-in', accountId, sessionId, at };
  return sessionId === undefined ? undefined : { do: 'note-company-sign-in', accountId, alias, sessionId, at };
}
