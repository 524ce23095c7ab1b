// Whether a rule can be saved: its parts fit one another, its pattern can be run, and its target lies within its author's
// rights (law 4).
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { compilePattern } from '../matching/pattern.ts';
import { checkTemplate } from '../matching/team-template.ts';
import { ADMIN_PERMISSIONS } from '../roles/permissions.ts';
import { requireGrantableRole } from '../roles/require-role.ts';
import type { Rights } from '../roles/rights.ts';
import { isPattern, type RuleInput, type RuleTarget } from './mapping-rule.ts';
import { resolveTeams } from './teams-queries.ts';

/** The rule as it will be kept. Throws `invalid_value`, or `role_ceiling` for a target beyond the author's rights. */
export async function checkRule(tx: Tx, author: Rights, rule: RuleInput): Promise<RuleInput> {
  const value = rule.value.normalize('NFC');
  const kept = { ...rule, value: rule.match === 'regex' ? value : value.trim() };
  if ((rule.source === 'sso.attribute') !== (rule.attribute !== '')) {
    throw new DomainError('invalid_value', 'attribute belongs to the source sso.attribute, and to that only.');
  }
  if (rule.source === 'scim.group' ? rule.connectionId !== null : rule.directoryId !== null) {
    throw new DomainError('invalid_value', 'A rule on groups is held to a directory, one on claims to a connection.');
  }
  if (isPattern(kept.match)) checkPattern(kept);
  else if (kept.target.kind === 'team_template') {
    throw new DomainError('invalid_value', 'A team template needs match=regex, which captures parts of the name.');
  }
  return { ...kept, target: await checkTarget(tx, author, kept) };
}

function checkPattern({ match, value, target }: RuleInput): void {
  if (!isPattern(match)) return;
  const { captureNames } = compilePattern(match, { value, key: value });
  if (target.kind !== 'team_template') return;
  if (match !== 'regex') throw new DomainError('invalid_value', 'Only a regex captures what a template needs.');
  checkTemplate(target.ref, captureNames);
  if (target.createLimit > 0 && target.keyPrefix === '') {
    throw new DomainError('invalid_value', 'A rule that makes teams names the keyPrefix under which it may.');
  }
}

async function checkTarget(tx: Tx, author: Rights, { target, priority }: RuleInput): Promise<RuleTarget> {
  if (target.kind === 'team_template') return target;
  if (target.kind === 'team') {
    const [teamId = ''] = await resolveTeams(tx, tx.orgId, [target.ref]);
    return { kind: 'team', ref: teamId };
  }
  const role = await requireGrantableRole(tx, tx.orgId, target.ref, author);
  const isAdmin = role.fullControl || role.permissions.some((held) => ADMIN_PERMISSIONS.includes(held));
  if (!author.fullControl && isAdmin) {
    throw new DomainError('role_ceiling', `A rule that gives the role ${role.key} needs full control.`);
  }
  if (!author.fullControl && priority > 0) {
    throw new DomainError('role_ceiling', 'A priority above 0 can take a higher role away, which needs full control.');
  }
  return { kind: 'role', ref: role.key };
}
