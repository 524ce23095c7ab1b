// Hostile pieces for requests, chosen by a seeded generator: the same seed and number give the same bytes again, so a
// request that does harm can be sent alone.

/** Numbers of one request (mulberry32, a public-domain generator); equal seeds give equal numbers. */
export class Dice {
  #state: number;

  constructor(seed: number, request: number) {
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(request + 1, 0xc2b2ae35);
  }

  /** At least 0, below 1. */
  roll(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.roll() * end);
  }

  chance(share: number): boolean {
    return this.roll() < share;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  times<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make);
  }
}

const TEXTS = [
  ...['', ' ', 'a', 'True', 'false', 'null', '0', '-1', '1e400', 'NaN', '%', '_', '\\', '"', "'", '$1', '{}', '[]'],
  ...[
    '\u0000',
    'a\u0000b',
    '\ud800',
    '\udfff',
    'x\ud83d',
    '\u202e',
    '\ufeff',
    '\u2028',
    'ﬀ',
    'İ',
    'ß',
    'e\u0301',
    '🧑‍💻',
  ],
  // objects as texts
  ...['{"value":', '{"__proto__":{"value":"a"}}', ' {"value":{"value":[{}]},"active":"False"}', '{"constructor":null}'],
  ...['{"title":"a\\u0000b"}', '{"value":"\\ud800"}', '{"members":[{"value":7}],"id":"a"}', '{"a":'.repeat(10_000)],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '../../etc/passwd', '<script>', '#{7*7}'],
  ...[
    "'; drop table member; --",
    '2026-13-45T99:99:99Z',
    '2026-01-01T00:00:00Z',
    '00000000-0000-0000-0000-000000000000',
  ],
  ...['urn:', 'urn:ietf:params:scim:schemas:core:2.0:User', 'W/"1"', '*', '\r\nX-Evil: 1', '\u0007', '\ufffe'],
] as const;

const NUMBERS = [0, -0, 1, -1, 1.5, 2 ** 31, 2 ** 53, 2 ** 53 + 2, -(2 ** 63), 1e308, -1e308, 5e-324, 1e21] as const;

export const NAMES = [
  ...['schemas', 'id', 'externalId', 'userName', 'USERNAME', 'active', 'name', 'displayName', 'emails', 'phoneNumbers'],
  ...[
    'addresses',
    'ims',
    'photos',
    'roles',
    'entitlements',
    'groups',
    'members',
    'meta',
    'password',
    'x509Certificates',
  ],
  ...[
    'title',
    'locale',
    'timezone',
    'profileUrl',
    'userType',
    'nickName',
    'preferredLanguage',
    'manager',
    'department',
  ],
  ...[
    'name.givenName',
    'name.familyName',
    'emails.value',
    'emails.type',
    'members.value',
    'manager.value',
    'meta.created',
  ],
  ...['value', 'type', 'primary', 'display', '$ref', 'ref', '__proto__', 'constructor', 'toString', 'shoeSize', ''],
  ...['Operations', 'op', 'path', 'filter', 'startIndex', 'count', 'cursor', 'sortBy', 'attributes', 'failOnErrors'],
  'urn:ietf:params:scim:schemas:core:2.0:User:userName',
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager',
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value',
  'urn:ietf:params:scim:schemas:core:2.0:Group:members',
  'urn:ietf:params:scim:schemas:extension:none:2.0:User',
  'urn:x',
] as const;

/** A text that nobody should send. */
export function oddText(dice: Dice): string {
  switch (dice.below(8)) {
    case 0:
      return dice.pick(TEXTS).repeat(1 + dice.below(60));
    case 1:
      return String.fromCharCode(...Array.from({ length: dice.below(12) }, () => dice.below(0x10000)));
    case 2:
      return 'x'.repeat(dice.pick([255, 256, 1024, 65_536, 65_537]));
    case 3:
      return dice.pick(NAMES);
    default:
      return dice.pick(TEXTS);
  }
}

