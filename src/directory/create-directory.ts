// An administrator adds a directory to an organization.

import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import { newId } from '../ids.ts';
import type { DirectoryProfile } from './directory.ts';
import { insertDirectory, recordDirectoryEvent } from './directory-store.ts';

export type NewDirectory = { readonly id: string; readonly createdAt: Date };

export function createDirectory(
  deps: CoreDeps,
  ctx: RequestContext,
  input: { readonly orgId: string; readonly displayName: string; readonly profile: DirectoryProfile | undefined },
): Promise<NewDirectory> {
  const id = newId();
  return deps.db.inOrg(input.orgId, async (tx) => {
    const { created_at: createdAt } = await insertDirectory(tx, { ...input, id });
    await recordDirectoryEvent(tx, {
      actor: ctx.actor,
      action: 'directory.created',
      directoryId: id,
      data: { displayName: input.displayName, profile: input.profile ?? null },
    });
    return { id, createdAt };
  });
}
