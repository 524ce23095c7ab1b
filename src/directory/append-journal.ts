// The request journal of directories is appended in batches.
import type { DirectoryDeps } from './directory.ts';
import type { JournalEntry } from './journal-entry.ts';
import { insertJournal, insertJournalBodies } from './journal-store.ts';

/** Entries of any number of organizations: one statement for each of them, and one for kept bodies. */
export async function appendJournal(deps: DirectoryDeps, entries: readonly JournalEntry[]): Promise<void> {
  for (const [orgId, own] of Map.groupBy(entries, (entry) => entry.orgId)) {
    await insertJournal(deps, orgId, own);
    const withBody = own.filter((entry) => entry.sealedBody !== undefined);
    if (withBody.length > 0) await insertJournalBodies(deps, orgId, withBody);
  }
}
