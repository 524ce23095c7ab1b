// The phases that every app of Entra goes through, in whichever dialect of PATCH its changes are written.

import { asksForMember, create, deleteAll, find, findGroup, findNobody, getGroup, pushGroup } from './entra-common.ts';
import type { Phase, Step } from './replay.ts';

export type Dialect = {
  readonly addMembers: (...names: readonly string[]) => Step;
  readonly removeMember: (name: string) => Step;
  readonly setActive: (name: string, value: boolean) => Step;
  /** Anna's manager is the boss. */
  readonly setManager: Step;
  readonly renameGroup: Step;
};

/** From the push of the group to the restoring of a member. */
export function groupPhases({ addMembers, removeMember, setActive, renameGroup }: Dialect): Phase[] {
  return [
    {
      name: 'group push',
      steps: [
        ...pushGroup,
        getGroup('Research'),
        asksForMember('anna', false),
        addMembers('anna', 'boss'),
        asksForMember('anna', true),
      ],
    },
    { name: 'rename', steps: [findGroup('Research'), renameGroup, getGroup('Research and Development')] },
    {
      name: 'remove',
      steps: [removeMember('boss'), removeMember('boss'), asksForMember('boss', false), asksForMember('anna', true)],
    },
    {
      name: 'deactivate',
      steps: [setActive('anna', false), asksForMember('anna', true)],
      statuses: { anna: 'suspended', boss: 'active' },
    },
    {
      name: 'restore, memberships not sent again',
      steps: [setActive('anna', true), asksForMember('anna', true)],
      statuses: { anna: 'active' },
    },
  ];
}

/** A full cycle over what is there already: Anna, whom `filter` finds, is sent again by `again`. */
export function resync(dialect: Dialect, filter: string, again: Step): Phase {
  const { addMembers, removeMember, setActive, setManager, renameGroup } = dialect;
  return {
    name: 'full re-sync with nothing changed',
    writesNothing: true,
    steps: [
      find(filter, 'anna', { active: true }),
      again,
      setManager,
      setActive('boss', true),
      findGroup('Research and Development'),
      renameGroup,
      addMembers('anna'),
      removeMember('boss'),
    ],
  };
}

/** Anna is deleted and comes back, found by nobody under `filter`, as the member that she was. */
export function leaveAndReturn({ addMembers }: Dialect, filter: string): Phase[] {
  return [
    { name: 'delete', steps: deleteAll, statuses: { anna: 'removed', boss: 'active' } },
    {
      name: 're-assign: the same member comes back',
      steps: [
        findNobody(filter),
        { ...create('anna'), answer: { id: '{anna}', userName: 'anna@{domain}', active: true }, keep: {} },
        ...pushGroup,
        addMembers('anna'),
        asksForMember('anna', true),
      ],
      statuses: { anna: 'active' },
    },
  ];
}
