// How fast one caller may ask: a bucket of one second's requests, refilled evenly. Answers 429 with the time to wait.
import type { Clock } from '../clock.ts';
import { DomainError } from '../errors.ts';

const MOST_BUCKETS = 10_000;

type Bucket = { tokens: number; at: number };

export class RateLimit {
  readonly #whom: string;
  readonly #perSecond: number;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  /** @param whom as a refusal names them, such as `This directory` */
  constructor(whom: string, perSecond: number, clock: Clock) {
    this.#whom = whom;
    this.#perSecond = perSecond;
    this.#clock = clock;
  }

  /** Takes one request of a caller's; throws `too_many_requests` where none is left. */
  take(caller: string): void {
    this.#take(caller, 1, 1);
  }

  /**
   * Counts what one request asks for beyond itself (the operations of a bulk request), which may leave a debt that later
   * requests wait for; throws `too_many_requests` while there is one.
   */
  charge(caller: string, requests: number): void {
    if (requests > 0) this.#take(caller, requests, 0);
  }

  #take(caller: string, requests: number, needed: number): void {
    const now = this.#clock.now().getTime();
    const bucket = this.#bucketOf(caller, now);
    const refill = (Math.max(0, now - bucket.at) / 1_000) * this.#perSecond;
    bucket.tokens = Math.min(this.#perSecond, bucket.tokens + refill);
    bucket.at = now;
    if (bucket.tokens < needed) {
      const retryAfterSeconds = Math.max(1, Math.ceil((needed - bucket.tokens) / this.#perSecond));
      throw new DomainError('too_many_requests', `${this.#whom} may ask ${this.#perSecond} times a second.`, {
        data: { retryAfterSeconds },
      });
    }
    bucket.tokens -= requests;
  }

  #bucketOf(caller: string, now: number): Bucket {
    const known = this.#buckets.get(caller);
    if (known) return known;
    // a bucket that is forgotten is full again, which errs on the caller's side
    if (this.#buckets.size >= MOST_BUCKETS) this.#buckets.clear();
    const bucket = { tokens: this.#perSecond, at: now };
    this.#buckets.set(caller, bucket);
    return bucket;
  }
}
