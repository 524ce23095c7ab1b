// Who is there: organizations, their users and groups, computed from their numbers alone, so that the rows that are
// loaded and the requests that are made name the same ones. Pure.

export type Place = { readonly orgId: string; readonly directoryId: string };

/** One organization with one directory; `first` is the number of its first user among all users. */
export type Population = Place & {
  readonly domain: string;
  readonly users: number;
  readonly first: number;
  /** How many users are in the one large group; 0 = there is none. */
  readonly largeGroup: number;
};

export type UserFacts = {
  readonly id: string;
  readonly userName: string;
  readonly externalId: string;
  readonly givenName: string;
  readonly familyName: string;
};

const USERS_OF_A_GROUP = 50;
/** 2026-01-01: what is loaded sorts before what is created while measuring, as it does in life. */
const LOADED_SINCE_MS = Date.UTC(2026, 0, 1);
const KINDS = {
  member: 0,
  person: 1,
  group: 2,
  organization: 3,
  directory: 4,
  team: 5,
  rule: 6,
  connection: 7,
} as const;
const LARGE_GROUP = 0xffff;

/** A UUIDv7 made of a number: ids follow each other as those of people who came one after the other. */
export function idOf(kind: keyof typeof KINDS, n: number): string {
  const time = (LOADED_SINCE_MS + n).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${KINDS[kind]}00-8000-${n.toString(16).padStart(12, '0')}`;
}

/** The user at `index` of an organization. */
export function userAt(population: Population, index: number): UserFacts {
  return {
    id: idOf('member', population.first + index),
    userName: `user.${index}@${population.domain}`,
    externalId: `external-${index}`,
    givenName: `Given ${index}`,
    familyName: `Family ${index}`,
  };
}

/** Members of the large group stand evenly among the users. */
export function isInLargeGroup(population: Population, index: number): boolean {
  return (index * population.largeGroup) % population.users < population.largeGroup;
}

export function largeGroupOf(population: Population): string {
  return idOf('group', population.first + LARGE_GROUP * 0x10000);
}

/** The first five groups give a team each, by a rule; teams and rules are numbered through all organizations. */
export const TEAMS = 5;

/** The number of the team that a user has by the rule of the group, if it has one. */
export function teamNumberAt(index: number): number | undefined {
  const group = Math.floor(index / USERS_OF_A_GROUP);
  return group < TEAMS ? group : undefined;
}

/** One user of five has signed in through the company's provider. */
export function hasSignedIn(index: number): boolean {
  return index % 5 === 0;
}

/** Every user is in one group of 50. */
export function smallGroupOf(population: Population, index: number): string {
  return idOf('group', population.first + Math.floor(index / USERS_OF_A_GROUP));
}

export function smallGroupsOf(population: Population): number {
  return Math.ceil(population.users / USERS_OF_A_GROUP);
}
