// What an event of Keycloak asks for; pure. The paths are those that Keycloak writes (tried on 26.7.4).
import { expect, test } from 'vitest';
import { type KeycloakEvent, type Reaction, reactionTo } from '../../src/keycloak/event.ts';

const OURS = '11111111-1111-4111-8111-111111111111';
const ACCOUNT = '22222222-2222-4222-8222-222222222222';
const ORGANIZATION = '33333333-3333-4333-8333-333333333333';
const GROUP = '44444444-4444-4444-8444-444444444444';

const admin = (resourceType: string, resourcePath: string, details = {}, by = 'somebody'): KeycloakEvent => ({
  ...{ stream: 'admin', id: 'e', time: 1, resourceType, resourcePath, details, by },
});
const user = (type: string, details = {}): KeycloakEvent => ({
  ...{ stream: 'user', id: 'e', time: 1_800_000_000_000, type, userId: ACCOUNT, sessionId: 's', details },
});
const account: Reaction = { do: 'repair-account', accountId: ACCOUNT };
const organization: Reaction = { do: 'repair-organization', organizationId: ORGANIZATION };

const CASES: [string, KeycloakEvent, Reaction | undefined][] = [
  ['an account changed or deleted', admin('USER', `users/${ACCOUNT}`), account],
  ['a password set by an administrator', admin('USER', `users/${ACCOUNT}/reset-password`), account],
  ['a link made by hand', admin('USER', `users/${ACCOUNT}/federated-identity/sso-acme`), account],
  ['the same by the SCIM of Keycloak', admin('USER', `scim/v2/Users/${ACCOUNT}`), account],
  ['a role given by hand', admin('REALM_ROLE_MAPPING', `users/${ACCOUNT}/role-mappings/realm`), account],
  [
    'somebody taken out of an organization',
    admin('ORGANIZATION_MEMBERSHIP', `organizations/${ORGANIZATION}/members/${ACCOUNT}`),
    account,
  ],
  [
    'somebody added to an organization, told by address only',
    admin('ORGANIZATION_MEMBERSHIP', `organizations/${ORGANIZATION}/members`, { email: 'ada@acme.test' }),
    { do: 'repair-account-of', address: 'ada@acme.test' },
  ],
  [
    'somebody put into a group',
    admin('ORGANIZATION_GROUP_MEMBERSHIP', `organizations/${ORGANIZATION}/groups/${GROUP}/members/${ACCOUNT}`),
    account,
  ],
  ['a group made by hand', admin('ORGANIZATION_GROUP', `organizations/${ORGANIZATION}/groups/`), organization],
  ['an organization changed', admin('ORGANIZATION', `organizations/${ORGANIZATION}`), organization],
  [
    'a provider changed',
    admin('IDENTITY_PROVIDER', 'identity-provider/instances/sso-acme'),
    { do: 'repair-provider', alias: 'sso-acme' },
  ],
  ['what we did ourselves', admin('USER', `users/${ACCOUNT}`, {}, OURS), undefined],
  ['a path of another kind', admin('USER', 'users/profile'), undefined],
  ['a password set by the person', user('UPDATE_CREDENTIAL'), { do: 'judge-credential', accountId: ACCOUNT }],
  [
    'a sign-in by password',
    user('LOGIN'),
    { do: 'note-password-sign-in', accountId: ACCOUNT, sessionId: 's', at: new Date(1_800_000_000_000) },
  ],
  [
    'a sign-in through the company',
    user('LOGIN', { identity_provider: 'sso-acme' }),
    {
      ...{ do: 'note-company-sign-in', accountId: ACCOUNT, alias: 'sso-acme', sessionId: 's' },
      at: new Date(1_800_000_000_000),
    },
  ],
];

test.each(CASES)('%s', (_name, event, reaction) => {
  expect(reactionTo(event, new Set([OURS]))).toEqual(reaction);
});
