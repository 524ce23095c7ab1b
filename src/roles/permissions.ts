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

/** Those that give power over others: whoever has one counts as an administrator. */
export const ADMIN_PERMISSIONS: readonly string[] = [
  'organization.manage',
  'member.manage',
  'role.assign',
  'rule.manage',
  'directory.manage',
  'connection.manage',
  'key.manage',
] satisfies Permission[];

/** Law 4, role ceiling by set inclusion: whether `held` covers everything in `offered`. */
export function covers(held: ReadonlySet<string>, offered: Iterable<string>): boolean {
  for (const permission of offered) if (!held.has(permission)) return false;
  return true;
}
