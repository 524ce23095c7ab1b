// The comparison between the wished account and the one that is there; pure.
import { expect, test } from 'vitest';
import {
  type Account,
  changeOf,
  describeChange,
  endsAccess,
  type PersonProjection,
  wishedAccount,
} from '../../src/keycloak/projection.ts';

const PERSON: PersonProjection = {
  personId: '0193e0a0-0000-7000-8000-000000000001',
  address: 'Ada@Acme.test',
  givenName: 'Ada',
  familyName: null,
  enabled: true,
  setPassword: true,
  invitationLink: true,
  roles: ['mfa-required'],
  breakGlass: false,
  organizations: [
    { orgId: 'a', alias: 'acme', role: 'admin', teams: ['research', 'engineering'], links: ['sso-acme'] },
    { orgId: 'b', alias: 'beta', role: null, teams: [], links: [] },
  ],
};
const ACCOUNT = wishedAccount(PERSON);

test('folds the address, sorts links and groups, and parks who has no address', () => {
  expect(ACCOUNT).toEqual({
    enabled: true,
    address: 'ada@acme.test',
    givenName: 'Ada',
    familyName: '',
    links: ['invitation', 'sso-acme'],
    roles: ['mfa-required'],
    firstFactors: 'any',
    organizations: { acme: ['/engineering', '/research', '/roles/admin'], beta: [] },
  });
  expect(wishedAccount({ ...PERSON, address: null }).address).toBe(`${PERSON.personId}@parked.invalid`);
  expect(wishedAccount({ ...PERSON, givenName: 'x'.repeat(300) }).givenName).toHaveLength(255);
});

test('finds no change between equals', () => {
  expect(describeChange(changeOf(ACCOUNT, ACCOUNT))).toEqual([]);
});

const CHANGES: [string, Partial<Account>, string[], boolean][] = [
  ['disabled by hand', { enabled: false }, ['has another address, name or state'], false],
  [
    'in a foreign organization',
    { organizations: { ...ACCOUNT.organizations, x: ['/t'] } },
    ['is in organization x and must not be'],
    true,
  ],
  [
    'lacks an organization',
    { organizations: { acme: ACCOUNT.organizations.acme! } },
    ['is not in organization beta'],
    false,
  ],
  [
    'in other groups',
    { organizations: { acme: ['/engineering', '/ops', '/roles/admin'], beta: [] } },
    ['is in group /ops of acme and must not be', 'is not in group /research of acme'],
    false,
  ],
  [
    'other links',
    { links: ['sso-old', 'sso-acme'] },
    ['is linked to sso-old and must not be', 'is not linked to invitation'],
    false,
  ],
  ['without a role that shuts a door', { roles: [] }, ['lacks the role mfa-required'], true],
  [
    'with a role that nobody demands',
    { roles: ['mfa-required', 'sso-enforced'] },
    ['has the role sso-enforced and must not'],
    false,
  ],
  ['without a password, which is the own affair', { firstFactors: 'none' }, [], false],
];

test.each(CHANGES)('%s', (_name, difference, words, ends) => {
  const change = changeOf(ACCOUNT, { ...ACCOUNT, ...difference });
  expect(describeChange(change)).toEqual(words);
  expect(endsAccess(change)).toBe(ends);
});

test('leaving an organization takes its groups along, so they are not named apart', () => {
  const change = changeOf({ ...ACCOUNT, organizations: {} }, ACCOUNT);
  expect(change.leave).toEqual(['acme', 'beta']);
  expect(change.leaveGroups).toEqual([]);
});

test('a wished end is a disable and no profile change', () => {
  const change = changeOf({ ...ACCOUNT, enabled: false }, ACCOUNT);
  expect(change).toMatchObject({ disable: true, profile: false });
  expect(endsAccess(change)).toBe(true);
});

test('who must sign in through the company keeps no password, and dropping one ends no session', () => {
  const wished = wishedAccount({ ...PERSON, roles: ['mfa-required', 'sso-enforced'] });
  expect(wished.firstFactors).toBe('none');
  const change = changeOf(wished, { ...wished, firstFactors: 'any' });
  expect(describeChange(change)).toEqual(['has a password or passkey and must sign in through the company']);
  expect(endsAccess(change)).toBe(false);
});
