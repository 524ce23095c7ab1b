// Writes of the request journal. Entries are of one organization each time.
import type { DirectoryDeps } from './directory.ts';
import type { JournalEntry } from './journal-entry.ts';

export async function insertJournal(
  deps: DirectoryDeps,
  orgId: string,
  entries: readonly JournalEntry[],
): Promise<void> {
  await deps.db.query(orgId, {
    name: 'scim_journal_append',
    // no wait for the disk: of the last second's entries a crash may take some anyway
    text: `insert into scim_journal (org_id, id, directory_id, at, request_id, method, path, status, latency_ms, detail,
        resource_id)
      select $1, entry.* from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
        $8::smallint[], $9::real[], $10::jsonb[], $11::uuid[]) as entry, set_config('synchronous_commit', 'off', true)`,
    values: [
      orgId,
      plainArray(entries.map((entry) => entry.id)),
      plainArray(entries.map((entry) => entry.directoryId)),
      plainArray(entries.map((entry) => entry.at.toISOString())),
      entries.map((entry) => entry.requestId),
      entries.map((entry) => entry.method),
      entries.map((entry) => entry.path),
      plainArray(entries.map((entry) => entry.status)),
      plainArray(entries.map((entry) => entry.latencyMs)),
      entries.map((entry) => entry.detail ?? null),
      plainArray(entries.map((entry) => entry.resourceId ?? 'NULL')),
    ],
  });
}

/** An array of ids, times and numbers as SQL text: pg looks into each value for what must be escaped. */
function plainArray(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`;
}

/** Entries with a body only. */
export async function insertJournalBodies(
  deps: DirectoryDeps,
  orgId: string,
  entries: readonly JournalEntry[],
): Promise<void> {
  await deps.db.query(orgId, {
    text: `insert into scim_journal_body (org_id, entry_id, directory_id, at, sealed)
      select $1, * from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::bytea[])`,
    values: [
      orgId,
      entries.map((entry) => entry.id),
      entries.map((entry) => entry.directoryId),
      entries.map((entry) => entry.at),
      entries.map((entry) => entry.sealedBody),
    ],
  });
}
