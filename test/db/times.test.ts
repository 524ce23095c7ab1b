// Times out of the database: to the millisecond, in whatever zone the session writes them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Setup, setup } from '../support/server.ts';

let t: Setup;
beforeAll(async () => {
  t = await setup();
});
afterAll(() => t[Symbol.asyncDispose]());

test.each(['UTC', 'Asia/Kolkata', 'America/St_Johns', 'Europe/London'])('read from a session in %s', async (zone) => {
  const org = await t.make.organization();
  const rows = await t.db.inOrg(org.id, async (tx) => {
    await tx.query({ text: `select set_config('timezone', $1, true)`, values: [zone] });
    return tx.query({
      text: `select timestamptz '2026-03-04 05:06:07.891234+00' as fine, timestamptz '1999-12-31 23:59:59+00' as whole,
        timestamptz '12026-01-01 00:00:00+00' as far, timestamptz 'infinity' as never, null::timestamptz as none`,
    });
  });
  expect(rows).toEqual([
    {
      fine: new Date('2026-03-04T05:06:07.891Z'),
      whole: new Date('1999-12-31T23:59:59.000Z'),
      far: new Date('+012026-01-01T00:00:00.000Z'),
      never: Number.POSITIVE_INFINITY,
      none: null,
    },
  ]);
});
