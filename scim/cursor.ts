// Cursors (RFC 9865): the place in a list, sealed. One opens only for the directory, filter and order that it was given
// out for, in every process, and says nothing to its bearer.
import { createHash } from 'node:crypto';
import type { Clock } from '../src/clock.ts';
import type { PagePlace } from '../src/directory/directory-filter.ts';
import { DomainError } from '../src/errors.ts';
import { openBytes, sealBytes } from '../src/seal.ts';

/** How long a cursor may lie. It holds nothing on our side: the limit only keeps very old ones from being believed. */
export const CURSOR_TIMEOUT_SECONDS = 24 * 60 * 60;
const LONGEST_CURSOR = 8_000;

export type Cursor = {
  readonly place: PagePlace;
  /** Shows what comes before the place. */
  readonly backwards: boolean;
  /** The total of a filter, counted when the list was begun. */
  readonly total: number | undefined;
};

type Sealed = readonly [at: number, id: string, key: string | null, backwards: 0 | 1, total: number | null];

export class Cursors {
  readonly #secretKey: string;
  readonly #clock: Clock;

  constructor(secretKey: string, clock: Clock) {
    this.#secretKey = secretKey;
    this.#clock = clock;
  }

  /** `list` names directory, type, filter and order. The text has only characters that an address leaves as they are. */
  seal(list: string, { place, backwards, total }: Cursor): string {
    const at = Math.floor(this.#clock.now().getTime() / 1_000);
    const sealed: Sealed = [at, place.id, place.key, backwards ? 1 : 0, total ?? null];
    return sealBytes(this.#secretKey, purposeOf(list), Buffer.from(JSON.stringify(sealed))).toString('base64url');
  }

  /** Throws `invalid_cursor` for what was not given out here for this list, `expired_cursor` for what is too old. */
  open(list: string, cursor: string): Cursor {
    const [at, id, key, backwards, total] = this.#read(list, cursor);
    if (this.#clock.now().getTime() / 1_000 - at > CURSOR_TIMEOUT_SECONDS) {
      throw new DomainError(
        'expired_cursor',
        `The cursor is older than ${CURSOR_TIMEOUT_SECONDS} seconds. Begin the list anew with an empty cursor.`,
      );
    }
    return { place: { id, key }, backwards: backwards === 1, total: total ?? undefined };
  }

  #read(list: string, cursor: string): Sealed {
    if (cursor.length <= LONGEST_CURSOR && /^[\w-]+$/.test(cursor)) {
      try {
        const bytes = openBytes(this.#secretKey, purposeOf(list), Buffer.from(cursor, 'base64url'));
        return JSON.parse(bytes.toString()) as Sealed;
      } catch {
        // said below, in the same words whatever was wrong with it
      }
    }
    throw new DomainError(
      'invalid_cursor',
      'The cursor was not given out for this list: a cursor goes with the filter and the order of the request it came ' +
        'from. Begin the list with an empty cursor.',
    );
  }
}

function purposeOf(list: string): string {
  return `scim cursor ${createHash('sha256').update(list).digest('base64')}`;
}
