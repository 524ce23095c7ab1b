// Where pages ended, so that a client that walks a list by index goes on behind the last row it saw: what others delete
// meanwhile shifts nothing, and a page deep in the list costs what it holds. Kept in this process; without a mark the page
// is counted off from the start.
import { createHash } from 'node:crypto';
import type { Clock } from '../src/clock.ts';

const MOST_MARKS = 20_000;
const KEPT_MS = 15 * 60_000;

type Mark = { readonly lastId: string; readonly until: number };

export class PageMarks {
  readonly #clock: Clock;
  readonly #marks = new Map<string, Mark>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The id behind which the page at `startIndex` of a list begins, where the page before it was read here lately. */
  find(list: string, startIndex: number): string | undefined {
    if (startIndex === 1) return undefined;
    const mark = this.#marks.get(keyOf(list, startIndex));
    return mark && mark.until > this.#clock.now().getTime() ? mark.lastId : undefined;
  }

  /** Of two clients that walk the same list, the one that is less far decides: a row may be seen twice, never lost. */
  note(list: string, nextIndex: number, lastId: string): void {
    const key = keyOf(list, nextIndex);
    const now = this.#clock.now().getTime();
    const known = this.#marks.get(key);
    if (known && known.until > now && known.lastId <= lastId) return;
    this.#marks.delete(key);
    const [oldest] = this.#marks.keys();
    if (oldest !== undefined && this.#marks.size >= MOST_MARKS) this.#marks.delete(oldest);
    this.#marks.set(key, { lastId, until: now + KEPT_MS });
  }
}

/** Short, however long the filter of the list is. */
function keyOf(list: string, index: number): string {
  return `${index} ${createHash('sha256').update(list).digest('base64')}`;
}
