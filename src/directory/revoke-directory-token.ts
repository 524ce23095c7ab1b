// Ends a directory's token at once, in every process that remembers it.
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import { DomainError } from '../errors.ts';
import { isUuid } from '../ids.ts';
import { endDirectoryToken, recordDirectoryEvent } from './directory-store.ts';

/** Throws `not_found` when the directory has no such live token. */
export function revokeDirectoryToken(
  deps: CoreDeps,
  ctx: RequestContext,
  input: { readonly orgId: string; readonly directoryId: string; readonly tokenId: string },
): Promise<void> {
  return deps.db.inOrg(input.orgId, async (tx) => {
    const { directoryId, tokenId } = input;
    const isId = isUuid(directoryId) && isUuid(tokenId);
    if (!isId || !(await endDirectoryToken(tx, directoryId, tokenId, deps.clock.now()))) {
      throw new DomainError('not_found', 'The directory has no such token.');
    }
    const data = { tokenId };
    await recordDirectoryEvent(tx, { actor: ctx.actor, action: 'directory.token_revoked', directoryId, data });
  });
}
