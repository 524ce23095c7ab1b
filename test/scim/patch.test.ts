// PATCH on a resource in memory (RFC 7644 section 3.5.2), in the dialects of Entra (legacy and aadOptscim062020) and Okta.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applySteps } from '../../scim/patch/apply.ts';
import { readSteps } from '../../scim/patch/assignments.ts';
import { readOperations } from '../../scim/patch/operations.ts';
import { splitMembers } from '../../scim/patch/split-members.ts';
import { GROUP_TYPE } from '../../scim/schema/group-schema.ts';
import { readResource } from '../../scim/schema/read-resource.ts';
import type { JsonObject } from '../../scim/schema/read-value.ts';
import { USER_TYPE } from '../../scim/schema/user-schema.ts';
import { DomainError } from '../../src/errors.ts';
import { newId } from '../../src/ids.ts';
import type { Json } from '../support/server.ts';
import { ENTERPRISE, PATCH } from './scim-setup.ts';

/** Of the resource that is patched. */
const ID = newId();

const BASE: JsonObject = {
  userName: 'ada',
  active: true,
  name: { givenName: 'Ada', familyName: 'Lovelace' },
  emails: [{ value: 'ada@work.test', type: 'work', primary: true }],
};

function patch(
  before: JsonObject,
  operations: unknown,
  options: { strict?: boolean } = {},
): { after: Json; dropped: string[] } {
  const after = structuredClone(before);
  const dropped = new Set<string>();
  const steps = readSteps(USER_TYPE, readOperations({ schemas: [PATCH], Operations: operations }, ID), dropped);
  applySteps(USER_TYPE, after, steps, { refusesMissingTarget: options.strict ?? false }, dropped);
  return { after, dropped: [...dropped] };
}

