// Operations on a group -> a change of its members by difference, and the steps on everything else. Members are never
// read to change them (law 9): ids to add, ids to remove, and whether the list was replaced.

import type { DirectoryFilter } from '../../src/directory/directory-filter.ts';
import type { MemberChange } from '../../src/directory/directory-group.ts';
import { DomainError } from '../../src/errors.ts';
import { isUuid } from '../../src/ids.ts';
import { resolveElementFilter } from '../filter/resolve.ts';
import type { Assignment, PatchStep } from './assignments.ts';
import { readMemberIds } from './member-ids.ts';

/** Finds the members that a filter selects by more than their id. */
export type FindMembers = (filter: DirectoryFilter) => Promise<readonly string[]>;

export type SplitPatch = { readonly members: MemberChange; readonly steps: readonly PatchStep[] };

/** Operations count in their order: what is added and then removed is removed. */
export async function splitMembers(steps: readonly PatchStep[], findMembers: FindMembers): Promise<SplitPatch> {
  const change = { replace: false, add: new Set<string>(), remove: new Set<string>() };
  const others: PatchStep[] = [];
  for (const step of steps) {
    if ('extension' in step || step.target.attribute.collection !== 'members') others.push(step);
    else await changeMembers(change, step, findMembers);
  }
  const members = { replace: change.replace, add: [...change.add], remove: [...change.remove] };
  return { members, steps: others };
}

type Change = { replace: boolean; add: Set<string>; remove: Set<string> };

async function changeMembers(change: Change, step: Assignment, findMembers: FindMembers): Promise<void> {
  const { op, target, filter, value } = step;
  if (target.sub && op !== 'remove') {
    throw new DomainError(
      'mutability',
      `members.${target.sub.name} cannot be changed; remove the member and add another.`,
    );
  }
  if (filter) {
    const chosen = await chosenMembers(step, findMembers);
    for (const id of chosen) remove(change, id);
    if (op !== 'remove') for (const id of readMemberIds(value)) add(change, id);
    return;
  }
  if (op === 'remove') {
    if (value === undefined || value === null) replaceAll(change);
    else for (const id of readMemberIds(value, { lenient: true })) remove(change, id);
    return;
  }
  const ids = readMemberIds(value);
  if (op === 'replace') replaceAll(change);
  for (const id of ids) add(change, id);
}

function add(change: Change, id: string): void {
  change.add.add(id);
  change.remove.delete(id);
}

function remove(change: Change, id: string): void {
  change.add.delete(id);
  if (!change.replace) change.remove.add(id);
}

function replaceAll(change: Change): void {
  change.replace = true;
  change.add.clear();
  change.remove.clear();
}

async function chosenMembers(step: Assignment, findMembers: FindMembers): Promise<readonly string[]> {
  const condition = resolveElementFilter(step.target.attribute, step.filter!);
  return idsOf(condition) ?? (await findMembers(condition));
}

/** The ids of `value eq "a" or value eq "b"`, without a look at the table; undefined for any other filter. */
function idsOf(filter: DirectoryFilter): string[] | undefined {
  if (filter.op === 'eq' && 'column' in filter.target && filter.target.column === 'value') {
    const id = String(filter.value).toLowerCase();
    return isUuid(id) ? [id] : [];
  }
  if (filter.op !== 'or') return undefined;
  const parts = filter.of.map(idsOf);
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}