/** Any JSON value, `depth` levels deep at most; now and then one that is far deeper. */
export function oddValue(dice: Dice, depth = 3): unknown {
  const kind = dice.below(depth > 0 ? 12 : 7);
  if (kind < 3) return oddText(dice);
  if (kind === 3) return dice.pick(NUMBERS);
  if (kind === 4) return dice.pick([null, true, false]);
  if (kind === 5) return dice.pick<unknown>([[], {}, [[]], [null], [{}], { '': '' }]);
  if (kind === 6) return dice.chance(0.05) ? deep(dice, dice.pick([20, 63, 64, 65, 500])) : oddText(dice);
  if (kind < 9) return dice.times(4, () => oddValue(dice, depth - 1));
  return oddObject(dice, depth - 1);
}

/** An object under names that mean something, or nothing, or harm. */
export function oddObject(dice: Dice, depth = 3): Record<string, unknown> {
  const entries = dice.times(5, () => [dice.chance(0.8) ? dice.pick(NAMES) : oddText(dice), oddValue(dice, depth)]);
  return Object.fromEntries(entries);
}

function deep(dice: Dice, levels: number): unknown {
  let value: unknown = dice.pick(TEXTS);
  for (let level = 0; level < levels; level += 1) value = dice.chance(0.5) ? [value] : { a: value };
  return value;
}

const OPERATORS = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le', 'EQ', 'pr', 'regex', '', '=='] as const;
const SCRAPS = [
  '(',
  ')',
  '[',
  ']',
  ' and ',
  ' or ',
  ' not ',
  'not (',
  '"',
  '\\',
  '.',
  ':',
  ' ',
  '\t',
  ',',
  '%',
  '\u0000',
];

/** A filter: sound, nearly sound, noise, or one that would cost a careless evaluator for ever. */
export function oddFilter(dice: Dice): string {
  switch (dice.below(6)) {
    case 0:
      return dice.times(14, () => (dice.chance(0.5) ? dice.pick(SCRAPS) : dice.pick(NAMES))).join('');
    case 1:
      return greedyFilter(dice);
    case 2:
      return `${dice.pick(NAMES)}[${comparison(dice)} ${dice.pick(['and', 'or', ''])} ${comparison(dice)}]${dice.pick(['', '.value', '.', '].x', ' pr'])}`;
    case 3:
      return `${dice.pick(['not ', 'not', ''])}(${comparison(dice)}) ${dice.pick(['and', 'or', 'xor'])} ${oddText(dice)}`;
    default:
      return dice.times(4, () => comparison(dice)).join(dice.pick([' and ', ' or ', ' and not ', '  ']));
  }
}

function comparison(dice: Dice): string {
  const value = dice.chance(0.7) ? JSON.stringify(oddValue(dice, 1)) : oddText(dice);
  return `${dice.pick(NAMES)} ${dice.pick(OPERATORS)} ${value}`;
}

/** What becomes exponential where an expression is expanded, copied or read again from every place. */
function greedyFilter(dice: Dice): string {
  const size = dice.pick([8, 32, 200, 1_000]);
  const either = '(userName eq "a" or externalId eq "b")';
  switch (dice.below(7)) {
    case 0:
      return Array.from({ length: size }, () => either).join(' and ');
    case 1:
      return `${'('.repeat(size)}userName pr${')'.repeat(dice.chance(0.5) ? size : size - 1)}`;
    case 2:
      return `${'not ('.repeat(size)}userName pr${')'.repeat(size)}`;
    case 3:
      return `userName co "${'a'.repeat(size)}${'\\\\'.repeat(size)}`;
    case 4:
      return `userName ${dice.pick(['co', 'ew', 'sw'])} "${'%a_'.repeat(size)}"`;
    case 5:
      return `emails[${Array.from({ length: size }, () => 'type eq "work"').join(' or ')}]`;
    default:
      return `${'emails['.repeat(size)}type eq "a"${']'.repeat(size)}`;
  }
}
