// The request journal of directories is appended in batches.
import type { DirectoryDeps, DirectoryScope } from './directory.ts';
import { insertJournal, insertJournalBodies } from './journal-store.ts';

/** One request of a directory, redacted by who made the entry. `detail` is a JSON text. */
export type JournalEntry = DirectoryScope & {
  readonly id: string;
  readonly at: Date;
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly latencyMs: number;
  readonly detail: string | undefined;
  /** The user or group that the request was about, where it was about one. */
  readonly resourceId: string | undefined;
  /** The whole request, secrets removed and sealed, where the directory lets it be kept. */
  readonly sealedBody: Buffer | undefined;
};

/** Entries of any number of organizations: one statement for each of them, and one for kept bodies. */
export async function appendJournal(deps: DirectoryDeps, entries: readonly JournalEntry[]): Promise<void> {
  for (const [orgId, own] of Map.groupBy(entries, (entry) => entry.orgId)) {
    await insertJournal(deps, orgId, own);
    const withBody = own.filter((entry) => entry.sealedBody !== undefined);
    if (withBody.length > 0) await insertJournalBodies(deps, orgId, withBody);
  }
}
