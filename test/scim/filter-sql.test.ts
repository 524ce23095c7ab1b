// The SQL of a filter finds what an evaluator in memory finds, for random filters over random users and groups.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { matches, type Surroundings } from '../../scim/filter/evaluate.ts';
import { parseFilter } from '../../scim/filter/parser.ts';
import { resolveFilter } from '../../scim/filter/resolve.ts';
import { GROUP_TYPE } from '../../scim/schema/group-schema.ts';
import { USER_TYPE } from '../../scim/schema/user-schema.ts';
import { listDirectoryGroups } from '../../src/directory/directory-group-queries.ts';
import { listDirectoryUsers } from '../../src/directory/directory-user-queries.ts';
import type { Json } from '../support/server.ts';
import { ENTERPRISE, type ScimSetup, setupScim, type TestDirectory } from './scim-setup.ts';

let s: ScimSetup;
let d: TestDirectory;
let users: Json[];
let groups: Json[];

const WORDS = [
  'ada',
  'Ada',
  'ADA lovelace',
  'bob',
  'Bób',
  'Zoë',
  'zoe',
  '10%',
  'a_b',
  '',
  'back\\slash',
  '"quoted"',
  '東京',
];
const TYPES = ['work', 'home', 'Work'];

beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
  const pick = <T>(list: readonly T[], n: number): T => list[n % list.length]!;
  users = [];
  for (let n = 0; n < 40; n += 1) {
    const name = `${pick(['ada', 'Bob', 'zoë', 'x_y'], n)}${n}`;
    const body: Json = { externalId: n % 3 ? `Ext-${n}` : undefined, active: n % 4 !== 0 };
    if (n % 2) body.displayName = pick(WORDS, n);
    if (n % 5) body.name = { givenName: pick(WORDS, n + 1), ...(n % 3 ? { familyName: pick(WORDS, n + 2) } : {}) };
    if (n % 3) {
      body.emails = [
        { value: `${name}@mail.test`, type: pick(TYPES, n), primary: true },
        ...(n % 2 ? [{ value: `Second${n}@mail.test`, type: pick(TYPES, n + 1) }] : []),
      ];
    }
    if (n % 4 === 1) body[ENTERPRISE] = { department: pick(WORDS, n), manager: users[0] && { value: users[0].id } };
    users.push(await d.user(name, body));
  }
  groups = [];
  for (let n = 0; n < 6; n += 1) {
    const members = users.filter((_, index) => index % (n + 2) === 0).map((user) => user.id);
    groups.push(
      await d.group(`${pick(WORDS, n * 2)} team ${n}`, n === 5 ? [] : members, n % 2 ? { externalId: `G${n}` } : {}),
    );
  }
});
afterAll(() => s[Symbol.asyncDispose]());

const quoted = (text: string) => JSON.stringify(text);
const textTerm = (names: readonly string[]) =>
  fc
    .tuple(
      fc.constantFrom(...names),
      fc.constantFrom('eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'),
      fc.oneof(
        fc.constantFrom(...WORDS, 'a', 'Second1', '@mail.test', 'Ext-1'),
        fc.integer({ min: 0, max: 39 }).map((n) => `ada${n}`),
      ),
    )
    .map(([name, op, value]) => `${name} ${op} ${quoted(value)}`);

const userText = [
  'userName',
  'externalId',
  'displayName',
  'name.givenName',
  'name.familyName',
  'emails',
  'emails.value',
  'emails.type',
  `${ENTERPRISE}:department`,
];

const userTerm = fc.oneof(
  textTerm(userText),
  fc
    .constantFrom(
      ...userText,
      'name',
      'emails.primary',
      'groups',
      'title',
      'meta.created',
      'id',
      `${ENTERPRISE}:manager`,
    )
    .map((name) => `${name} pr`),
  fc.constantFrom(
    'active eq true',
    'active ne true',
    'active eq "False"',
    'meta.resourceType eq "User"',
    'meta.version eq "W/\\"1\\""',
  ),
  fc.tuple(textTerm(['value', 'type']), textTerm(['value', 'type'])).map(([a, b]) => `emails[${a} and not (${b})]`),
  fc
    .constantFrom('gt', 'ge', 'lt', 'le', 'eq', 'ne')
    .chain((op) => fc.nat(39).map((n) => `meta.created ${op} "${users[n].meta.created}"`)),
  fc.nat(39).map((n) => `id eq "${users[n].id}"`),
  fc
    .tuple(fc.constantFrom('id', 'groups.value'), fc.constantFrom('co', 'sw', 'ew', 'gt', 'le'), fc.nat(39), fc.nat(35))
    .map(([name, op, n, at]) => `${name} ${op} "${users[n].id.slice(at)}"`),
  fc.nat(39).map((n) => `${ENTERPRISE}:manager eq "${users[n].id}"`),
  fc.nat(5).map((n) => `groups.value eq "${groups[n].id}"`),
  textTerm(['groups.display', 'groups[display sw "a"].display']),
);

