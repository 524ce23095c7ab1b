// Law 3: a directory tried to end the last member with full control. That request was refused and undone; what stays is
// an alert, and the organization's admin writes are frozen until another owner or an operator acts.
import type { DirectoryDeps, DirectoryScope } from './directory.ts';
import { freezeAfterRefusal } from './directory-store.ts';

/** A transaction of its own, after the refused one was rolled back. Freezing twice keeps the first time. */
export async function alertLastOwner(deps: DirectoryDeps, scope: DirectoryScope, memberId: string): Promise<void> {
  await deps.db.inOrg(scope.orgId, (tx) => freezeAfterRefusal(tx, scope, memberId, deps.clock.now()));
}
