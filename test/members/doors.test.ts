// Law 2: one door in, one door out; active = at least one carrier and no block.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../src/ids.ts';
import { admitMember } from '../../src/members/admit-member.ts';
import { type Json, type MadeOrganization, type Setup, setup, testContext } from '../support/server.ts';

let t: Setup;
let acme: MadeOrganization;

beforeAll(async () => {
  t = await setup();
  acme = await t.make.organization('acme');
});
afterAll(() => t[Symbol.asyncDispose]());

const one = (member: Json, action = '') => `/v1/organizations/acme/members/${member.id}${action}`;
const act = (method: string, path: string, body?: object) => t.call(method, path, { key: acme.ownerKey, body });
const actions = async (member: Json): Promise<string[]> => {
  const { body } = await act('GET', `/v1/organizations/acme/audit-events?subjectId=${member.id}`);
  return body.items.map((item: { action: string }) => item.action).reverse();
};

/** The directory's block, as SCIM active=false sets it. */
async function directoryBlock(member: Json, ref: string): Promise<void> {
  await t.db.inOrg(acme.id, async (tx) => {
    await tx.query({
      text: `insert into block (org_id, member_id, source, ref, reason) values ($1, $2, 'directory', $3, 'active=false')`,
      values: [acme.id, member.id, ref],
    });
    await tx.query({ text: `select settle_member($1, $2, 'directory', '{}')`, values: [acme.id, member.id] });
  });
}

test('law 2: a member made by hand is active with a carrier and a person, in one transaction with audit and mark', async () => {
  await t.db.realm({ text: 'delete from projection_due' });
  const member = await t.make.member(acme, { role: 'manager' });
  expect(member).toMatchObject({ status: 'active', carriers: [{ source: 'manual' }], blocks: [], role: 'manager' });
  expect(await actions(member)).toEqual(['member.created', 'member.role_changed', 'member.admitted']);
  const marks = await t.db.realm<{ subject_id: string }>({
    text: `select subject_id from projection_due where kind = 'person'`,
  });
  expect(marks.map((mark) => mark.subject_id)).toEqual([member.personId]);
});

test('law 2: an address of no verified domain waits, and says why', async () => {
  const { body } = await act('POST', '/v1/organizations/acme/members', { address: 'guest@elsewhere.test' });
  expect(body).toMatchObject({ status: 'pending', personId: null, pending: { reason: 'address_not_verified' } });
  expect(body.pending.explanation).toContain('domain');
});

test('law 2: suspension is at once and reversible, and is told to Keycloak with priority', async () => {
  const member = await t.make.member(acme, { teams: [(await t.make.team(acme, 'Doors')).key] });
  await t.db.realm({ text: 'delete from projection_due' });
  const suspended = await act('POST', one(member, '/suspend'), { reason: 'parental leave' });
  expect(suspended.body).toMatchObject({
    status: 'suspended',
    blocks: [{ source: 'admin', reason: 'parental leave' }],
  });
  expect(suspended.body.teams).toMatchObject([{ key: 'doors' }]);
  const [mark] = await t.db.realm<{ priority: number }>({ text: 'select priority from projection_due' });
  expect(mark).toEqual({ priority: 0 });
  expect((await act('POST', one(member, '/reactivate'))).body).toMatchObject({ status: 'active', blocks: [] });
  const unexplained = await act('POST', one(member, '/suspend'));
  expect(unexplained.body).toMatchObject({ status: 'suspended', blocks: [{ reason: 'no reason given' }] });
  await act('POST', one(member, '/reactivate'));
  expect((await actions(member)).slice(-4)).toEqual([
    'member.blocked',
    'member.suspended',
    'member.unblocked',
    'member.admitted',
  ]);
});

test('law 2 and 8: an admin cannot lift a directory’s block, and is told whose it is', async () => {
  const member = await t.make.member(acme);
  const ref = newId();
  await directoryBlock(member, ref);
  expect((await act('GET', one(member))).body.status).toBe('suspended');
  const refused = await act('POST', one(member, '/reactivate'));
  expect(refused).toMatchObject({ status: 409, body: { blocks: [{ source: 'directory', ref }] } });
  expect((await act('GET', one(member))).body.status).toBe('suspended');
});

test('law 2: a carrier that comes while a block stands opens nothing', async () => {
  const member = await t.make.member(acme);
  await directoryBlock(member, newId());
  const status = await t.db.inOrg(acme.id, (tx) =>
    admitMember(tx, testContext(), { memberId: member.id, carrier: { source: 'invitation', ref: newId() } }),
  );
  expect(status).toBe('suspended');
});

test('law 2: removal takes carriers, teams and grants, and the address may come again as somebody new', async () => {
  const member = await t.make.member(acme, { name: 'twice' });
  expect((await act('DELETE', one(member))).status).toBe(204);
  expect((await act('GET', one(member))).body).toMatchObject({
    status: 'removed',
    carriers: [],
    grants: [],
    teams: [],
  });
  expect((await act('DELETE', one(member))).status).toBe(404);
  const again = await t.make.member(acme, { name: 'twice' });
  expect(again.id).not.toBe(member.id);
  expect(again.personId).not.toBe(member.personId);
});

test('one member per address; two at once make one', async () => {
  const body = { address: 'race@acme.test' };
  const answers = await Promise.all([1, 2, 3].map(() => act('POST', '/v1/organizations/acme/members', body)));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  expect(answers.find(({ status }) => status === 409)?.body.code).toBe('already_member');
});

test('members are listed in pages, by status and by part of a name, removed ones only when asked for', async () => {
  const org = await t.make.organization();
  const path = `/v1/organizations/${org.id}/members`;
  for (let at = 0; at < 5; at += 1) await t.make.member(org, { name: `listed${at}` });
  const gone = await t.make.member(org, { name: 'gone' });
  await t.call('DELETE', `${path}/${gone.id}`, { key: org.ownerKey });
  const names: string[] = [];
  let cursor = '';
  do {
    const { body } = await t.call('GET', `${path}?limit=2${cursor}`, { key: org.ownerKey });
    names.push(...body.items.map((item: Json) => item.displayName));
    cursor = body.nextCursor ? `&cursor=${body.nextCursor}` : '';
  } while (cursor);
  expect(names).toEqual(['listed0', 'listed1', 'listed2', 'listed3', 'listed4']);
  const found = async (query: string) =>
    (await t.call('GET', `${path}?${query}`, { key: org.ownerKey })).body.items.length;
  expect(await found('q=LISTED3')).toBe(1);
  expect(await found('q=%25')).toBe(0);
  expect(await found('status=removed')).toBe(1);
  expect(await found('status=pending')).toBe(0);
});
