// The SQL of a filter finds what an evaluator in memory finds, for random filters over random users and groups: standard
// attributes, references, and those that the organization has declared.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { matches, type Surroundings } from '../../scim/filter/evaluate.ts';
import { parseFilter } from '../../scim/filter/parser.ts';
import { resolveFilter } from '../../scim/filter/resolve.ts';
import type { ResourceTypes } from '../../scim/schema/resource-types.ts';
import { typesWith } from '../../scim/schema/resource-types.ts';
import { listDirectoryGroups } from '../../src/directory/directory-group-queries.ts';
import { listDirectoryUsers } from '../../src/directory/directory-user-queries.ts';
import type { ExtensionSchema } from '../../src/directory/extension-schema.ts';
import { newId } from '../../src/ids.ts';
import type { Json } from '../support/server.ts';
import { declareSchema } from './extension-setup.ts';
import { ENTERPRISE, type ScimSetup, setupScim, type TestDirectory } from './scim-setup.ts';

let s: ScimSetup;
let d: TestDirectory;
let users: Json[];
let groups: Json[];
let types: ResourceTypes;

const ACME = 'urn:ietf:params:scim:schemas:extension:acme:2.0:User';

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
const TIMES = ['2026-01-31T12:00:00Z', '2026-01-31T14:00:00+02:00', '2026-01-31T11:59:59.5Z', '0999-12-31T23:59:59Z'];
const NUMBERS = [0, -1, 3, 2.5, 1e15];

beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
  const pick = <T>(list: readonly T[], n: number): T => list[n % list.length]!;
  const declared = await declareSchema(s, d, {
    urn: ACME,
    name: 'Acme',
    attributes: [
      { name: 'badge', uniqueness: 'server' },
      { name: 'code', caseExact: true },
      { name: 'level', type: 'integer' },
      { name: 'score', type: 'decimal' },
      { name: 'since', type: 'dateTime' },
      { name: 'remote', type: 'boolean' },
      { name: 'tags', multiValued: true, caseExact: true },
      { name: 'desk', type: 'complex', subAttributes: [{ name: 'floor', type: 'integer' }, { name: 'room' }] },
      { name: 'skills', type: 'complex', multiValued: true, subAttributes: [{ name: 'value' }, { name: 'type' }] },
    ],
  });
  types = typesWith([declared as ExtensionSchema], s.scimUrl);
  users = [];
  const later = newId();
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
    if (n % 4 === 1) {
      const managers = [{ value: users[0].id }, { value: later }, { value: users[0].id, $ref: 'Users/0' }];
      body[ENTERPRISE] = { department: pick(WORDS, n), manager: pick(managers, (n - 1) / 4) };
    }
    if (n % 3 === 1) {
      body[ACME] = {
        badge: `${pick(WORDS, n)}-${n}`,
        ...(n % 2 ? { code: pick(WORDS, n), level: pick(NUMBERS, n) === 2.5 ? 2 : pick(NUMBERS, n) } : {}),
        score: pick(NUMBERS, n),
        since: pick(TIMES, n),
        remote: n % 4 === 0,
        tags: [pick(WORDS, n), pick(WORDS, n + 1)],
        desk: n % 5 ? { floor: n % 4, room: pick(WORDS, n) } : { room: '' },
        skills: [{ value: pick(WORDS, n), type: pick(TYPES, n) }, { value: pick(WORDS, n + 3) }],
      };
    }
    users.push(await d.user(name, body));
  }
  // what a reference leads to may come after it
  const { body: all } = await d.call('GET', '/Users?count=100');
  users = all.Resources;
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

const acmeText = ['badge', 'code', 'tags', 'desk.room', 'skills', 'skills.value', 'skills.type'].map(
  (name) => `${ACME}:${name}`,
);
const COMPARISONS = ['gt', 'ge', 'lt', 'le', 'eq', 'ne'];

