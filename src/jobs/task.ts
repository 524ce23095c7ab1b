// A task of the queue: its payload is checked before the handler sees it. A handler is safe to run twice.
import type { QueryResult } from 'pg';
import type { Logger } from 'pino';
import type { z } from 'zod';

export type JobHelpers = {
  readonly log: Logger;
  /** Which run of this job it is, from 1. */
  readonly attempt: number;
  /** No further run follows when this one fails. */
  readonly lastAttempt: boolean;
  /** Aborted when the process stops and does not want to wait any longer. */
  readonly signal: AbortSignal | undefined;
  /** One statement as the owner role, for timed work across organizations. */
  query<Row extends Record<string, unknown>>(text: string, values?: unknown[]): Promise<QueryResult<Row>>;
};

export type Task = (payload: unknown, helpers: JobHelpers) => Promise<void>;

/** Makes a task; a payload that does not fit `schema` fails the job with what is wrong in it. */
export function defineTask<S extends z.ZodType>(
  schema: S,
  run: (payload: z.output<S>, helpers: JobHelpers) => Promise<void>,
): Task {
  return async (payload, helpers) => run(schema.parse(payload), helpers);
}
