// References and further addresses: kept as they come, shown from when they lead somewhere, found from an index.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/ids.ts';
import type { Json } from '../support/server.ts';
import { ENTERPRISE, type ScimSetup, setupScim, type TestDirectory } from './scim-setup.ts';

let s: ScimSetup;
let d: TestDirectory;
beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
});
afterAll(() => s[Symbol.asyncDispose]());

const named = async (filter: string, from = d): Promise<string[]> => {
  const { body } = await from.call('GET', `/Users?filter=${encodeURIComponent(filter)}`);
  return body.Resources.map((user: Json) => user.userName).sort();
};
const keysOf = (id: string) => s.sql('select key from directory_user_key where member_id = $1', [id]);

describe('a manager', () => {
  const whole = ['value', '$ref', 'displayName'].map((part) => `${ENTERPRISE}:manager.${part}`).join();
  const managerOf = async (id: string) =>
    (await d.call('GET', `/Users/${id}?attributes=${whole}`)).body[ENTERPRISE]?.manager;

  test('is shown with its address in every answer, and with its present name where that is asked for', async () => {
    const boss = await d.user('boss', { displayName: 'The Boss' });
    const manager = { value: boss.id, $ref: `${s.scimUrl}/Users/${boss.id}` };

    const made = await d.user('report', { [ENTERPRISE]: { manager: { value: boss.id } } });
    expect(made[ENTERPRISE].manager).toEqual(manager);
    const put = await d.call('PUT', `/Users/${made.id}`, { userName: 'report', [ENTERPRISE]: { manager: boss.id } });
    expect(put.body[ENTERPRISE].manager).toEqual(manager);
    const patch = await d.patch(`/Users/${made.id}`, { op: 'add', path: 'title', value: 'x' });
    expect(patch.body[ENTERPRISE].manager).toEqual(manager);
    const list = await d.call('GET', `/Users?attributes=${ENTERPRISE}:manager&filter=userName%20eq%20%22report%22`);
    expect(list.body.Resources[0][ENTERPRISE]).toEqual({ manager });
    const [stored] = await s.sql('select resource from directory_user where member_id = $1', [made.id]);
    expect(stored!.resource[ENTERPRISE].manager).toEqual({ value: boss.id });
    expect(await managerOf(made.id)).toEqual({ ...manager, displayName: 'The Boss' });
    await d.patch(`/Users/${boss.id}`, { op: 'replace', path: 'displayName', value: 'Renamed' });
    expect(await managerOf(made.id)).toEqual({ ...manager, displayName: 'Renamed' });
    expect(await named('manager.displayName eq "renamed"')).toEqual(['report']);
  });

  test('that is nobody here yet is kept as stated, found, and leads nowhere in another directory', async () => {
    const later = newId();
    const foreign = await (await s.directory()).user('foreign', { displayName: 'Not yours' });
    for (const value of [later, foreign.id, 'entra-4711']) {
      const made = await d.user(`early-${value}`, { [ENTERPRISE]: { manager: { value } } });
      expect(made[ENTERPRISE].manager).toEqual({ value });
      expect(await named(`manager eq "${value}"`)).toEqual([`early-${value}`]);
      expect(await named(`id eq "${made.id}" and ${ENTERPRISE}:manager.value eq "${value}"`)).toHaveLength(1);
      expect(await managerOf(made.id)).toEqual({ value });
    }
    // and as it is when it leads to somebody, goes, and returns
    const [early] = (await d.call('GET', `/Users?filter=${encodeURIComponent(`manager eq "${later}"`)}`)).body
      .Resources;
    const target = await d.user('late', { externalId: 'late', displayName: 'Late' });
    await d.patch(`/Users/${early.id}`, { op: 'replace', path: `${ENTERPRISE}:manager`, value: target.id });
    expect(await managerOf(early.id)).toMatchObject({ value: target.id, displayName: 'Late' });
    expect(await named(`manager eq "${later}"`)).toEqual([]);
    await d.call('DELETE', `/Users/${target.id}`);
    expect(await managerOf(early.id)).toEqual({ value: target.id });
    await d.user('late', { externalId: 'late', displayName: 'Back again' });
    expect(await managerOf(early.id)).toMatchObject({ value: target.id, displayName: 'Back again' });
  });
});

