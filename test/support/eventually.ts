// Waiting for a condition in tests: no sleeps, no measured times.

import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 50;

/**
 * Calls `fn` until it neither throws nor answers something falsy, and answers its result. An `fn` that only asserts
 * (answers undefined) counts as soon as it does not throw. After `withinMs` the last failure is thrown.
 */
export async function eventually<T>(
  fn: () => T | Promise<T>,
  { withinMs = 15_000 }: { readonly withinMs?: number } = {},
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    let failure: unknown;
    try {
      const result = await fn();
      if (result === undefined || result) return result;
      failure = new Error(`still ${String(result)}`);
    } catch (error) {
      failure = error;
    }
    if (Date.now() >= deadline) {
      if (failure instanceof Error) failure.message += ` (after ${withinMs} ms of trying)`;
      throw failure;
    }
    await delay(POLL_MS);
  }
}
