// Whether the mail server takes our mail: one row that whoever sends writes and every process's /readyz reads.
import type { Database } from '../db/database.ts';

/** A mail went out. */
export async function noteMailSent(db: Database, at: Date): Promise<void> {
  await db.realm({ text: 'update mail_health set last_sent_at = greatest(last_sent_at, $1)', values: [at] });
}

/** The mail server could not be used. A refused recipient is no failure of it, and is not noted here. */
export async function noteMailFailed(db: Database, at: Date, error: string): Promise<void> {
  await db.realm({
    text: 'update mail_health set last_failed_at = greatest(last_failed_at, $1), last_error = $2',
    values: [at, error],
  });
}

/** What is wrong with mail, or undefined: the last attempt to reach the mail server failed. */
export async function mailHealth(db: Database): Promise<string | undefined> {
  const [row] = await db.realm<{ last_failed_at: Date; last_error: string }>({
    text: `select last_failed_at, last_error from mail_health
      where last_failed_at is not null and last_failed_at > coalesce(last_sent_at, '-infinity')`,
  });
  return row && `no mail goes out since ${row.last_failed_at.toISOString()}: ${row.last_error}`;
}
