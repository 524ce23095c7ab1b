// Waiting for a condition in tests: no sleeps, no measured times.

import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 50;

/**
 * Calls `fn` until it answers something truthy without throwing, and answers that. After `withinMs` the last failure
 * is thrown. Undefined is "not yet", as `find` and `?.` mean it: an `fn` made of assertions ends with `return true`.
 */
export async function eventually<T>(
  fn: () => T | Promise<T>,
  { withinMs = 15_000 }: { readonly withinMs?: number } = {},
): Promise<NonNullable<T>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    let failure: unknown;
    try {
      const result = await fn();
      if (result) return result;
      failure = new Error(`The condition still answers ${String(result)}`);
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

/** The same for assertions alone: they hold at last, or the last one that failed is thrown. */
export async function eventuallyHolds(
  assertions: () => void | Promise<void>,
  options?: { readonly withinMs?: number },
): Promise<void> {
  await eventually(async () => {
    await assertions();
    return true;
  }, options);
}
