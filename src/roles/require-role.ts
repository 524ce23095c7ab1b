// Law 4 at the place where a role is offered, by whatever means: invitation, rule, change, manual creation.
import type { Queryable } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { mayGrant, type Rights } from './rights.ts';
import type { Role } from './role.ts';
import { getRole } from './roles-queries.ts';

/** The role, if its author may hand it on. Throws `invalid_value` (no such role) or `role_ceiling`. */
export async function requireGrantableRole(tx: Queryable, orgId: string, key: string, author: Rights): Promise<Role> {
  const role = await getRole(tx, orgId, key);
  if (!role.assignable) throw new DomainError('invalid_value', `The role ${key} is not given by hand.`);
  if (!mayGrant(author, role)) {
    throw new DomainError('role_ceiling', `The role ${key} carries rights that the caller does not hold.`);
  }
  return role;
}
