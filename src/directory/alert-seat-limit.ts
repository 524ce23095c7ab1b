// A plan without a free seat turns a directory's users away. The directory gets its 409; the organization gets an alert, at
// most one an hour for each directory, since a directory tries everybody again and again.
import { actorOf, type DirectoryDeps, type DirectoryScope } from './directory.ts';

/** A statement of its own, after the refused one was rolled back. */
export async function alertSeatLimit(deps: DirectoryDeps, scope: DirectoryScope): Promise<void> {
  await deps.db.query(scope.orgId, {
    text: `select record_audit($1, $3, 'alert.seat_limit', 'directory', $2)
      where not exists (select from audit_event e where e.org_id = $1 and e.subject_id = $2
        and e.action = 'alert.seat_limit' and e.at > now() - interval '1 hour')`,
    values: [scope.orgId, scope.directoryId, actorOf(scope)],
  });
}
