// An administrator switches a directory off, on again, or deletes it. What it gave is released (it rests while the
// directory is off, and goes with it) or kept; the doors are inside the SQL functions of migration 0023.
import { actorJson } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import type { Queryable } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { requireMaySwitchOn } from '../orgs/setup-item.ts';
import type { Rights } from '../roles/rights.ts';
import type { DirectoryScope, GrantsAfter } from './directory.ts';
import {
  type Activated,
  activateDirectoryRow,
  type Deactivated,
  type Deleted,
  deactivateDirectoryRow,
  deleteDirectoryRow,
} from './directory-store.ts';

/** Of a directory with 100,000 members, everyone passes the door. */
const LONGEST_MS = 10 * 60_000;

/** Throws `not_found`, `conflict` when it is off already, `last_owner` when a release would end the last owner. */
export function deactivateDirectory(
  deps: CoreDeps,
  ctx: RequestContext,
  scope: DirectoryScope,
  grants: GrantsAfter,
): Promise<Deactivated> {
  return switching(deps, scope, (tx) => deactivateDirectoryRow(tx, scope, grants, actorJson(ctx)));
}

/**
 * Throws `not_found`, `conflict` when it is on already, `seat_limit` when not all who return have a seat, `role_ceiling`
 * when it came in through a set-up link and the caller has no full control.
 */
export function activateDirectory(
  deps: CoreDeps,
  ctx: RequestContext,
  scope: DirectoryScope,
  rights: Rights,
): Promise<Activated> {
  return switching(deps, scope, async (tx) => {
    await requireMaySwitchOn(tx, rights, { orgId: scope.orgId, kind: 'directory', id: scope.directoryId });
    return activateDirectoryRow(tx, scope, actorJson(ctx));
  });
}

/** Throws `not_found`, `conflict` while it is on or paired with a connection, `last_owner`. */
export function deleteDirectory(deps: CoreDeps, ctx: RequestContext, scope: DirectoryScope): Promise<Deleted> {
  return switching(deps, scope, (tx) => deleteDirectoryRow(tx, scope, actorJson(ctx)));
}

function switching<T>(
  deps: CoreDeps,
  scope: DirectoryScope,
  work: (tx: Queryable) => Promise<T | undefined>,
): Promise<T> {
  return deps.db.inOrg(scope.orgId, async (tx) => {
    await tx.query({ text: `select set_config('statement_timeout', $1, true)`, values: [String(LONGEST_MS)] });
    const done = await work(tx);
    if (!done) throw new DomainError('not_found', 'The organization has no such directory.');
    return done;
  });
}