describe('an address', () => {
  const emails = (...values: string[]) =>
    values.map((value, n) => ({ value, type: n === 0 ? 'work' : 'home', primary: n === 0 }));

  test('is found whichever of a user it is, follows every change, and is nobody else’s', async () => {
    const { id } = await d.user('two', { emails: emails('one@mail.test', 'Two@mail.test') });
    const other = await s.directory({ org: d.org });
    const find = (value: string) => named(`emails.value eq "${value}"`);
    expect(await find('ONE@mail.test')).toEqual(['two']);
    expect(await find('two@MAIL.test')).toEqual(['two']);
    expect(await named('emails[type eq "home"].value eq "two@mail.test"')).toEqual(['two']);
    expect(await named('emails[type eq "work"].value eq "two@mail.test"')).toEqual([]);
    expect(await named('emails.value eq "two@mail.test"', other)).toEqual([]);
    await d.patch(`/Users/${id}`, { op: 'replace', path: 'emails[type eq "home"].value', value: 'three@mail.test' });
    expect([await find('two@mail.test'), await find('three@mail.test')]).toEqual([[], ['two']]);
    await d.patch(`/Users/${id}`, { op: 'replace', path: 'emails', value: emails('three@mail.test', 'one@mail.test') });
    expect([await find('one@mail.test'), await find('three@mail.test')]).toEqual([['two'], ['two']]);
    await d.patch(`/Users/${id}`, { op: 'replace', path: 'emails', value: emails('three@mail.test') });
    expect(await keysOf(id)).toEqual([]);
    expect(await find('three@mail.test')).toEqual(['two']);
  });

  test('costs a key only beyond the first, and none once the user is deleted', async () => {
    const plain = await d.user('plain', { emails: emails('plain@mail.test') });
    expect(await keysOf(plain.id)).toEqual([]);
    const rich = await d.user('rich', {
      externalId: 'rich',
      emails: emails('a@mail.test', 'b@mail.test', 'A@mail.test'),
    });
    expect(await keysOf(rich.id)).toHaveLength(1);
    await d.call('DELETE', `/Users/${rich.id}`);
    expect(await keysOf(rich.id)).toEqual([]);
    const back = await d.user('rich', { externalId: 'rich', emails: emails('a@mail.test', 'b@mail.test') });
    expect(back.id).toBe(rich.id);
    expect(await named('emails.value eq "b@mail.test"')).toEqual(['rich']);
  });

  test('that is longer than an index takes is kept and found', async () => {
    const random = Array.from({ length: 300 }, () => newId()).join('');
    await d.user('long', { emails: emails(`${random}@mail.test`, `${random}@second.test`) });
    expect(await named(`emails.value sw "${random.slice(0, 300)}" and emails.value ew "@second.test"`)).toEqual([
      'long',
    ]);
  });
});

describe('a name that is looked up', () => {
  test.each([
    ['userName', '/Users', {}],
    ['externalId', '/Users', { userName: 'external' }],
    ['displayName', '/Groups', {}],
  ])('%s of %s has at most the length that an index takes, whatever its script', async (name, path, more) => {
    // random, so that it cannot be packed
    const wide = Array.from({ length: 512 }, () => String.fromCharCode(0x4e00 + Math.floor(Math.random() * 20_000)));
    const create = (value: string) => d.call('POST', path, { ...more, [name]: value });
    expect(await create(`${wide.join('')}x`)).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } });
    expect((await create(wide.join(''))).status).toBe(201);
  });
});
