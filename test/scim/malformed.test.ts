// Whatever is sent, the answer is the sender's fault or it worked: no 5xx, no crash, nothing half done.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENTERPRISE, GROUP, PATCH, type ScimSetup, setupScim, type TestDirectory, USER } from './scim-setup.ts';

const RUNS = Number(process.env.MALFORMED_RUNS ?? 150);

let s: ScimSetup;
let d: TestDirectory;
let userId: string;
let groupId: string;
beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
  userId = (await d.user('target', { emails: [{ value: 'a@b.test', type: 'work' }] })).id;
  groupId = (await d.group('target', [userId])).id;
});
afterAll(() => s[Symbol.asyncDispose]());

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    ' ',
    'True',
    '\u0000',
    '\ud800',
    '\u202e',
    '__proto__',
    'constructor',
    1e308,
    -0,
    2 ** 53,
    [],
    {},
    [[]],
    [null],
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.jsonValue({ maxDepth: 3 }),
);

const key = fc.constantFrom(
  ...['schemas', 'id', 'externalId', 'userName', 'USERNAME', 'active', 'name', 'emails', 'roles', 'groups', 'meta'],
  ...['members', 'displayName', 'password', '__proto__', 'constructor', 'toString', 'shoeSize', 'x509Certificates'],
  ...[
    ENTERPRISE,
    USER,
    GROUP,
    'urn:x',
    '',
    'name.givenName',
    `${ENTERPRISE}:manager`,
    'value',
    'type',
    'primary',
    '$ref',
  ],
);

const body = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, odd, tie('object'), fc.array(tie('value'), { maxLength: 3 })),
  object: fc.dictionary(key, tie('value'), { maxKeys: 5 }),
})).object;

const name = fc.constantFrom(
  'userName',
  'emails',
  'emails.value',
  'active',
  'members',
  'meta.created',
  'id',
  'groups',
  'x',
  ENTERPRISE,
  '',
);
const scrap = fc.oneof(
  name,
  fc.constantFrom(
    ' eq ',
    ' co ',
    ' pr',
    '(',
    ')',
    '[',
    ']',
    ' and ',
    ' or ',
    'not ',
    '"',
    '\\',
    '.',
    ':',
    'null',
    'true',
    '"a"',
    '%',
    '\u0000',
  ),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const filter = fc.oneof(
  fc.array(scrap, { maxLength: 12 }).map((scraps) => scraps.join('')),
  fc
    .tuple(name, fc.constantFrom('eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'), odd)
    .map(([left, op, value]) => `${left} ${op} ${JSON.stringify(value)}`),
);

const operation = fc.record(
  {
    op: fc.oneof(fc.constantFrom('add', 'Replace', 'remove'), odd),
    path: fc.oneof(filter, key, odd),
    value: fc.oneof(odd, body),
  },
  { requiredKeys: [] },
);

async function expectAnswer(method: string, path: string, raw: string | undefined): Promise<void> {
  const answer = await d.call(method, path, undefined, raw === undefined ? {} : { raw });
  expect(answer.status, `${method} ${path} ${raw}: ${JSON.stringify(answer.body)}`).toBeLessThan(500);
}

const hard = (property: fc.IAsyncProperty<[string] | [unknown] | [string, string] | [unknown[]]>) =>
  fc.assert(property as fc.IAsyncProperty<unknown>, { numRuns: RUNS });

describe('no answer is a fault of ours', () => {
  test('to any body of a user or a group', () =>
    hard(
      fc.asyncProperty(body, async (value) => {
        const raw = JSON.stringify(value);
        await expectAnswer('POST', '/Users', JSON.stringify({ userName: `n${Math.random()}`, ...(value as object) }));
        await expectAnswer('PUT', `/Users/${userId}`, raw);
        await expectAnswer('POST', '/Groups', raw);
        await expectAnswer('PUT', `/Groups/${groupId}`, raw);
        await expectAnswer('POST', '/.search', raw);
      }),
    ));

  test('to any PATCH', () =>
    hard(
      fc.asyncProperty(fc.array(operation, { maxLength: 3 }), async (Operations) => {
        const raw = JSON.stringify({ schemas: [PATCH], Operations });
        await expectAnswer('PATCH', `/Users/${userId}`, raw);
        await expectAnswer('PATCH', `/Groups/${groupId}`, raw);
      }),
    ));

  test('to any query', () =>
    hard(
      fc.asyncProperty(filter, filter, async (asked, other) => {
        const query = new URLSearchParams({ filter: asked.toWellFormed(), attributes: other.toWellFormed() });
        await expectAnswer('GET', `/Users?${query}`, undefined);
        await expectAnswer('GET', `/Groups?${query}`, undefined);
        await expectAnswer('GET', `/Users?sortBy=${encodeURIComponent(other.toWellFormed())}`, undefined);
        await expectAnswer('GET', `/Users?startIndex=${encodeURIComponent(other.toWellFormed())}`, undefined);
      }),
    ));

  test('to a body cut anywhere', () =>
    hard(
      fc.asyncProperty(fc.nat(200), async (at) => {
        const raw = JSON.stringify({
          schemas: [USER],
          userName: 'cut',
          name: { givenName: 'é"\\' },
          emails: [{ value: 'x' }],
        });
        await expectAnswer('PUT', `/Users/${userId}`, raw.slice(0, at % raw.length));
      }),
    ));
});
