// 100,000 hostile requests against the running web process: no fault of ours, no crash, flat memory, and a valid client
// works afterwards. A fault names its seed and number, which give the same bytes again.
import { expect, test } from 'vitest';
import { startWebProcess } from '../scim/hostile-process.ts';
import { sendHostile } from '../scim/hostile-run.ts';
import { GROUP, PATCH, USER } from '../scim/scim-setup.ts';

const REQUESTS = 100_000;
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_122);
const QUARTERS = 4;
/** What may be more after the last quarter than after the second: caches that are full by then, and what the engine compiles. */
const SLACK_MB = 2;

test('100,000 hostile requests: every one is the sender’s fault in words, memory stays flat', async () => {
  await using web = await startWebProcess();
  const run = { port: web.port, target: web.target, seed: SEED };
  const statuses = new Map<number, number>();
  const heap: number[] = [];
  const resident: (number | undefined)[] = [];
  for (let quarter = 0; quarter < QUARTERS; quarter += 1) {
    const verdict = await sendHostile(run, (quarter * REQUESTS) / QUARTERS, ((quarter + 1) * REQUESTS) / QUARTERS);
    expect(verdict.faults.join('\n\n')).toBe('');
    for (const [status, count] of verdict.statuses) statuses.set(status, (statuses.get(status) ?? 0) + count);
    resident.push(web.residentMb());
    heap.push(await web.heapMb());
  }
  const table = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  const megabytes = (values: readonly (number | undefined)[]) => values.map((value) => value?.toFixed(1)).join(', ');
  console.log(`answers ${table.join(', ')}`);
  console.log(`after each quarter: ${megabytes(heap)} MB of heap at rest, ${megabytes(resident)} MB resident`);
  expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBe(REQUESTS);
  expect(web.isRunning()).toBe(true);
  // 501 is the RFC's answer for what a server does not have
  expect(web.logged(40).filter((line) => !line.includes('is not served'))).toEqual([]);
  expect(heap.at(-1)).toBeLessThan(heap[1]! + SLACK_MB);

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