const groupTerm = fc.oneof(
  textTerm(['displayName', 'externalId']),
  fc.constantFrom('members pr', 'externalId pr', 'displayName pr'),
  fc.nat(39).map((n) => `members eq "${users[n].id}"`),
  fc.nat(39).map((n) => `members[value eq "${users[n].id}" and type eq "User"]`),
  fc.nat(5).map((n) => `id ne "${groups[n].id}"`),
);

function filterOf(term: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const { filter } = fc.letrec<{ filter: string }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'filter' },
      term,
      fc.tuple(tie('filter'), tie('filter')).map(([a, b]) => `(${a} and ${b})`),
      fc.tuple(tie('filter'), tie('filter')).map(([a, b]) => `${a} or ${b}`),
      tie('filter').map((a) => `not (${a})`),
    ),
  }));
  return filter;
}

describe('a filter in SQL and in memory', () => {
  test('find the same users', async () => {
    const scope = { orgId: d.org.id, directoryId: d.id };
    await fc.assert(
      fc.asyncProperty(filterOf(userTerm), async (text) => {
        const filter = resolveFilter(USER_TYPE, parseFilter(text));
        const rows = await listDirectoryUsers(s.t, scope, { filter, offset: 0, limit: 100 }, undefined);
        const expected = users.filter((user) => matches(filter, user, aroundUser(user)));
        expect(rows.map((row) => row.id).sort()).toEqual(expected.map((user) => user.id).sort());
      }),
      { numRuns: 600 },
    );
  });

  test('find the same groups', async () => {
    const scope = { orgId: d.org.id, directoryId: d.id };
    await fc.assert(
      fc.asyncProperty(filterOf(groupTerm), async (text) => {
        const filter = resolveFilter(GROUP_TYPE, parseFilter(text));
        const rows = await listDirectoryGroups(s.t, scope, { filter, offset: 0, limit: 100 }, undefined);
        const expected = groups.filter((group) => matches(filter, group, aroundGroup(group)));
        expect(rows.map((row) => row.id).sort()).toEqual(expected.map((group) => group.id).sort());
      }),
      { numRuns: 300 },
    );
  });
});

type Column = ReturnType<Surroundings['column']>;

function around(columns: Record<string, Column>, lists: Record<string, Surroundings[]> = {}): Surroundings {
  return { column: (name) => columns[name]!, collection: (name) => lists[name] ?? [] };
}

const folded = (value: string | undefined): Column => ({ value, kind: 'folded' });
const exact = (value: string | undefined): Column => ({ value, kind: 'text' });
const time = (value: string): Column => ({ value, kind: 'time' });

function common(resource: Json): Record<string, Column> {
  return {
    id: exact(resource.id),
    externalId: exact(resource.externalId),
    displayName: folded(resource.displayName),
    created: time(resource.meta.created),
    lastModified: time(resource.meta.lastModified),
    version: exact(resource.meta.version),
  };
}

function aroundUser(user: Json): Surroundings {
  const own = groups.filter((group) => group.members.some((member: Json) => member.value === user.id));
  return around(
    {
      ...common(user),
      userName: folded(user.userName),
      givenName: folded(user.name?.givenName),
      familyName: folded(user.name?.familyName),
      active: { value: user.active, kind: 'boolean' },
    },
    {
      groups: own.map((group) =>
        around({ value: exact(group.id), display: folded(group.displayName), type: folded('direct') }),
      ),
    },
  );
}

function aroundGroup(group: Json): Surroundings {
  const members = group.members.map((member: Json) => {
    const user = users.find((each) => each.id === member.value);
    return around({ value: exact(user.id), display: folded(user.displayName ?? user.userName), type: folded('User') });
  });
  return around(common(group), { members });
}
