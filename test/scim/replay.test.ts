// Kept requests: encrypted, without secrets, for as long as was asked; and made again as a dry run that changes nothing.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { Answer, Json } from '../support/server.ts';
import { ERROR, type ScimSetup, setupScim, type TestDirectory } from './scim-setup.ts';

const HOUR_MS = 3_600_000;
let s: ScimSetup;
beforeAll(async () => {
  s = await setupScim();
});
afterAll(() => s[Symbol.asyncDispose]());

const rest = (d: TestDirectory, method: string, at: string, body?: unknown): Promise<Answer> =>
  s.t.call(method, `/v1/organizations/${d.org.id}/directories/${d.id}${at}`, { key: d.org.ownerKey, body });

/** A directory whose requests are kept for the next day. */
async function keeping(): Promise<TestDirectory> {
  const d = await s.directory();
  const keepBodiesUntil = new Date(s.t.clock.now().getTime() + 24 * HOUR_MS).toISOString();
  expect((await rest(d, 'PATCH', '', { keepBodiesUntil })).body.keepBodiesUntil).toBe(keepBodiesUntil);
  // the token's process hears of it a moment after the commit
  await eventually(async () => {
    await d.call('DELETE', '/Users/0199a5f2-7c1e-7d3a-8f62-3f0e4f6f2b11');
    await s.scim.close();
    return (await rest(d, 'GET', '/journal?limit=1')).body.items[0].canReplay;
  });
  return d;
}

/** The newest entry of a method. */
async function entryOf(d: TestDirectory, method: string): Promise<Json> {
  await s.scim.close();
  return (await rest(d, 'GET', `/journal?limit=1&method=${method}`)).body.items[0];
}

const replay = async (d: TestDirectory, entry: Json): Promise<Json> => {
  const { status, body } = await rest(d, 'POST', `/journal/${entry.id}/replay`);
  expect(status).toBe(200);
  return body;
};

/** Every row that anybody could notice, as text. */
async function everything(): Promise<Json> {
  const tables = await s.sql(`select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace
    and c.relkind in ('r', 'p') and not c.relispartition and c.relname not in ('credential', 'directory_count') order by 1`);
  const state: Record<string, string> = {};
  for (const { name } of tables) {
    const [row] = await s.sql(
      `select md5(coalesce(string_agg(x::text, '|' order by x::text), '')) as all from ${name} x`,
    );
    state[name] = row.all;
  }
  state.jobs = (await s.sql('select count(*)::text as n from graphile_worker._private_jobs'))[0].n;
  return state;
}

describe('what is kept', () => {
  test('is nothing without being asked for, nor once the time is over', async () => {
    const d = await s.directory();
    await d.user('unkept');
    expect((await entryOf(d, 'POST')).canReplay).toBe(false);
    const keeper = await keeping();
    s.t.clock.advance(25 * 3_600);
    await keeper.user('too-late');
    expect((await entryOf(keeper, 'POST')).canReplay).toBe(false);
    s.t.clock.advance(-25 * 3_600);
  });

  test('is encrypted, and has no secret even when it is opened', async () => {
    const d = await keeping();
    await d.user('sealed-user', { password: 'hunter2-hunter2', nickName: 'in the clear only for the admin' });
    const { id } = (await d.call('GET', '/Users?filter=userName%20eq%20%22sealed-user%22')).body.Resources[0];
    await d.patch(`/Users/${id}`, { op: 'replace', path: 'password', value: 'hunter3-hunter3' });
    const created = await entryOf(d, 'POST');
    const patched = await entryOf(d, 'PATCH');
    const [{ bytes }] = await s.sql(`select string_agg(encode(sealed, 'escape'), '') as bytes from scim_journal_body`);
    expect(bytes).not.toMatch(/sealed-user|hunter|in the clear/);
    expect((await replay(d, created)).request.body).toMatchObject({ userName: 'sealed-user', password: '[removed]' });
    expect((await replay(d, patched)).request.body.Operations).toEqual([
      { op: 'replace', path: 'password', value: '[removed]' },
    ]);
  });

  test('goes after 72 hours, and an entry whose request was not kept cannot be replayed', async () => {
    const d = await keeping();
    await d.user('short-lived');
    const entry = await entryOf(d, 'POST');
    const sweep = (hours: number) =>
      s.sql('select drop_old_journal_bodies($1)', [new Date(s.t.clock.now().getTime() + hours * HOUR_MS)]);
    await sweep(71);
    await replay(d, entry);
    await sweep(73);
    expect((await rest(d, 'POST', `/journal/${entry.id}/replay`)).status).toBe(404);
    expect((await entryOf(d, 'POST')).canReplay).toBe(false);
  });

  test("cannot be replayed by another organization, nor under another directory's address", async () => {
    const d = await keeping();
    await d.user('mine');
    const entry = await entryOf(d, 'POST');
    const stranger = await keeping();
    expect((await rest(stranger, 'POST', `/journal/${entry.id}/replay`)).status).toBe(404);
    const second = await s.directory({ org: d.org });
    expect((await rest(second, 'POST', `/journal/${entry.id}/replay`)).status).toBe(404);
  });
});

