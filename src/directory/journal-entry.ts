// One entry of the request journal (design section 5).
import type { DirectoryScope } from './directory.ts';

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
