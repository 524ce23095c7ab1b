// A rule turns a group of a directory, or a group claim of a sign-in, into a team or role.

export type RuleSource = 'scim.group' | 'sso.groups';
export type RuleMatch = 'external_id' | 'display_name';

export type MappingRule = {
  readonly id: string;
  readonly source: RuleSource;
  /** Immutable ids first, names second; for a claim `external_id` is the value as sent. */
  readonly match: RuleMatch;
  readonly value: string;
  readonly target: { readonly kind: 'team' | 'role' /** Id of the team, key of the role. */; readonly ref: string };
  readonly createdAt: Date;
};
