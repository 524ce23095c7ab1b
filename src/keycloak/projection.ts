// What Keycloak must look like for a person and for an organization, as Drawbridge's database says it, and the form in
// which a wish and an account are compared. Pure (design section 9).

import { SSO_ENFORCED } from './realm/roles.ts';

export type PersonProjection = {
  readonly personId: string;
  readonly address: string | null;
  readonly givenName: string | null;
  readonly familyName: string | null;
  readonly enabled: boolean;
  readonly setPassword: boolean;
  readonly invitationLink: boolean;
  /** Realm roles that the flows ask for; sorted. */
  readonly roles: readonly string[];
  /** Is a break-glass owner somewhere: no company's link there, and proved by signing in by password. */
  readonly breakGlass: boolean;
  /** Those with an active membership. */
  readonly organizations: readonly {
    readonly orgId: string;
    readonly alias: string;
    readonly role: string | null;
    readonly teams: readonly string[];
    readonly links: readonly string[];
  }[];
};

export type OrganizationProjection = {
  readonly orgId: string;
  readonly key: string;
  readonly displayName: string;
  readonly deleted: boolean;
  /** `*.` before one for its subdomains. */
  readonly domains: readonly string[];
  readonly teams: readonly { readonly id: string; readonly key: string; readonly displayName: string }[];
  readonly roles: readonly string[];
  readonly connection: { readonly id: string; readonly active: boolean } | null;
};

/** An account, wished or found. Group paths are those of the `organization` claim: `/engineering`, `/roles/admin`. */
export type Account = {
  readonly enabled: boolean;
  readonly address: string;
  readonly givenName: string;
  readonly familyName: string;
  /** Aliases of the identity providers through which the person may come in; sorted. */
  readonly links: readonly string[];
  /** Of the realm roles that are ours to give; sorted. */
  readonly roles: readonly string[];
  /** Passwords and passkeys: `none` is a demand, or what was found; `any` says that it is not ours to say, or that some are there. */
  readonly firstFactors: 'none' | 'any';
  /** Group paths by organization alias; sorted. */
  readonly organizations: Readonly<Record<string, readonly string[]>>;
};

const NAME_MAX = 255;

/** Under which a person's account waits who has no address any more, or whose address somebody else takes. */
export function parkedAddress(id: string): string {
  return `${id}@parked.invalid`;
}

/** The wished account. Keycloak folds addresses to lower case and knows no difference between an empty name and none. */
export function wishedAccount(person: PersonProjection): Account {
  const links = person.organizations.flatMap((organization) => organization.links);
  return {
    enabled: person.enabled,
    address: person.address?.toLowerCase() ?? parkedAddress(person.personId),
    givenName: person.givenName?.slice(0, NAME_MAX) ?? '',
    familyName: person.familyName?.slice(0, NAME_MAX) ?? '',
    links: [...new Set(person.invitationLink ? ['invitation', ...links] : links)].sort(),
    roles: person.roles,
    firstFactors: person.roles.includes(SSO_ENFORCED) ? 'none' : 'any',
    organizations: Object.fromEntries(
      person.organizations.map(({ alias, teams, role }) => [
        alias,
        [...teams.map((key) => `/${key}`), ...(role ? [`/roles/${role}`] : [])].sort(),
      ]),
    ),
  };
}

/** What must be taken away from and given to an account, in the order in which it is safe to do: first what ends. */
export type AccountChange = {
  readonly disable: boolean;
  readonly leave: readonly string[];
  readonly leaveGroups: readonly GroupOf[];
  readonly unlink: readonly string[];
  /** Roles that shut a door, before whatever would open it again. */
  readonly hold: readonly string[];
  readonly dropFirstFactors: boolean;
  readonly profile: boolean;
  readonly link: readonly string[];
  readonly join: readonly string[];
  readonly joinGroups: readonly GroupOf[];
  readonly release: readonly string[];
};
type GroupOf = { readonly alias: string; readonly path: string };

/** The way from an account as it is to the wished one. */
export function changeOf(wished: Account, actual: Account): AccountChange {
  const groups = (account: Account) =>
    Object.entries(account.organizations).flatMap(([alias, paths]) => paths.map((path) => ({ alias, path })));
  const has = (account: Account, { alias, path }: GroupOf) => account.organizations[alias]?.includes(path) ?? false;
  const disable = actual.enabled && !wished.enabled;
  return {
    disable,
    leave: Object.keys(actual.organizations).filter((alias) => !wished.organizations[alias]),
    leaveGroups: groups(actual).filter((group) => wished.organizations[group.alias] && !has(wished, group)),
    unlink: actual.links.filter((alias) => !wished.links.includes(alias)),
    hold: wished.roles.filter((role) => !actual.roles.includes(role)),
    dropFirstFactors: wished.firstFactors === 'none' && actual.firstFactors !== 'none',
    profile:
      wished.address !== actual.address ||
      wished.givenName !== actual.givenName ||
      wished.familyName !== actual.familyName ||
      (wished.enabled && !actual.enabled),
    link: wished.links.filter((alias) => !actual.links.includes(alias)),
    join: Object.keys(wished.organizations).filter((alias) => !actual.organizations[alias]),
    joinGroups: groups(wished).filter((group) => !has(actual, group)),
    release: actual.roles.filter((role) => !wished.roles.includes(role)),
  };
}

/**
 * Whether the change takes a place in an organization, or the account itself, away, or asks for more than an open session
 * has shown (a role does not touch a living one): then sessions end.
 */
export function endsAccess(change: AccountChange): boolean {
  return change.disable || change.leave.length > 0 || change.hold.length > 0;
}

/** The change in words, one line for each difference; empty when there is none. */
export function describeChange(change: AccountChange): string[] {
  return [
    ...(change.disable ? ['is enabled and must not be'] : []),
    ...(change.profile ? ['has another address, name or state'] : []),
    ...change.leave.map((alias) => `is in organization ${alias} and must not be`),
    ...change.leaveGroups.map(({ alias, path }) => `is in group ${path} of ${alias} and must not be`),
    ...change.unlink.map((alias) => `is linked to ${alias} and must not be`),
    ...change.hold.map((role) => `lacks the role ${role}`),
    ...(change.dropFirstFactors ? ['has a password or passkey and must sign in through the company'] : []),
    ...change.link.map((alias) => `is not linked to ${alias}`),
    ...change.join.map((alias) => `is not in organization ${alias}`),
    ...change.joinGroups.map(({ alias, path }) => `is not in group ${path} of ${alias}`),
    ...change.release.map((role) => `has the role ${role} and must not`),
  ];
}
