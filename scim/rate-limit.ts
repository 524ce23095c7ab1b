// How fast one directory may ask: a bucket of one second's requests, refilled evenly. Answers 429 with the time to wait.
import type { Clock } from '../src/clock.ts';
import { DomainError } from '../src/errors.ts';

const MOST_BUCKETS = 10_000;

type Bucket = { tokens: number; at: number };

export class RateLimit {
  readonly #perSecond: number;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
  }

  /** Takes one request of a directory's; throws `too_many_requests` where none is left. */
  take(directoryId: string): void {
    this.#take(directoryId, 1, 1);
  }

  /**
   * Counts what one request asks for beyond itself (the operations of a bulk request), which may leave a debt that later
   * requests wait for; throws `too_many_requests` while there is one.
   */
  charge(directoryId: string, requests: number): void {
    if (requests > 0) this.#take(directoryId, requests, 0);
  }

  #take(directoryId: string, requests: number, needed: number): void {
    const now = this.#clock.now().getTime();
    const bucket = this.#bucketOf(directoryId, now);
    const refill = (Math.max(0, now - bucket.at) / 1_000) * this.#perSecond;
    bucket.tokens = Math.min(this.#perSecond, bucket.tokens + refill);
    bucket.at = now;
    if (bucket.tokens < needed) {
      const retryAfterSeconds = Math.max(1, Math.ceil((needed - bucket.tokens) / this.#perSecond));
      throw new DomainError('too_many_requests', `This directory may ask ${this.#perSecond} times a second.`, {
        data: { retryAfterSeconds },
      });
    }
    bucket.tokens -= requests;
  }

  #bucketOf(directoryId: string, now: number): Bucket {
    const known = this.#buckets.get(directoryId);
    if (known) return known;
    // a bucket that is forgotten is full again, which errs on the directory's side
    if (this.#buckets.size >= MOST_BUCKETS) this.#buckets.clear();
    const bucket = { tokens: this.#perSecond, at: now };
    this.#buckets.set(directoryId, bucket);
    return bucket;
  }
}
