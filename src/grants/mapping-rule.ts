// A rule turns a group of a directory, or a claim of a sign-in, into a team or role (docs/mapping.md).
import type { PatternKind } from '../matching/pattern.ts';

export type RuleSource = 'scim.group' | 'sso.groups' | 'sso.attribute';
export type RuleMatch = 'external_id' | 'display_name' | PatternKind;
/** `additive`: adds and never takes away; `shadow`: gives nothing, and shows what it would. */
export type RuleMode = 'enforce' | 'additive' | 'shadow';

export type RuleTarget =
  | { readonly kind: 'team' /** Id. */; readonly ref: string }
  | { readonly kind: 'role' /** Key. */; readonly ref: string }
  | {
      readonly kind: 'team_template';
      /** The key of a team, with `{captures}` of the pattern in it. */
      readonly ref: string;
      /** Only keys that begin so are reached or made. */
      readonly keyPrefix: string;
      /** How many teams that are missing the rule may make in all; 0 = none. */
      readonly createLimit: number;
    };

/** What an author says of a rule. */
export type RuleInput = {
  readonly source: RuleSource;
  /** The attribute or claim of `sso.attribute`; empty for the others. */
  readonly attribute: string;
  /** Only evidence of this connection, or groups of this directory, count. */
  readonly connectionId: string | null;
  readonly directoryId: string | null;
  /** Immutable ids first, names second; for a claim `external_id` is the value as sent. */
  readonly match: RuleMatch;
  readonly value: string;
  readonly target: RuleTarget;
  /** The higher one decides about a role, whatever the ranks. */
  readonly priority: number;
  readonly mode: RuleMode;
  readonly enabled: boolean;
  readonly note: string | null;
};

export type MappingRule = RuleInput & {
  readonly id: string;
  readonly version: number;
  readonly createdAt: Date;
};

export type RuleChange =
  | { readonly op: 'create'; readonly id: string; readonly rule: RuleInput }
  | { readonly op: 'update'; readonly id: string; readonly rule: Partial<RuleInput> }
  | { readonly op: 'delete'; readonly id: string };

export const RULE_LIMITS = { rules: 20_000, patterns: 500 } as const;

export function isPattern(match: RuleMatch): match is PatternKind {
  return match === 'prefix' || match === 'glob' || match === 'regex';
}
