// The request journal of directories is appended in batches.
import type { DirectoryDeps, DirectoryScope } from './directory.ts';
import { insertJournal } from './directory-store.ts';

/** One request of a directory, redacted by who made the entry. `detail` is a JSON text. */
export type JournalEntry = DirectoryScope & {
  readonly at: Date;
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly latencyMs: number;
  readonly detail: string | undefined;
};

/** Entries of any number of organizations: one statement for each of them. */
export async function appendJournal(deps: DirectoryDeps, entries: readonly JournalEntry[]): Promise<void> {
  for (const [orgId, own] of Map.groupBy(entries, (entry) => entry.orgId)) await insertJournal(deps, orgId, own);
}
