// What mapping must come to, worked out in memory from the sentences of docs/mapping.md alone: facts, rules and a policy in,
// teams and roles out. It knows nothing of how the product keeps or computes them.

export const MEMBERS = ['ada', 'bob', 'cyd', 'dan', 'eve'] as const;
export type Member = (typeof MEMBERS)[number];
/** The directory states these; the others are known by sign-ins only. */
export const STATED: readonly Member[] = ['ada', 'bob', 'cyd'];
export const CONNECTIONS = ['paired', 'alone'] as const;
export type Connection = (typeof CONNECTIONS)[number];
export const VALUES = ['a', 'b', 'c', 'd'] as const;
export type Value = (typeof VALUES)[number];
/** The directory has groups of these ids; `c` and `d` are known from claims only. */
export const GROUPS: readonly Value[] = ['a', 'b'];
export const TEAMS = ['red', 'green', 'blue'] as const;
export type Team = (typeof TEAMS)[number];

export type Rule = {
  readonly source: 'scim.group' | 'sso.groups';
  /** Which values it matches: one by its id, all by a pattern. */
  readonly matches: Value | 'all';
  readonly connection: Connection | null;
  readonly target: { readonly team: Team } | { readonly role: 'manager' | 'member' };
  readonly priority: number;
  readonly enabled: boolean;
  readonly shadow: boolean;
};

export type Policy = 'directory-first' | 'union' | 'manual-first';
export type State = 'list' | 'empty' | 'absent' | 'overage' | 'invalid';

const RANK = { member: 1, manager: 2 } as const;

export class MappingOracle {
  readonly rules = new Map<number, Rule>();
  readonly inGroup = new Set<`${Value} ${Member}`>();
  readonly claimed = new Map<`${Connection} ${Member}`, ReadonlySet<Value>>();
  readonly byHand = new Map<Member, ReadonlySet<Team>>();
  policy: Policy = 'directory-first';

  /** Only a list, also an empty one, replaces; overage adds what the paired directory has the member in. */
  say(connection: Connection, member: Member, state: State, values: readonly Value[]): void {
    const key = `${connection} ${member}` as const;
    if (state === 'list' || state === 'empty') this.claimed.set(key, new Set(state === 'list' ? values : []));
    if (state !== 'overage' || connection !== 'paired' || !STATED.includes(member)) return;
    const groups = GROUPS.filter((value) => this.inGroup.has(`${value} ${member}`));
    this.claimed.set(key, new Set([...(this.claimed.get(key) ?? []), ...groups]));
  }

  teamsOf(member: Member): Team[] {
    const hand = this.byHand.get(member) ?? new Set<Team>();
    const ruled = this.#reasons(member).flatMap(({ target }) => ('team' in target ? [target.team] : []));
    const counts = this.policy === 'manual-first' && hand.size > 0 ? hand : new Set([...hand, ...ruled]);
    return [...counts].sort();
  }

  roleOf(member: Member): string {
    const roles = this.#reasons(member).flatMap(({ target, priority }) =>
      'role' in target ? [{ role: target.role, priority }] : [],
    );
    roles.sort((x, y) => y.priority - x.priority || RANK[y.role] - RANK[x.role]);
    return roles[0]?.role ?? 'member';
  }

  #reasons(member: Member): Rule[] {
    return [...this.rules.values()].filter((rule) => rule.enabled && !rule.shadow && this.#applies(rule, member));
  }

  #applies({ source, matches, connection }: Rule, member: Member): boolean {
    const wanted = VALUES.filter((value) => matches === 'all' || matches === value);
    if (source === 'scim.group') return wanted.some((value) => this.inGroup.has(`${value} ${member}`));
    return CONNECTIONS.filter((one) => connection === null || connection === one).some((one) =>
      wanted.some((value) => this.claimed.get(`${one} ${member}`)?.has(value) && !this.#denied(one, member, value)),
    );
  }

  /** Of a group that the paired directory manages, and for whom it states, its word counts. */
  #denied(connection: Connection, member: Member, value: Value): boolean {
    if (this.policy !== 'directory-first' || connection !== 'paired') return false;
    return STATED.includes(member) && GROUPS.includes(value) && !this.inGroup.has(`${value} ${member}`);
  }
}