const refusal = (operations: unknown, options: { strict?: boolean } = {}, before = BASE) => {
  try {
    patch(before, operations, options);
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
  return 'nothing refused';
};

describe('Entra, legacy dialect', () => {
  test('names operations with a capital, and booleans as texts', () => {
    expect(patch(BASE, [{ op: 'Replace', path: 'active', value: 'False' }]).after).toEqual({ ...BASE, active: false });
    expect(patch(BASE, [{ op: 'Add', path: 'title', value: 'Countess' }]).after.title).toBe('Countess');
  });

  test('a filter path without a match makes the element', () => {
    const operations = [
      { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+44 1' },
      { op: 'Replace', path: 'addresses[type eq "work"].country', value: 'UK' },
      { op: 'Replace', path: 'addresses[type eq "work"].locality', value: 'London' },
      { op: 'Add', path: 'emails[type eq "other"].Value', value: 'other@work.test' },
      { op: 'Add', path: 'roles[primary eq "True"].value', value: 'Admin' },
    ];
    expect(patch(BASE, operations).after).toEqual({
      ...BASE,
      phoneNumbers: [{ type: 'mobile', value: '+44 1' }],
      addresses: [{ type: 'work', country: 'UK', locality: 'London' }],
      emails: [...(BASE.emails as Json), { type: 'other', value: 'other@work.test' }],
      roles: [{ primary: true, value: 'Admin' }],
    });
  });

  test('a single value may be wrapped like a reference, an externalId be an empty text', () => {
    const wrapped = (value: unknown) => [{ $ref: null, value }];
    const operations = [
      { op: 'Replace', path: 'active', value: wrapped('False') },
      { op: 'Replace', path: 'name.givenName', value: wrapped('Augusta') },
      { op: 'Add', path: 'externalId', value: '' },
    ];
    expect(patch({ ...BASE, externalId: 'a1' }, operations).after).toEqual({
      ...BASE,
      active: false,
      name: { givenName: 'Augusta', familyName: 'Lovelace' },
    });
    expect(refusal([{ op: 'Replace', path: 'title', value: { value: 'x', more: 1 } }])).toBe('invalid_value');
  });

  test('a manager is a list of one, an object, or the bare id', () => {
    const path = `${ENTERPRISE}:manager`;
    for (const value of [[{ $ref: null, value: '26' }], { value: '26' }, '26']) {
      expect(patch(BASE, [{ op: 'Add', path, value }]).after[ENTERPRISE]).toEqual({ manager: { value: '26' } });
    }
    const managed = patch(BASE, [{ op: 'Add', path, value: '26' }]).after;
    expect(patch(managed, [{ op: 'Remove', path }]).after).toEqual(BASE);
  });

  test('a role comes as a JSON text, and is not added twice', () => {
    const value = [{ value: JSON.stringify({ id: '1', value: 'Reader', displayName: 'A reader' }) }];
    const once = patch(BASE, [{ op: 'Add', path: 'roles', value }]).after;
    expect(once.roles).toEqual([{ value: 'Reader', display: 'A reader' }]);
    expect(patch(once, [{ op: 'Add', path: 'roles', value }]).after).toEqual(once);
  });

  test('removing what is not there changes nothing', () => {
    expect(patch(BASE, [{ op: 'Remove', path: 'phoneNumbers[type eq "fax"].value' }]).after).toEqual(BASE);
    expect(patch(BASE, [{ op: 'Remove', path: 'title' }]).after).toEqual(BASE);
    expect(patch(BASE, []).after).toEqual(BASE);
  });
});

describe('Entra, aadOptscim062020', () => {
  test('sends one value with dotted and URN keys', () => {
    const value = {
      displayName: 'Ada L.',
      'name.givenName': 'Augusta',
      'name.formatted': 'Augusta L.',
      [`${ENTERPRISE}:employeeNumber`]: '7',
      [`${ENTERPRISE}:manager`]: '26',
      'emails[type eq "work"].value': 'augusta@work.test',
      'phoneNumbers[type eq "mobile"].value': '+44 1',
      [ENTERPRISE]: { 'manager.value': '27' },
    };
    const { after, dropped } = patch(BASE, [{ op: 'replace', value }]);
    expect(after).toEqual({
      ...BASE,
      displayName: 'Ada L.',
      name: { givenName: 'Augusta', familyName: 'Lovelace', formatted: 'Augusta L.' },
      emails: [{ value: 'augusta@work.test', type: 'work', primary: true }],
      phoneNumbers: [{ value: '+44 1', type: 'mobile' }],
      [ENTERPRISE]: { employeeNumber: '7', manager: { value: '27' } },
    });
    expect(dropped).toEqual([]);
    expect(refusal([{ op: 'replace', value: { 'emails[type eq].value': 'x' } }])).toBe('invalid_path');
    expect(refusal([{ op: 'replace', value: { 'groups[type eq "x"].value': 'x' } }])).toBe('mutability');
  });
});

describe('Okta', () => {
  test('deactivates without a path', () => {
    expect(patch(BASE, [{ op: 'replace', value: { active: false } }]).after.active).toBe(false);
  });

  test('states an id and a password, which change nothing', () => {
    const { after, dropped } = patch(BASE, [{ op: 'replace', value: { id: ID, password: 'p', nickName: 'A' } }]);
    expect(after).toEqual({ ...BASE, nickName: 'A' });
    expect(dropped).toEqual(['password']);
    expect(patch(BASE, [{ op: 'replace', path: 'password', value: 'p' }]).after).toEqual(BASE);
  });

  test('a value that states the id of something else is refused', () => {
    expect(refusal([{ op: 'replace', value: { id: newId(), displayName: 'x' } }])).toBe('mutability');
  });
});

describe('RFC 7644', () => {
  test('adding what is there changes nothing, and adds to it what is new', () => {
    const value = [{ value: 'ada@work.test', type: 'work', primary: true }];
    expect(patch(BASE, [{ op: 'add', path: 'emails', value }]).after).toEqual(BASE);
    const display = [{ value: 'ada@work.test', type: 'work', display: 'Ada' }];
    expect(patch(BASE, [{ op: 'add', path: 'emails', value: display }]).after.emails).toEqual([
      { value: 'ada@work.test', type: 'work', primary: true, display: 'Ada' },
    ]);
  });

  test('a new primary value takes over from the one before', () => {
    const value = [{ value: 'new@work.test', type: 'home', primary: true }];
    const { emails } = patch(BASE, [{ op: 'add', path: 'emails', value }]).after;
    expect(emails.map((email: Json) => email.primary)).toEqual([false, true]);
    const back = patch({ ...BASE, emails }, [{ op: 'replace', path: 'emails[type eq "work"].primary', value: true }]);
    expect(back.after.emails.map((email: Json) => email.primary)).toEqual([true, false]);
  });

  test('parts of a complex attribute that are not stated stay', () => {
    expect(patch(BASE, [{ op: 'replace', path: 'name', value: { givenName: 'A' } }]).after.name).toEqual({
      givenName: 'A',
      familyName: 'Lovelace',
    });
  });

  test('replacing elements, removing elements, removing parts', () => {
    const two = patch(BASE, [{ op: 'add', path: 'emails', value: { value: 'b@home.test', type: 'home' } }]).after;
    expect(two.emails).toHaveLength(2);
    const replaced = patch(two, [{ op: 'replace', path: 'emails[type eq "home"]', value: { value: 'c@home.test' } }]);
    expect(replaced.after.emails[1]).toEqual({ value: 'c@home.test' });
    expect(patch(two, [{ op: 'remove', path: 'emails[type eq "home"]' }]).after).toEqual(BASE);
    expect(patch(two, [{ op: 'remove', path: 'emails[type eq "home"].type' }]).after.emails[1]).toEqual({
      value: 'b@home.test',
    });
    expect(patch(two, [{ op: 'remove', path: 'emails' }]).after.emails).toBeUndefined();
    expect(patch(two, [{ op: 'replace', path: 'emails', value: [] }]).after.emails).toBeUndefined();
    expect(patch(two, [{ op: 'remove', path: 'emails', value: [{ value: 'b@home.test' }] }]).after).toEqual(BASE);
    expect(patch(BASE, [{ op: 'replace', path: 'title', value: null }]).after).toEqual(BASE);
  });

  test('extensions: as one, by attribute, removed as one', () => {
    const stated = patch(BASE, [{ op: 'add', path: ENTERPRISE, value: { department: 'X', shoeSize: 9 } }]);
    expect(stated.after[ENTERPRISE]).toEqual({ department: 'X' });
    expect(stated.dropped).toEqual([`${ENTERPRISE}:shoeSize`]);
    expect(patch(stated.after, [{ op: 'remove', path: ENTERPRISE }]).after).toEqual(BASE);
    expect(patch(BASE, [{ op: 'add', value: { [ENTERPRISE]: { division: 'Y' } } }]).after[ENTERPRISE]).toEqual({
      division: 'Y',
    });
  });

  test.each([
    ['invalid_path', { op: 'replace', path: 'shoeSize', value: 1 }],
    ['invalid_path', { op: 'replace', path: 'name.shoeSize', value: 1 }],
    ['invalid_path', { op: 'replace', path: 'emails[type eq "x"].shoe', value: 1 }],
    ['invalid_path', { op: 'replace', path: 'emails[type eq "x"', value: 1 }],
    ['invalid_path', { op: 'replace', path: 'userName[value eq "x"]', value: 'x' }],
    ['invalid_path', { op: 'replace', path: '__proto__', value: 'x' }],
    ['invalid_path', { op: 'replace', path: 7, value: 'x' }],
    ['invalid_filter', { op: 'replace', path: 'emails[shoe eq "x"].value', value: 'x' }],
    ['no_target', { op: 'remove' }],
    ['no_target', { op: 'replace', path: 'emails[type ne "work"].value', value: 'x' }],
    ['mutability', { op: 'replace', path: 'id', value: 'x' }],
    ['mutability', { op: 'replace', path: 'meta.created', value: 'x' }],
    ['mutability', { op: 'add', path: 'groups', value: [{ value: 'x' }] }],
    ['mutability', { op: 'remove', path: 'userName' }],
    ['invalid_value', { op: 'replace', path: 'active', value: 'maybe' }],
    ['invalid_value', { op: 'replace', path: 'title', value: { a: 1 } }],
    ['invalid_value', { op: 'replace', path: 'name', value: 'Ada' }],
    ['invalid_value', { op: 'replace', path: 'userName', value: ' ' }],
    ['invalid_value', { op: 'add', path: 'title' }],
    ['invalid_value', { op: 'add', value: 'x' }],
    [
      'invalid_value',
      {
        op: 'add',
        path: 'emails',
        value: [
          { value: 'a', primary: true },
          { value: 'b', primary: true },
        ],
      },
    ],
    ['invalid_syntax', { op: 'move', path: 'title', value: 'x' }],
    ['invalid_syntax', { path: 'title', value: 'x' }],
    ['invalid_syntax', null],
    ['invalid_syntax', 'replace'],
  ])('%s: %j', (code, operation) => {
    expect(refusal([operation])).toBe(code);
  });

  test('a strict directory is told that a removal found nothing', () => {
    expect(refusal([{ op: 'remove', path: 'emails[type eq "fax"]' }], { strict: true })).toBe('no_target');
  });

  test('no more changes and values than are done in an instant: everybody else waits for them', () => {
    const email = (n: number) => ({ value: `${n}@work.test`, type: `t${n}` });
    const emails = (from: number, count: number) => Array.from({ length: count }, (_, n) => email(from + n));
    const { after } = patch(BASE, [{ op: 'add', path: 'emails', value: emails(0, 999) }]);
    expect(after.emails).toHaveLength(1_000);
    expect(refusal([{ op: 'add', path: 'emails', value: emails(0, 1_000) }])).toBe('invalid_value');
    expect(refusal([{ op: 'replace', path: 'emails', value: emails(0, 1_001) }])).toBe('invalid_value');
    const one = (n: number) => ({ op: 'replace', path: `emails[type eq "t${n}"].display`, value: 'x' });
    expect(refusal(Array.from({ length: 251 }, (_, n) => one(n)))).toBe('too_large');
    const keys = Object.fromEntries(Array.from({ length: 251 }, (_, n) => [`emails[type eq "t${n}"].value`, 'x']));
    expect(refusal([{ op: 'replace', value: keys }])).toBe('too_large');
  });

  test('Operations must be a list, and schemas must say PatchOp', () => {
    expect(refusal(undefined)).toBe('invalid_syntax');
    expect(refusal({})).toBe('invalid_syntax');
    expect(readOperations({ schemas: [], Operations: [] }, ID)).toEqual([]);
    expect(readOperations({ Schemas: [PATCH.toUpperCase()], Operations: [] }, ID)).toEqual([]);
    expect(() => readOperations({ schemas: ['x'], Operations: [] }, ID)).toThrow(/PatchOp/);
  });
});

test('replacing every attribute one by one gives what a PUT of them gives', () => {
  const text = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme-ascii' });
  const list = fc.uniqueArray(fc.record({ value: text, type: fc.constantFrom('work', 'home', 'other') }), {
    maxLength: 3,
    selector: (each) => `${each.type} ${each.value}`,
  });
  const body = fc.record(
    {
      title: text,
      active: fc.boolean(),
      displayName: text,
      name: fc.record({ givenName: text, familyName: text }),
      emails: list,
      phoneNumbers: list,
      [ENTERPRISE]: fc.record({ department: text, manager: fc.record({ value: text }) }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(body, body, (before, wanted) => {
      const put = readResource(USER_TYPE, { userName: 'ada', ...wanted }, new Set());
      const start = readResource(USER_TYPE, { userName: 'ada', ...before }, new Set());
      const gone = Object.keys(before).filter((key) => !(key in wanted) || key === 'name');
      const operations = [
        ...gone.map((path) => ({ op: 'remove', path })),
        ...Object.entries(wanted)
          .filter(([key]) => key !== ENTERPRISE)
          .map(([path, value]) => ({ op: 'replace', path, value })),
        ...(wanted[ENTERPRISE] ? [{ op: 'replace', value: { [ENTERPRISE]: wanted[ENTERPRISE] } }] : []),
      ];
      expect(patch(start, operations).after).toEqual(put);
    }),
    { numRuns: 300 },
  );
});

describe('members of a group', () => {
  const [a, b, c] = [newId(), newId(), newId()];
  const split = async (...operations: object[]) => {
    const steps = readSteps(GROUP_TYPE, readOperations({ Operations: operations }, ID), new Set());
    return (await splitMembers(steps, async () => [c])).members;
  };
  const none = { replace: false, add: [], remove: [] };

  test.each<[string, object[], object]>([
    [
      'Entra adds',
      [
        {
          op: 'Add',
          path: 'members',
          value: [
            { $ref: null, value: a },
            { $ref: null, value: b },
          ],
        },
      ],
      { ...none, add: [a, b] },
    ],
    [
      'Entra (legacy) removes with a value',
      [{ op: 'Remove', path: 'members', value: [{ value: a }] }],
      { ...none, remove: [a] },
    ],
    [
      'Entra (new) removes with a filter',
      [{ op: 'remove', path: `members[value eq "${a}"]` }],
      { ...none, remove: [a] },
    ],
    [
      'several ids in one filter',
      [{ op: 'remove', path: `members[value eq "${a}" or value eq "${b}"]` }],
      { ...none, remove: [a, b] },
    ],
    [
      'Okta mixes',
      [
        { op: 'remove', path: `members[value eq "${a}"]` },
        { op: 'add', path: 'members', value: [{ value: b, display: 'x' }] },
      ],
      { ...none, add: [b], remove: [a] },
    ],
    [
      'Okta pushes the whole list',
      [{ op: 'replace', path: 'members', value: [{ value: a }] }],
      { ...none, replace: true, add: [a] },
    ],
    ['without a path', [{ op: 'add', value: { members: [{ value: a }] } }], { ...none, add: [a] }],
    ['bare ids', [{ op: 'add', path: 'members', value: [a.toUpperCase(), b] }], { ...none, add: [a, b] }],
    ['all go', [{ op: 'remove', path: 'members' }], { ...none, replace: true }],
    ['all go, by an empty list', [{ op: 'replace', path: 'members', value: [] }], { ...none, replace: true }],
    [
      'the last operation counts',
      [
        { op: 'add', path: 'members', value: [{ value: a }] },
        { op: 'remove', path: `members[value eq "${a}"]` },
        { op: 'remove', path: `members[value eq "${b}"]` },
        { op: 'add', path: 'members', value: [{ value: b }] },
      ],
      { ...none, add: [b], remove: [a] },
    ],
    [
      'replaced, then changed',
      [
        { op: 'replace', path: 'members', value: [{ value: a }, { value: b }] },
        { op: 'remove', path: `members[value eq "${a}"]` },
        { op: 'add', path: 'members', value: [{ value: c }] },
      ],
      { replace: true, add: [b, c], remove: [] },
    ],
    ['by another filter', [{ op: 'remove', path: 'members[display sw "x"]' }], { ...none, remove: [c] }],
    ['removing what cannot be an id', [{ op: 'remove', path: 'members[value eq "nobody"]' }], none],
  ])('%s', async (_, operations, change) => {
    expect(await split(...operations)).toEqual(change);
  });

  test.each([
    { op: 'add', path: 'members', value: [{ value: 'nobody' }] },
    { op: 'add', path: 'members', value: [{}] },
    { op: 'add', path: 'members', value: [{ value: a, type: 'Group' }] },
    { op: 'replace', path: `members[value eq "${a}"].display`, value: 'x' },
    { op: 'replace', path: 'members.value', value: 'x' },
  ])('refuses %j', async (operation) => {
    await expect(split(operation)).rejects.toBeInstanceOf(DomainError);
  });
});
