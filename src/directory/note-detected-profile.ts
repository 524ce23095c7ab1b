// What vendor a directory turned out to be is recorded once, and told to every process.
import type { DetectedProfile, DirectoryDeps, DirectoryScope } from './directory.ts';
import { forgetTokens, recordDirectoryEvent, setDetectedProfile } from './directory-store.ts';

/** Does nothing where it is known already. */
export function noteDetectedProfile(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  detected: DetectedProfile,
): Promise<void> {
  const { orgId, directoryId } = scope;
  return deps.db.inOrg(orgId, async (tx) => {
    if (!(await setDetectedProfile(tx, directoryId, detected, deps.clock.now()))) return;
    await forgetTokens(tx, directoryId);
    const actor = { kind: 'directory', id: directoryId };
    const data = { profile: detected };
    await recordDirectoryEvent(tx, { actor, action: 'directory.profile_detected', directoryId, data });
  });
}
