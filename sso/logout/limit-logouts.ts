// How fast one address may ask at the public logout addresses, whoever is meant: each costs a signature or a look-up. Far
// beyond a company that logs all of its people out one by one.
import type { RequestHandler } from 'express';
import type { Clock } from '../../src/clock.ts';
import { RateLimit } from '../../src/http/rate-limit.ts';

const PER_SECOND = 200;

/** One limit for all routes that it is given to; goes on with `too_many_requests` where it is reached. */
export function limitLogouts({ clock }: { readonly clock: Clock }): RequestHandler {
  const limit = new RateLimit('One address', PER_SECOND, clock);
  return (req, _res, next) => {
    limit.take(req.ip ?? '');
    next();
  };
}
