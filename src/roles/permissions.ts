// The catalogue of permissions. Roles are sets of them; an organization's roles may also carry permissions of the
// application, which Drawbridge stores and hands out but never asks for itself.

/** What Drawbridge's own API asks for. */
export const PERMISSIONS = [
  'organization.view',
  'organization.manage',
  'member.view',
  'member.invite',
  'member.manage',
  'role.assign',
  'team.view',
  'team.manage',
  'rule.manage',
  'directory.manage',
  'connection.manage',
  'key.manage',
  'audit.view',
] as const;

export type Permission = (typeof PERMISSIONS)[number];

/** Law 4, role ceiling by set inclusion: whether `held` covers everything in `offered`. */
export function covers(held: ReadonlySet<string>, offered: Iterable<string>): boolean {
  for (const permission of offered) if (!held.has(permission)) return false;
  return true;
}
