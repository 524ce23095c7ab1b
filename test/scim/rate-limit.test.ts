// The rate limit: a second's requests at once and no more, for each directory by itself, refilled by the clock.
import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { RateLimit } from '../../src/http/rate-limit.ts';
import { createTestClock } from '../support/server.ts';
import { ERROR, setupScim } from './scim-setup.ts';

const ENVIRONMENT = {
  BASE_URL: 'http://127.0.0.1:3000',
  DATABASE_URL: 'postgres://127.0.0.1/x',
  DATABASE_APP_URL: 'postgres://127.0.0.1/x',
  DATABASE_WORKER_URL: 'postgres://127.0.0.1/x',
  APP_URL: 'http://127.0.0.1:3001',
  SECRET_KEY: '0123456789abcdef',
};

test('5,000 a second is what is shipped, and another number may be set', () => {
  expect(parseConfig(ENVIRONMENT).scimRatePerSecond).toBe(5_000);
  expect(parseConfig({ ...ENVIRONMENT, SCIM_RATE_PER_SECOND: '25' }).scimRatePerSecond).toBe(25);
  expect(() => parseConfig({ ...ENVIRONMENT, SCIM_RATE_PER_SECOND: '0' })).toThrow('SCIM_RATE_PER_SECOND');
});

test('one too many is 429 with the time to wait, which is enough; another directory notices nothing', async () => {
  await using s = await setupScim({ ratePerSecond: 3, clockStands: true });
  const greedy = await s.directory();
  const modest = await s.directory();
  const statuses = await Promise.all([1, 2, 3, 4].map(async () => (await greedy.call('GET', '/Users')).status));
  expect(statuses.sort()).toEqual([200, 200, 200, 429]);
  const refused = await greedy.call('GET', '/Users');
  expect(refused.status).toBe(429);
  expect(refused.body).toEqual({ schemas: [ERROR], status: '429', detail: 'This directory may ask 3 times a second.' });
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(refused.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect((await modest.call('GET', '/Users')).status).toBe(200);
  s.t.clock.advance(Number(refused.headers.get('retry-after')));
  expect((await greedy.call('GET', '/Users')).status).toBe(200);
  await s.scim.close();
  const entries = await s.sql('select status from scim_journal where directory_id = $1 and status = 429', [greedy.id]);
  expect(entries).toHaveLength(2);
});

test('what is not used within a second is not saved up, and a clock that goes back takes nothing away', () => {
  const clock = createTestClock({ stands: true });
  const limit = new RateLimit('This directory', 10, clock);
  const taken = () => {
    let count = 0;
    try {
      for (;;) {
        limit.take('d');
        count += 1;
      }
    } catch {
      return count;
    }
  };
  expect(taken()).toBe(10);
  clock.advance(0.5);
  expect(taken()).toBe(5);
  clock.advance(3_600);
  expect(taken()).toBe(10);
  clock.advance(-60);
  expect(taken()).toBe(0);
  clock.advance(0.2);
  expect(taken()).toBe(2);
});