describe('a replay', () => {
  test('of a deactivation says who would be cut off, and cuts nobody off', async () => {
    const d = await keeping();
    const name = `ada@${d.org.key}.test`;
    const ada = await d.user(name, { emails: [{ value: name, primary: true }] });
    await d.patch(`/Users/${ada.id}`, { op: 'replace', path: 'active', value: false });
    const entry = await entryOf(d, 'PATCH');
    await d.patch(`/Users/${ada.id}`, { op: 'replace', path: 'active', value: true });
    await s.scim.close();
    await s.t.credentials.flush();
    const changes = s.changes();
    const before = await everything();
    const outcome = await replay(d, entry);
    await s.t.credentials.flush();
    expect(outcome.answer).toMatchObject({ status: 200, body: { id: ada.id, active: false } });
    expect(outcome.attributes).toEqual([{ attribute: 'active', before: true, after: false }]);
    const seen = outcome.events.map((event: Json) => [event.action, event.subject.id]);
    expect(seen).toContainEqual(['member.suspended', ada.id]);
    // all that is left is that somebody looked
    const { audit_event: events, ...rest } = await everything();
    const { audit_event: eventsBefore, ...restBefore } = before;
    expect(rest).toEqual(restBefore);
    expect(events).not.toBe(eventsBefore);
    const told = await s.sql('select action, data from audit_event where org_id = $1 order by id desc limit 1', [
      d.org.id,
    ]);
    expect(told).toEqual([{ action: 'directory.request_replayed', data: { entryId: entry.id } }]);
    expect(s.changes()).toBe(changes);
    expect((await d.call('GET', `/Users/${ada.id}`)).body.active).toBe(true);
  });

  test('of a create says what would be made, and of one that is there why it would be refused', async () => {
    const d = await keeping();
    const { id } = await d.user('twice', { title: 'Dr' });
    const entry = await entryOf(d, 'POST');
    const refused = await replay(d, entry);
    expect(refused.answer).toMatchObject({ status: 409, body: { schemas: [ERROR], scimType: 'uniqueness' } });
    expect(refused).toMatchObject({ attributes: [], events: [] });
    await d.call('DELETE', `/Users/${id}`);
    const made = await replay(d, entry);
    expect(made.answer.status).toBe(201);
    expect(made.attributes).toContainEqual({ attribute: 'title', before: null, after: 'Dr' });
    expect((await d.call('GET', '/Users?filter=userName%20eq%20%22twice%22')).body.totalResults).toBe(0);
  });

  test('of a change of members says who would come and go, and what that would grant', async () => {
    const d = await keeping();
    const team = await s.t.make.team(d.org, 'Crew');
    const rule = { source: 'scim.group', match: 'display_name', value: 'Crew', target: { team: team.id } };
    const rules = `/v1/organizations/${d.org.id}/mapping-rules`;
    const { body: mapped } = await s.t.call('POST', rules, { key: d.org.ownerKey, body: rule });
    const [one, two] = [await d.user('one'), await d.user('two')];
    const group = await d.group('Crew', [one.id]);
    const members = [{ value: two.id }];
    await d.call('PUT', `/Groups/${group.id}`, { displayName: 'Crew', members });
    const entry = await entryOf(d, 'PUT');
    await d.call('PUT', `/Groups/${group.id}`, { displayName: 'Crew', members: [{ value: one.id }] });
    const outcome = await replay(d, entry);
    expect(outcome.members).toEqual({ added: [two.id], removed: [one.id], addedCount: 1, removedCount: 1 });
    expect(outcome.events).toContainEqual({
      action: 'member.teams_changed',
      subject: { kind: 'member', id: two.id },
      data: { added: [team.id], rules: { [team.id]: [mapped.id] } },
    });
    expect((await d.call('GET', `/Groups/${group.id}`)).body.members).toMatchObject([{ value: one.id }]);
  });

  test('of the end of the last owner is refused as the request was, and alerts nobody', async () => {
    const d = await keeping();
    const name = `boss@${d.org.key}.test`;
    const boss = await d.user(name, { emails: [{ value: name, primary: true }] });
    const member = `/v1/organizations/${d.org.id}/members/${boss.id}`;
    const promoted = await s.t.call('PATCH', member, { key: d.org.ownerKey, body: { role: 'owner' } });
    expect(promoted.status).toBe(200);
    await d.call('DELETE', `/Users/${boss.id}`);
    // the refusal froze the organization, and an operator thaws it
    await s.sql('update organization set frozen_at = null, frozen_reason = null where org_id = $1', [d.org.id]);
    const entry = await entryOf(d, 'DELETE');
    expect(entry.status).toBe(409);
    const outcome = await replay(d, entry);
    expect(outcome.answer).toMatchObject({ status: 409, body: { detail: expect.stringContaining('full control') } });
    expect(await s.sql('select frozen_at from organization where org_id = $1', [d.org.id])).toEqual([
      { frozen_at: null },
    ]);
  });
});
