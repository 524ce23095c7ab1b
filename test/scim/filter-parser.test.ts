// Filters of RFC 7644 section 3.4.2.2, and as the directories write them.
import { describe, expect, test } from 'vitest';
import type { FilterNode } from '../../scim/filter/filter.ts';
import { parseFilter, parsePatchPath } from '../../scim/filter/parser.ts';
import { resolveFilter } from '../../scim/filter/resolve.ts';
import { GROUP_TYPE } from '../../scim/schema/group-schema.ts';
import { USER_TYPE } from '../../scim/schema/user-schema.ts';
import { DomainError } from '../../src/errors.ts';

const compare = (name: string, op: string, text: string, quoted = true) =>
  ({ kind: 'compare', name, op, value: { text, quoted } }) as FilterNode;

const READ: readonly [string, FilterNode][] = [
  ['userName eq "bjensen"', compare('userName', 'eq', 'bjensen')],
  ['USERNAME EQ "bjensen"', compare('USERNAME', 'eq', 'bjensen')],
  ['title pr', { kind: 'present', name: 'title' }],
  ['active eq true', compare('active', 'eq', 'true', false)],
  ['externalId eq jyoung', compare('externalId', 'eq', 'jyoung', false)],
  ['externalId eq 4f1-a@b.c', compare('externalId', 'eq', '4f1-a@b.c', false)],
  ['meta.lastModified gt 2011-05-13T04:42:34Z', compare('meta.lastModified', 'gt', '2011-05-13T04:42:34Z', false)],
  ['userName eq "a \\"b\\" \\\\ \\u00e9"', compare('userName', 'eq', 'a "b" \\ é')],
  ['userName eq ""', compare('userName', 'eq', '')],
  ['  userName   eq   "x"  ', compare('userName', 'eq', 'x')],
  [
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "26"',
    compare('urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager', 'eq', '26'),
  ],
  [
    'a eq "1" or b eq "2" and c eq "3"',
    {
      kind: 'or',
      of: [compare('a', 'eq', '1'), { kind: 'and', of: [compare('b', 'eq', '2'), compare('c', 'eq', '3')] }],
    },
  ],
  [
    '(a eq "1" or b eq "2") and not (c pr)',
    {
      kind: 'and',
      of: [
        { kind: 'or', of: [compare('a', 'eq', '1'), compare('b', 'eq', '2')] },
        { kind: 'not', of: { kind: 'present', name: 'c' } },
      ],
    },
  ],
  ['not(a pr)', { kind: 'not', of: { kind: 'present', name: 'a' } }],
  ['emails[type eq "work"]', { kind: 'element', name: 'emails', of: compare('type', 'eq', 'work') }],
  [
    'emails[type eq "work"].value eq "a@b"',
    {
      kind: 'element',
      name: 'emails',
      of: { kind: 'and', of: [compare('type', 'eq', 'work'), compare('value', 'eq', 'a@b')] },
    },
  ],
  ['notes eq "x"', compare('notes', 'eq', 'x')],
];

describe('a filter', () => {
  test.each(READ)('reads %s', (text, tree) => {
    expect(parseFilter(text)).toEqual(tree);
  });

  test.each([
    '',
    'userName',
    'userName eq',
    'userName is "x"',
    'userName eq "x',
    'userName eq "x\\"',
    'userName eq "\\q"',
    '(userName eq "x"',
    'userName eq "x")',
    'userName eq "x" and',
    'and userName pr',
    'not userName pr',
    'emails[type eq "work"',
    'emails[]',
    'emails[type eq "work"].value',
    'userName eq "x" userName eq "y"',
    'userName eq "a\u0000b"',
    'userName eq "\\ud800"',
    '"userName" eq "x"',
    '1 eq 1',
  ])('refuses %j, with the place and the reason', (text) => {
    expect(refusal(() => parseFilter(text))).toMatchObject({
      code: 'invalid_filter',
      message: expect.stringMatching(/character \d+/),
    });
  });

  test('is bounded in length and in depth, and long chains cost no depth', () => {
    const chain = Array.from({ length: 600 }, (_, n) => `a eq ${n}`).join(' or ');
    expect(parseFilter(chain)).toMatchObject({ kind: 'or' });
    expect(refusal(() => parseFilter(`${chain} or ${chain}`))).toMatchObject({
      code: 'too_many',
      message: expect.stringMatching(/longer than 8192/),
    });
    const nested = (depth: number) => `${'('.repeat(depth)}a pr${')'.repeat(depth)}`;
    expect(parseFilter(nested(20))).toEqual({ kind: 'present', name: 'a' });
    expect(refusal(() => parseFilter(nested(21))).message).toMatch(/nested deeper/);
  });
});

describe('names in a filter', () => {
  test.each([
    'shoeSize eq "1"',
    'name.shoeSize pr',
    'emails.shoe pr',
    'emails[shoe eq "x"]',
    'name eq "x"',
    'userName[value eq "x"]',
    'name[shoe eq "x"]',
    'active co "t"',
    'active gt true',
    'active eq 7',
    'meta.created eq "yesterday"',
    'meta.created co "2020"',
    'meta.location eq "x"',
    'password eq "x"',
    'department.name eq "x"',
    'urn:example:other:userName eq "x"',
    'userName gt null',
    '__proto__ eq "x"',
    'constructor pr',
  ])('%s is refused, never taken for all or none', (text) => {
    expect(refusal(() => resolveFilter(USER_TYPE, parseFilter(text)))).toMatchObject({ code: 'invalid_filter' });
  });

  test('lead to stored keys where there are some', () => {
    const resolved = (text: string) => resolveFilter(USER_TYPE, parseFilter(text));
    expect(resolved('USERNAME eq "X"')).toEqual({ op: 'eq', target: { column: 'userName' }, value: 'X' });
    expect(resolved('urn:ietf:params:scim:schemas:core:2.0:User:externalId eq 7')).toMatchObject({
      target: { column: 'externalId' },
      value: '7',
    });
    expect(resolveFilter(GROUP_TYPE, parseFilter('id eq "X" and members eq "Y"'))).toEqual({
      op: 'and',
      of: [
        { op: 'eq', target: { column: 'id' }, value: 'X' },
        { op: 'some', in: 'members', where: { op: 'eq', target: { column: 'value' }, value: 'Y' } },
      ],
    });
  });
});

describe('a PATCH path', () => {
  test.each([
    ['userName', { name: 'userName', filter: undefined, sub: undefined }],
    ['name.givenName', { name: 'name.givenName', filter: undefined, sub: undefined }],
    ['emails[type eq "other"].Value', { name: 'emails', filter: compare('type', 'eq', 'other'), sub: 'Value' }],
    ['members[value eq "1"]', { name: 'members', filter: compare('value', 'eq', '1'), sub: undefined }],
  ])('reads %s', (text, path) => {
    expect(parsePatchPath(text)).toEqual(path);
  });

  test.each([
    '',
    ' ',
    'emails[',
    'emails[type eq "x"',
    'emails[type eq "x"].',
    'emails[type eq "x"]value',
    'a b',
    '/a/b',
  ])('refuses %j', (text) => {
    expect(refusal(() => parsePatchPath(text))).toMatchObject({ code: 'invalid_path' });
  });
});

function refusal(work: () => unknown): DomainError {
  try {
    work();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
