// Accounts whose creation got no answer, on a real Keycloak: found again by the addresses they were asked for under.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAccount } from '../../src/keycloak/account.ts';
import { findDrift } from '../../src/keycloak/drift.ts';
import { KeycloakUnreachable } from '../../src/keycloak/keycloak-error.ts';
import { projectNewcomers } from '../../src/keycloak/project-newcomers.ts';
import { projectOrganization } from '../../src/keycloak/project-organization.ts';
import { projectPerson } from '../../src/keycloak/project-person.ts';
import { type Setup, setup } from './keycloak-setup.ts';

let t: Setup;
beforeAll(async () => {
  t = await setup();
});
afterAll(() => t[Symbol.asyncDispose]());

const project = (id: string) => projectPerson(t.keycloak, id, { endSessions: true });
const read = async (id: string) => (await readAccount(t.root, await t.accountOf(id)))?.account;

async function memberOf(key: string, address: string) {
  const person = await t.person(address);
  const member = await t.member(await t.organization(key), person);
  return { person, member };
}

test('adopts its own account whose creation got no answer', async () => {
  const { person } = await memberOf('adopted', 'ada@adopted.test');
  const id = await loseAccount(person);
  await project(person);
  expect(await t.accountOf(person)).toBe(id);
});

test('disables its own account whose creation got no answer, once its person may not come in any more', async () => {
  const { person, member } = await memberOf('orphaned', 'ada@orphaned.test');
  const id = await loseAccount(person);
  await t.sql(`update member set status = 'suspended' where id = $1`, [member]);
  await project(person);
  expect(await t.accountOf(person)).toBe(id);
  expect(await t.root.call((api) => api.users.findOne({ id }))).toMatchObject({ enabled: false });
});

test.each([
  { name: 'alone', attempt: project },
  {
    name: 'newcomer',
    attempt: async (id: string) => {
      await projectOrganization(
        t.keycloak,
        (await t.sql('select org_id from member where person_id = $1', [id]))[0]!.org_id!,
      );
      await projectNewcomers(t.keycloak, [id]);
    },
  },
])(
  'finds its own account again whose creation got no answer ($name), though its person has another address since',
  async ({ name, attempt }) => {
    const { person } = await memberOf(`moved-${name}`, `ada@moved-${name}.test`);
    const id = await loseAccount(person, attempt);
    await giveAddress(person, `eve@moved-${name}.test`);
    expect(await projectNewcomers(t.keycloak, [person])).toEqual(new Set());
    await project(person);
    expect(await t.accountOf(person)).toBe(id);
    expect(await read(person)).toMatchObject({ address: `eve@moved-${name}.test`, enabled: true });
    expect(await t.sql('select 1 from account_attempt where person_id = $1', [person])).toEqual([]);
  },
);

test('disables it under its former address, too', async () => {
  const { person, member } = await memberOf('moved-out', 'ada@moved-out.test');
  const id = await loseAccount(person);
  await giveAddress(person, 'eve@moved-out.test');
  await t.setStatus(member, 'suspended');
  await project(person);
  expect(await t.accountOf(person)).toBe(id);
  expect(await t.root.call((api) => api.users.findOne({ id }))).toMatchObject({ enabled: false });
});

test('a second account of a person, and one that is not written down, are found, and mended by marking', async () => {
  const { person } = await memberOf('twins', 'ada@twins.test');
  await project(person);
  const attributes = { person_id: [person] };
  const { id: second } = await t.root.call((api) =>
    api.users.create({ username: 'late@twins.test', email: 'late@twins.test', enabled: true, attributes }),
  );
  const { person: unwritten } = await memberOf('unwritten', 'ada@unwritten.test');
  const id = await loseAccount(unwritten);
  await t.sql('delete from account_attempt where person_id = $1', [unwritten]);
  await giveAddress(unwritten, 'eve@unwritten.test');
  const found = await findDrift(t.keycloak, { repair: true });
  expect(found.find((drift) => drift.id === second)).toEqual({
    kind: 'account',
    id: second,
    differences: [`account late@twins.test is a second one of person ${person}`],
  });
  expect(found.filter((drift) => drift.id === unwritten).at(-1)?.differences).toEqual([
    'account ada@unwritten.test is not written down',
  ]);
  await project(person);
  expect(await t.root.find((api) => api.users.findOne({ id: second }))).toBeUndefined();
  expect(await read(person)).toMatchObject({ address: 'ada@twins.test', enabled: true });
  await project(unwritten);
  expect(await t.accountOf(unwritten)).toBe(id);
  expect(await read(unwritten)).toMatchObject({ address: 'eve@unwritten.test' });
});

const giveAddress = (person: string, address: string) =>
  t.sql('update person_address set address_key = $2, address = $2 where person_id = $1', [person, address]);

/** Keycloak makes the account, and its answer is lost; gives the account's id. */
async function loseAccount(person: string, attempt: (id: string) => Promise<unknown> = project): Promise<string> {
  const { runtime } = t.keycloak;
  const { send } = runtime;
  let made: string | undefined;
  const loseAnswer: typeof send = async (method, path, body) => {
    const answer = await send(method, path, body);
    if (path !== '/users') return answer;
    made = answer;
    throw new KeycloakUnreachable('the answer was lost');
  };
  Object.assign(runtime, { send: loseAnswer });
  try {
    await attempt(person).catch((error: unknown) => expect(error).toBeInstanceOf(KeycloakUnreachable));
  } finally {
    Object.assign(runtime, { send });
  }
  expect(await t.accountOf(person)).toBeUndefined();
  return made!;
}
