// Hostile bytes over real sockets against the running web process: a few thousand here, 100,000 in test/long/fuzz.test.ts.
import { expect, test } from 'vitest';
import { startWebProcess } from './hostile-process.ts';
import { sendHostile } from './hostile-run.ts';
import { USER } from './scim-setup.ts';

const REQUESTS = 4_000;

test('every hostile request is answered with the sender’s fault in words, and then a valid client works', async () => {
  await using web = await startWebProcess();
  const { statuses, faults } = await sendHostile({ port: web.port, target: web.target, seed: 7644 }, 0, REQUESTS);
  expect(faults.join('\n\n')).toBe('');
  expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBe(REQUESTS);
  expect(web.isRunning()).toBe(true);
  // 501 is the RFC's answer for what a server does not have
  expect(web.logged(40).filter((line) => !line.includes('is not served'))).toEqual([]);
  const user = await web.scim<{ id: string }>('POST', '/Users', { schemas: [USER], userName: 'afterwards' });
  expect(await web.scim('GET', `/Users/${user.id}`)).toMatchObject({ userName: 'afterwards' });
}, 120_000);
