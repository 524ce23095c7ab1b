// 100,000 hostile requests against the running web process: no fault of ours, no crash, flat memory, and a valid client
// works afterwards. A fault names its seed and number, which give the same bytes again.
import { expect, test } from 'vitest';
import { startWebProcess } from '../scim/hostile-process.ts';
import { sendHostile } from '../scim/hostile-run.ts';
import { GROUP, PATCH, USER } from '../scim/scim-setup.ts';

const REQUESTS = 100_000;
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_122);
/** What a heap may grow by between two collections. */
const SLACK_MB = 40;

test('100,000 hostile requests: every one is the sender’s fault in words, memory stays flat', async () => {
  await using web = await startWebProcess();
  const run = { port: web.port, target: web.target, seed: SEED };
  const first = await sendHostile(run, 0, REQUESTS / 2);
  const halfTime = web.residentMb();
  const second = await sendHostile(run, REQUESTS / 2, REQUESTS);
  const end = web.residentMb();
  expect([...first.faults, ...second.faults].join('\n\n')).toBe('');
  const statuses = new Map(first.statuses);
  for (const [status, count] of second.statuses) statuses.set(status, (statuses.get(status) ?? 0) + count);
  const table = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  console.log(`answers ${table.join(', ')}; resident ${halfTime?.toFixed(0)} MB, then ${end?.toFixed(0)} MB`);
  expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBe(REQUESTS);
  expect(web.isRunning()).toBe(true);
  // 501 is the RFC's answer for what a server does not have
  expect(web.logged(40).filter((line) => !line.includes('is not served'))).toEqual([]);
  if (halfTime !== undefined && end !== undefined) expect(end).toBeLessThan(halfTime * 1.1 + SLACK_MB);

  const user = await web.scim<{ id: string }>('POST', '/Users', { schemas: [USER], userName: 'afterwards' });
  const group = await web.scim<{ id: string }>('POST', '/Groups', {
    schemas: [GROUP],
    displayName: 'Afterwards',
    members: [{ value: user.id }],
  });
  const Operations = [{ op: 'remove', path: `members[value eq "${user.id}"]` }];
  await web.scim('PATCH', `/Groups/${group.id}`, { schemas: [PATCH], Operations });
  expect((await web.scim<{ members?: unknown[] }>('GET', `/Groups/${group.id}`)).members ?? []).toEqual([]);
  await web.scim('DELETE', `/Users/${user.id}`);
});
