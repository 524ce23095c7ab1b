// A set-up link: what the customer's IT administrator may do through it. Pure.
import type { Permission } from '../../src/roles/permissions.ts';
import type { Rights } from '../../src/roles/rights.ts';

export const SETUP_SCOPES = ['connection', 'domain', 'directory'] as const;
export type SetupScope = (typeof SETUP_SCOPES)[number];

/** The longest that a link lives, and how long it lives unless told otherwise: seven days. */
export const SETUP_LIFE_HOURS = 7 * 24;

/** What a scope lets do, and what its author must therefore hold (law 4). */
export const SCOPE_PERMISSIONS: Readonly<Record<SetupScope, Permission>> = {
  connection: 'connection.manage',
  domain: 'organization.manage',
  directory: 'directory.manage',
};

export type SetupLink = {
  readonly orgId: string;
  readonly id: string;
  readonly scopes: readonly SetupScope[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | undefined;
  readonly lastUsedAt: Date | undefined;
};

/** Never full control, so that nothing made through it is switched on by it. */
export function rightsOf({ scopes }: SetupLink): Rights {
  const permissions = new Set<string>(scopes.map((scope) => SCOPE_PERMISSIONS[scope]));
  return { permissions, fullControl: false, memberId: undefined };
}
