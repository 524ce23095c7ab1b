// A directory that suspends more than 20 people and more than a tenth of its organization within an hour: the organization
// gets one alert an hour. Asked by the queue's timed task.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScimSetup, setupScim, type TestDirectory } from './scim-setup.ts';

let s: ScimSetup;
beforeAll(async () => {
  s = await setupScim();
});
afterAll(() => s[Symbol.asyncDispose]());

async function directoryOf(people: number): Promise<{ d: TestDirectory; ids: string[] }> {
  const d = await s.directory();
  const named = Array.from({ length: people }, (_, n) => d.user(`p${n}@${d.org.key}.test`));
  return { d, ids: (await Promise.all(named)).map(({ id }) => id) };
}

const setActive = async (d: TestDirectory, ids: readonly string[], value: boolean) => {
  const answers = await Promise.all(ids.map((id) => d.patch(`/Users/${id}`, { op: 'replace', path: 'active', value })));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
};

const runTask = (later = '0') => s.sql(`select alert_mass_suspensions(now() + $1::interval)`, [later]);

const alertsOf = async (d: TestDirectory) =>
  (
    await s.sql(
      `select subject_kind, data from audit_event where org_id = $1 and action = 'alert.mass_suspension' order by at`,
      [d.org.id],
    )
  ).map(({ subject_kind, data }) => ({ kind: subject_kind, ...data }));

test('21 of 40 alert once, 20 do not', async () => {
  const { d, ids } = await directoryOf(40);
  await setActive(d, ids.slice(0, 20), false);
  await runTask();
  expect(await alertsOf(d)).toEqual([]);
  await setActive(d, ids.slice(20, 21), false);
  await runTask();
  await runTask();
  const [{ active, ...alert }, ...more] = await alertsOf(d);
  expect(alert).toEqual({ kind: 'organization', suspended: 21 });
  // the organization's own people stay
  expect(active).toBeGreaterThanOrEqual(19);
  expect(more).toEqual([]);
});

test('25 of 300 are less than a tenth', async () => {
  const { d, ids } = await directoryOf(300);
  await setActive(d, ids.slice(0, 25), false);
  await runTask();
  expect(await alertsOf(d)).toEqual([]);
  await setActive(d, ids.slice(25, 35), false);
  await runTask();
  expect(await alertsOf(d)).toMatchObject([{ suspended: 35 }]);
});

test('the same person suspended again and again is one, and an hour later it is over', async () => {
  const { d, ids } = await directoryOf(25);
  for (let time = 0; time < 3; time += 1) {
    await setActive(d, ids.slice(0, 10), false);
    await setActive(d, ids.slice(0, 10), true);
  }
  await runTask();
  expect(await alertsOf(d)).toEqual([]);
  await setActive(d, ids, false);
  await runTask('61 minutes');
  expect(await alertsOf(d)).toEqual([]);
});
