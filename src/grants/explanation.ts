// Why a member has, or lacks, a team, a role or a permission: as data, and in words. Pure.
import type { MappingConflicts } from './mapping-policy.ts';
import type { RuleMatch, RuleMode, RuleSource } from './mapping-rule.ts';

export type Question =
  | { readonly kind: 'team'; readonly team: { readonly id: string; readonly key: string } }
  /** Without a key: the role that the member has. */
  | { readonly kind: 'role'; readonly role: string | undefined }
  | { readonly kind: 'permission'; readonly permission: string };

/** The fact behind a rule's grant: a directory's group, or what a sign-in said. */
export type Because =
  | {
      readonly kind: 'group';
      readonly groupId: string;
      readonly name: string;
      readonly externalId: string | null;
      readonly directoryId: string;
      /** The member is in it by now; if not, the grant is held or additive. */
      readonly isMember: boolean;
    }
  | {
      readonly kind: 'claim';
      readonly connectionId: string;
      /** Empty for the groups. */
      readonly attribute: string;
      /** What the last sign-in said of it, and when; its values were listed at `listedAt`. */
      readonly state: string;
      readonly at: Date;
      readonly listedAt: Date | null;
      readonly traceId: string | null;
      /** Those that the rule matches. */
      readonly values: readonly string[];
    };

export type RuleFacts = {
  readonly id: string;
  readonly source: RuleSource;
  readonly match: RuleMatch;
  readonly value: string;
  readonly mode: RuleMode;
  readonly priority: number;
  readonly enabled: boolean;
};

export type ExplainedGrant = {
  /** Key of the team or role. */
  readonly target: string;
  readonly source: string;
  readonly ref: string;
  readonly since: Date;
  readonly held: boolean;
  readonly retained: boolean;
  /** Whether it counts; one that does not is overruled by the policy, the priority or the rank of another. */
  readonly effective: boolean;
  readonly rule: RuleFacts | null;
  readonly because: readonly Because[];
};

/** A rule that leads to what was asked for, and gives it to this member not. */
export type SilentRule = {
  readonly rule: RuleFacts;
  readonly reason: 'disabled' | 'shadow' | 'no_match' | 'not_in_group' | 'directory_decides' | 'ceiling';
};

export type MemberFacts = {
  readonly id: string;
  readonly status: string;
  readonly pendingReason: string | null;
  readonly roleKey: string;
  readonly permissions: readonly string[];
  readonly fullControl: boolean;
  readonly blocks: readonly { readonly source: string; readonly reason: string; readonly since: Date }[];
  readonly policy: MappingConflicts;
};

export type Facts = {
  readonly member: MemberFacts;
  readonly has: boolean;
  readonly grants: readonly ExplainedGrant[];
  readonly silent: readonly SilentRule[];
};

const REASONS: Readonly<Record<SilentRule['reason'], string>> = {
  disabled: 'is switched off',
  shadow: 'is in shadow mode, which gives nothing',
  no_match: 'matches no group of a directory and nothing that a sign-in named',
  not_in_group: 'matches groups or claims, but none of this member’s',
  directory_decides:
    'matches a claim of this member, but the directory manages that group and has the member not in it',
  ceiling: 'would give a role that carries more than its author held',
};

/** One sentence for each reason, the answer first. */
export function inWords(question: Question, { member, has, grants, silent }: Facts): string[] {
  const words = [answer(question, member, has)];
  if (member.status !== 'active') words.push(`The member is ${member.status}, so nothing of this can be used.`);
  for (const { source, reason } of member.blocks) words.push(`Blocked by ${source}: ${reason}.`);
  for (const grant of grants) words.push(sentenceOf(grant, member.policy));
  if (!has && grants.length === 0) words.push('Nothing was given by hand, and no rule gives it.');
  for (const { rule, reason } of silent)
    words.push(`Rule ${rule.id} (${rule.match} ${rule.value}) ${REASONS[reason]}.`);
  return words;
}

function answer(question: Question, member: MemberFacts, has: boolean): string {
  switch (question.kind) {
    case 'team':
      return `The member is ${has ? '' : 'not '}in the team ${question.team.key}.`;
    case 'permission':
      return `The role ${member.roleKey} ${has ? 'carries' : 'does not carry'} ${question.permission}.`;
    case 'role':
      return has
        ? `The member has the role ${member.roleKey}.`
        : `The member has the role ${member.roleKey}, not ${question.role}.`;
  }
}

function sentenceOf(grant: ExplainedGrant, policy: MappingConflicts): string {
  const given = grant.rule
    ? `Rule ${grant.rule.id} gives ${grant.target}${grant.because.map(factOf).join('')}`
    : `${grant.target} was given by ${grant.source} (${grant.ref})`;
  const since = ` since ${grant.since.toISOString()}`;
  if (grant.retained) return `${grant.target} is kept, because nobody else has full control.`;
  if (grant.held) return `${given}${since}; its reason is gone, and the brake holds it until an administrator decides.`;
  if (grant.effective) return `${given}${since}.`;
  const why =
    policy === 'manual-first' && grant.rule ? 'what was given by hand comes first' : 'another role comes first';
  return `${given}${since}, but ${why}.`;
}

function factOf(because: Because): string {
  if (because.kind === 'group') return `, because of the group ${because.name}`;
  const claim = because.attribute === '' ? 'groups' : because.attribute;
  const trace = because.traceId === null ? '' : `, trace ${because.traceId}`;
  return `, because a sign-in named ${because.values.join(', ')} in ${claim} (last said ${because.state} at ${because.at.toISOString()}${trace})`;
}