const acmeTerm = fc.oneof(
  textTerm([...acmeText, 'badge', 'desk.room']),
  fc
    .constantFrom(...acmeText, ...['level', 'since', 'remote', 'desk', 'tags'].map((name) => `${ACME}:${name}`))
    .map((name) => `${name} pr`),
  fc
    .tuple(
      fc.constantFrom('level', 'score', 'desk.floor'),
      fc.constantFrom(...COMPARISONS),
      fc.constantFrom(...NUMBERS),
    )
    .map(([name, op, value]) => `${ACME}:${name} ${op} ${value}`),
  fc
    .tuple(fc.constantFrom(...COMPARISONS), fc.constantFrom(...TIMES, '2026-01-31T12:00:00'))
    .map(([op, value]) => `${ACME}:since ${op} "${value}"`),
  fc.constantFrom(`${ACME}:remote eq true`, `${ACME}:remote ne true`, `${ACME}:desk[floor gt 1 and room co "a"]`),
  fc
    .tuple(textTerm(['value', 'type']), textTerm(['value', 'type']))
    .map(([a, b]) => `${ACME}:skills[${a} and not (${b})]`),
  fc.tuple(fc.nat(39), fc.constantFrom(...WORDS)).map(([n, word]) => `${ACME}:badge eq ${quoted(`${word}-${n}`)}`),
);

/** Addresses that are ours, nearly ours, and somebody else's. */
const address = (name: string, endpoint: string, ids: () => readonly Json[]) =>
  fc.tuple(fc.constantFrom('eq', 'ne', 'co', 'sw', 'ew', 'gt', 'le'), fc.nat(60), fc.nat(50)).map(([op, n, cut]) => {
    const id = ids()[n % ids().length].id;
    const whole = `${s.scimUrl}${endpoint}/${id}`;
    const values = [
      whole,
      whole.slice(cut),
      `${s.scimUrl}${endpoint}/`,
      `http://other.test${endpoint}/${id}`,
      'Users/0',
    ];
    return `${name} ${op} ${quoted(values[n % values.length]!)}`;
  });

const referenceTerm = fc.oneof(
  address('meta.location', '/Users', () => users),
  address('groups.$ref', '/Groups', () => groups),
  address(`${ENTERPRISE}:manager.$ref`, '/Users', () => users),
  address('manager.$ref', '/Users', () => users),
  textTerm(['manager.displayName', `${ENTERPRISE}:manager.displayName`]),
  fc.constantFrom(
    'manager pr',
    'manager.$ref pr',
    'manager.displayName pr',
    'manager.value pr',
    'meta.location pr',
    'schemas pr',
  ),
  fc.constantFrom(ENTERPRISE, ACME, 'urn:other').map((urn) => `schemas eq "${urn}"`),
  fc.nat(39).map((n) => `manager.value eq "${users[n].id}"`),
  fc.nat(39).map((n) => `manager[value eq "${users[n].id}"]`),
  fc.nat(39).map((n) => `${ENTERPRISE}:manager.value ne "${users[n].id}"`),
  fc.nat(39).map((n) => `emails.value eq ${quoted((users[n].emails?.at(-1)?.value ?? 'none').toUpperCase())}`),
  fc.nat(39).map((n) => `emails[type eq "work"].value eq ${quoted(users[n].emails?.at(-1)?.value ?? 'none')}`),
);

const userTerm = fc.oneof(
  acmeTerm,
  referenceTerm,
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
  address('members.$ref', '/Users', () => users),
  address('meta.location', '/Groups', () => groups),
  fc.constant('meta.resourceType eq "Group"'),
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
        const filter = resolveFilter(types.user, parseFilter(text));
        const { rows } = await listDirectoryUsers(s.t, scope, { filter, offset: 0, limit: 100 }, undefined);
        const expected = users.filter((user) => matches(filter, user, aroundUser(user)));
        expect(rows.map((row) => row.id).sort()).toEqual(expected.map((user) => user.id).sort());
      }),
      { numRuns: 1_500 },
    );
  });

  test('find the same groups', async () => {
    const scope = { orgId: d.org.id, directoryId: d.id };
    await fc.assert(
      fc.asyncProperty(filterOf(groupTerm), async (text) => {
        const filter = resolveFilter(types.group, parseFilter(text));
        const { rows } = await listDirectoryGroups(s.t, scope, { filter, offset: 0, limit: 100 }, undefined);
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
  const manager = users.find((each) => each.id === user[ENTERPRISE]?.manager?.value);
  const own = groups.filter((group) => group.members.some((member: Json) => member.value === user.id));
  return around(
    {
      ...common(user),
      userName: folded(user.userName),
      givenName: folded(user.name?.givenName),
      familyName: folded(user.name?.familyName),
      active: { value: user.active, kind: 'boolean' },
      managerId: exact(manager?.id),
      managerName: folded(manager && (manager.displayName ?? manager.userName)),
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
