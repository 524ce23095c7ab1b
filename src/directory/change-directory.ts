// An administrator renames a directory, chooses its profile, or says how long its journal lives and whether bodies are kept.
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import { DomainError } from '../errors.ts';
import type { DirectoryChange } from './directory.ts';
import { forgetTokens, lockDirectory, recordDirectoryEvent, updateDirectory } from './directory-store.ts';

const LONGEST_BODIES_DAYS = 7;
const DAY_MS = 24 * 3600 * 1000;

/** Throws `not_found`, or `invalid_value` for bodies that would be kept longer than a week from now. */
export function changeDirectory(
  deps: CoreDeps,
  ctx: RequestContext,
  input: { readonly orgId: string; readonly directoryId: string; readonly change: DirectoryChange },
): Promise<void> {
  const { orgId, directoryId, change } = input;
  return deps.db.inOrg(orgId, async (tx) => {
    if (!(await lockDirectory(tx, directoryId))) {
      throw new DomainError('not_found', 'The organization has no such directory.');
    }
    const latest = deps.clock.now().getTime() + LONGEST_BODIES_DAYS * DAY_MS;
    if (change.keepBodiesUntil && change.keepBodiesUntil.getTime() > latest) {
      throw new DomainError('invalid_value', `Bodies are kept for ${LONGEST_BODIES_DAYS} days at a time at most.`);
    }
    await updateDirectory(tx, directoryId, change);
    await forgetTokens(tx, directoryId);
    const data = { changed: change };
    await recordDirectoryEvent(tx, { actor: ctx.actor, action: 'directory.changed', directoryId, data });
  });
}
