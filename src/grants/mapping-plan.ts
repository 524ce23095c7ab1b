// A plan: changes of rules, and exactly what they do to whom (docs/mapping.md). Pure.
import { createHash } from 'node:crypto';
import type { RuleChange } from './mapping-rule.ts';

/** One member's or team's part of a difference; `rules` are those responsible, teams and roles stand by their keys. */
export type PlannedChange =
  | {
      readonly kind: 'team';
      readonly memberId: string;
      readonly team: string;
      /** `held`: the member would go and is kept by the brake. */
      readonly change: 'added' | 'removed' | 'held';
      readonly rules: readonly string[];
    }
  | {
      readonly kind: 'role';
      readonly memberId: string;
      readonly from: string;
      readonly to: string;
      readonly rules: readonly string[];
    }
  /** The last owner, whose role would go and is kept. */
  | { readonly kind: 'owner_kept'; readonly memberId: string; readonly from: string; readonly to: string }
  | { readonly kind: 'team_made'; readonly team: string; readonly rules: readonly string[] };

export type MappingPlan = {
  readonly id: string;
  readonly changes: readonly RuleChange[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly appliedAt: Date | null;
};

export type TeamSummary = {
  readonly team: string;
  readonly added: number;
  readonly removed: number;
  readonly held: number;
};

/** How many members each team gains, loses and holds. */
export function summarize(difference: readonly PlannedChange[]): TeamSummary[] {
  const teams = new Map<string, { added: number; removed: number; held: number }>();
  for (const item of difference) {
    if (item.kind !== 'team') continue;
    const counts = teams.get(item.team) ?? { added: 0, removed: 0, held: 0 };
    counts[item.change] += 1;
    teams.set(item.team, counts);
  }
  return [...teams].map(([team, counts]) => ({ team, ...counts }));
}

/** What an admin has agreed to: the difference, and the rules that change as they were (id and version). */
export function fingerprintOf(difference: readonly PlannedChange[], versions: readonly string[]): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([difference, versions]))
    .digest();
}
