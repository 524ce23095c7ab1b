// Whom a connection is linked to, whom it misses, who is outside the directory; and how a link is undone.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ScriptedBrowser } from '../../src/dev/scripted-browser.ts';
import type { Rights } from '../../src/roles/rights.ts';
import { type Bridge, startBridge } from './support/bridge.ts';
import { type SamlCompany, startSamlCompany } from './support/saml-company.ts';

const LIST = '/connections/{connection}/identities';

type Listed = { items: { memberId: string; identity: { subject: string } | null }[]; nextCursor?: string };

let bridge: Bridge;
let company: SamlCompany;
let org: { id: string; key: string; domain: string };
let connection: string;
let ada: string;
let grace: string;

beforeAll(async () => {
  bridge = await startBridge();
  company = await startSamlCompany({ nameId: 'nobody' });
  org = await bridge.make.organization('acme', 'acme.test');
  const directoryId = await bridge.make.directory(org.id);
  ada = await bridge.make.directoryUser(org.id, directoryId, { address: 'ada@acme.test' });
  grace = await bridge.make.directoryUser(org.id, directoryId, { address: 'grace@acme.test' });
  await bridge.make.team(org.id, 'engineering', 'Engineering');
  connection = await bridge.make.connection(org.id, {
    protocol: 'saml',
    directoryId,
    jit: 'on',
    metadataXml: company.metadataXml(),
  });
});

afterAll(async () => {
  await company?.stop();
  await bridge?.[Symbol.asyncDispose]();
});

const list = (state: string, more: object = {}) =>
  bridge.call<Listed>('get', LIST, org.id, { params: { connection }, query: { state, ...more } });
const unlink = (member: string, rights?: Rights) =>
  bridge.call('delete', `${LIST}/{member}`, org.id, { params: { connection, member }, ...(rights ? { rights } : {}) });

async function signIn(name: string, nameId = name) {
  company.employee = { nameId, email: `${name}@acme.test`, groups: ['Engineering'] };
  return (await bridge.signIn(new ScriptedBrowser(), 'sso-acme')).answer !== undefined;
}

test('the three lists tell who is linked, missing and outside', async () => {
  expect((await list('missing')).items.map(({ memberId }) => memberId).sort()).toEqual([ada, grace].sort());
  expect(await signIn('ada')).toBe(true);
  expect(await signIn('newcomer')).toBe(true);
  expect((await list('missing')).items.map(({ memberId }) => memberId)).toEqual([grace]);
  const [outside] = (await list('outside')).items;
  expect(outside?.identity?.subject).toBe('newcomer');
  const first = await list('linked', { limit: '1' });
  const second = await list('linked', { limit: '1', cursor: first.nextCursor });
  const subjects = [...first.items, ...second.items].map(({ identity }) => identity?.subject).sort();
  expect(subjects).toEqual(['ada', 'newcomer']);
  expect(second.nextCursor).toBeUndefined();
});

test('a link that is undone can be made anew by another account, and takes along what the connection said', async () => {
  await signIn('ada');
  expect(await bridge.teamsOf(ada)).toEqual(['engineering']);
  expect(await signIn('ada', 'ada-renamed')).toBe(false);
  expect((await bridge.lastTrace(org.id))?.refusal).toBe('linked_elsewhere');
  await unlink(ada);
  expect(await bridge.teamsOf(ada)).toEqual([]);
  expect(await signIn('ada', 'ada-renamed')).toBe(true);
  expect(await bridge.teamsOf(ada)).toEqual(['engineering']);
  await expect(unlink(grace)).rejects.toMatchObject({ code: 'not_found' });
});

test('the link of an administrator is undone by full control alone', async () => {
  await bridge.rows(`update member set role_key = 'owner' where id = $1`, [ada]);
  const some: Rights = { permissions: new Set(['connection.manage']), fullControl: false, memberId: undefined };
  await expect(unlink(ada, some)).rejects.toMatchObject({ code: 'role_ceiling' });
  expect((await list('linked')).items.some(({ memberId }) => memberId === ada)).toBe(true);
});
