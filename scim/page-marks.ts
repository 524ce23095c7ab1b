// Where pages ended, as the lists of RFC 7644 section 3.4.2.4 need it: the marks stand in the database, for all
// processes; here is only remembered which were written lately, so that the same first page, read over and over, is no
// write.
import { createHash } from 'node:crypto';
import type { Clock } from '../src/clock.ts';
import type { ComingMark, PageMarkKey, PagePlace } from '../src/directory/directory-filter.ts';
import type { NewPageMark } from '../src/directory/page-marks.ts';

const MOST_REMEMBERED = 10_000;
const WRITTEN_LATELY_MS = 60_000;

type Written = { readonly place: PagePlace; readonly at: number };

export class PageMarks {
  readonly #clock: Clock;
  readonly #written = new Map<string, Written>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is to be noted with the page before the one at `index`, or undefined where its mark was written lately. */
  coming(directoryId: string, { list, index }: PageMarkKey): ComingMark | undefined {
    const now = this.#clock.now();
    return this.#writtenLately(keyOf(directoryId, { list, index }), now) ? undefined : { list, index, now };
  }

  /** The mark to write for the page at `index`, or undefined where this process has written just that lately. */
  next(directoryId: string, { list, index }: PageMarkKey, place: PagePlace): NewPageMark | undefined {
    const now = this.#clock.now();
    const key = keyOf(directoryId, { list, index });
    const known = this.#writtenLately(key, now);
    if (known && known.place.id === place.id && known.place.key === place.key) return undefined;
    this.#written.delete(key);
    const [oldest] = this.#written.keys();
    if (oldest !== undefined && this.#written.size >= MOST_REMEMBERED) this.#written.delete(oldest);
    this.#written.set(key, { place, at: now.getTime() });
    return { list, index, place, now };
  }

  #writtenLately(key: string, now: Date): Written | undefined {
    const known = this.#written.get(key);
    return known && now.getTime() - known.at < WRITTEN_LATELY_MS ? known : undefined;
  }
}

function keyOf(directoryId: string, { list, index }: PageMarkKey): string {
  return `${directoryId} ${list} ${index}`;
}

/** A UUID made of the list's name, however long its filter is. */
export function listId(list: string): string {
  const hex = createHash('sha256').update(list).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
