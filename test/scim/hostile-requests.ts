// Whole hostile requests as bytes: what a broken client, a broken proxy or an attacker sends to the SCIM service.
import { Dice, NAMES, oddFilter, oddObject, oddText, oddValue } from './hostile-values.ts';
import { ENTERPRISE, GROUP, PATCH, USER } from './scim-setup.ts';

const SEARCH = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';
const NOBODY = '0190b5a0-0000-7000-8000-000000000000';
const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';

export type Target = { readonly token: string; readonly userId: string; readonly groupId: string };

export type HostileRequest = {
  readonly bytes: Buffer;
  readonly method: string;
  /** cut: less comes than was announced, and the sender ends its side; last: nothing can follow on this connection. */
  readonly then: 'go on' | 'last' | 'cut';
};

/** Request number `request` of a seed. */
export function hostileRequest(target: Target, seed: number, request: number): HostileRequest {
  const dice = new Dice(seed, request);
  const { method, path, body } = dice.chance(0.7) ? mutated(dice, target) : wild(dice, target);
  return frame(dice, target, method, path, body);
}

type Draft = { readonly method: string; readonly path: string; readonly body: unknown };

/** A sound request of some kind with one to three harms done to it. */
function mutated(dice: Dice, target: Target): Draft {
  const draft = dice.pick(SOUND)(dice, target);
  if (draft.body === undefined) return draft;
  const body = structuredClone(draft.body) as Record<string, unknown>;
  for (let harms = 1 + dice.below(3); harms > 0; harms -= 1) harm(dice, body);
  return { ...draft, body };
}

type Sound = (dice: Dice, target: Target) => Draft;

const person = (dice: Dice) => ({
  schemas: [USER, ENTERPRISE],
  userName: dice.pick(['hostile', 'Hostile', 'hostile@example.test']),
  externalId: 'h-1',
  name: { givenName: 'H', familyName: 'Ostile' },
  active: true,
  emails: [{ value: 'h@example.test', type: 'work', primary: true }],
  [ENTERPRISE]: { department: 'D', manager: { value: NOBODY } },
});

const SOUND: readonly Sound[] = [
  (dice) => ({ method: 'POST', path: '/Users', body: person(dice) }),
  (dice, { userId }) => ({ method: 'PUT', path: `/Users/${userId}`, body: person(dice) }),
  (_dice, { userId }) => ({
    method: 'POST',
    path: '/Groups',
    body: { schemas: [GROUP], displayName: 'Hostile', members: [{ value: userId }] },
  }),
  (_dice, { groupId, userId }) => ({
    method: 'PUT',
    path: `/Groups/${groupId}`,
    body: { schemas: [GROUP], displayName: 'Target', members: [{ value: userId, type: 'User' }] },
  }),
  (dice, target) => ({ method: 'PATCH', path: `/Users/${target.userId}`, body: patch(dice, target) }),
  (dice, target) => ({ method: 'PATCH', path: `/Groups/${target.groupId}`, body: patch(dice, target) }),
  (dice) => ({
    method: 'POST',
    path: dice.pick(['/.search', '/Users/.search', '/Groups/.search']),
    body: { schemas: [SEARCH], filter: oddFilter(dice), attributes: ['userName'], startIndex: 1, count: 5 },
  }),
  (dice, target) => ({
    method: 'POST',
    path: '/Bulk',
    body: {
      schemas: [BULK],
      failOnErrors: 1,
      Operations: [
        { method: 'POST', path: '/Users', bulkId: 'one', data: person(dice) },
        { method: 'PATCH', path: `/Groups/${target.groupId}`, data: patch(dice, target) },
      ],
    },
  }),
];

function patch(dice: Dice, { userId }: Target): object {
  const operation = () => ({
    op: dice.pick(['add', 'Replace', 'remove']),
    path: dice.pick(['members', 'emails[type eq "work"].value', `members[value eq "${userId}"]`, oddFilter(dice)]),
    value: dice.chance(0.5) ? [{ value: userId }] : oddValue(dice),
  });
  return { schemas: [PATCH], Operations: [operation(), ...dice.times(2, operation)] };
}

/** Changes one place anywhere in a document. */
function harm(dice: Dice, document: Record<string, unknown>): void {
  let place: Record<string, unknown> = document;
  for (let level = dice.below(4); level > 0; level -= 1) {
    const inner = dice.pick(Object.values(place));
    if (typeof inner !== 'object' || inner === null || Object.keys(inner).length === 0) break;
    place = inner as Record<string, unknown>;
  }
  const key = dice.pick(Object.keys(place)) ?? 'x';
  switch (dice.below(6)) {
    case 0:
      delete place[key];
      break;
    case 1:
      place[dice.pick(NAMES)] = oddValue(dice);
      break;
    case 2:
      place[oddText(dice)] = place[key];
      break;
    case 3:
      place[key] = [place[key], place[key]];
      break;
    default:
      place[key] = oddValue(dice);
  }
}

/** Any method at any address with any body. */
function wild(dice: Dice, { userId, groupId }: Target): Draft {
  const method = dice.pick([
    'GET',
    'GET',
    'GET',
    'POST',
    'PUT',
    'PATCH',
    'HEAD',
    'OPTIONS',
    'TRACE',
    'PROPFIND',
    'QUERY',
  ]);
  const piece = () => encodeURIComponent(oddText(dice).toWellFormed().slice(0, 300));
  const id = () => dice.pick([userId, groupId, NOBODY, piece(), '', '..', '%', '%zz', '%c0%80', '%00']);
  const resource = dice.pick([
    'Users',
    'Groups',
    'Agents',
    'AgenticApplications',
    'Schemas',
    'ResourceTypes',
    'Me',
    'Bulk',
    '.search',
    '__proto__',
    'users',
  ]);
  const path = dice.pick([
    `/${resource}`,
    `/${resource}/${id()}`,
    `/${resource}/${id()}/${id()}`,
    '',
    '/',
    '//',
    `/${piece()}`,
  ]);
  const names = ['filter', 'attributes', 'excludedAttributes', 'sortBy', 'sortOrder', 'startIndex', 'count', 'cursor'];
  const value = () => {
    const text = dice.chance(0.6) ? oddFilter(dice) : String(oddValue(dice, 0));
    return dice.chance(0.9)
      ? encodeURIComponent(text.toWellFormed())
      : dice.pick(['%', '%e0%a4%a', '+', '&', '=', '[]=', '#']);
  };
  const query = dice.times(4, () => `${dice.pick([...names, oddName(dice)])}=${value()}`).join('&');
  const takesBody = method === 'POST' || method === 'PUT' || method === 'PATCH';
  return {
    method,
    path: query === '' ? path : `${path}?${query}`,
    body: takesBody ? oddObject(dice) : undefined,
  };
}

const oddName = (dice: Dice) => encodeURIComponent(dice.pick(NAMES));

const TYPES = [
  'application/json',
  'text/plain',
  'application/xml',
  'multipart/form-data; boundary=x',
  '',
  'a/b; charset=utf-7',
];
const SCIM_TYPE = 'application/scim+json';

/** The message: mostly sound HTTP around a hostile content, sometimes broken itself. */
function frame(dice: Dice, { token }: Target, method: string, path: string, body: unknown): HostileRequest {
  const headers = [
    'Host: drawbridge.test',
    `Authorization: Bearer ${dice.chance(0.97) ? token : latin(oddText(dice))}`,
  ];
  if (dice.chance(0.1)) headers.push(oddHeader(dice));
  const start = `${method} /scim/v2${path} HTTP/1.1`;
  // Alone on its connection and without a body: what follows an upgrade that was not granted, Node does not report.
  if (body === undefined && dice.chance(0.02)) {
    return message(method, [start, ...headers, 'Connection: Upgrade', 'Upgrade: websocket'], Buffer.alloc(0), 'last');
  }
  if (body === undefined) return message(method, [start, ...headers], Buffer.alloc(0), 'go on');
  const content = contentOf(dice, body);
  headers.push(`Content-Type: ${dice.chance(0.95) ? SCIM_TYPE : dice.pick(TYPES)}`);
  if (dice.chance(0.8)) {
    return message(method, [start, ...headers, `Content-Length: ${content.length}`], content, 'go on');
  }
  return brokenFrame(dice, method, [start, ...headers], content);
}

function brokenFrame(dice: Dice, method: string, head: string[], content: Buffer): HostileRequest {
  switch (dice.below(8)) {
    case 0:
      return message(method, [...head, `Content-Length: ${content.length + 1 + dice.below(1000)}`], content, 'cut');
    case 1:
      return message(
        method,
        [...head, `Content-Length: ${oddText(dice).replaceAll(/[^\x20-\x7e]/g, '')}`],
        content,
        'cut',
      );
    case 2:
      return message(method, [...head, 'Content-Length: 5', `Content-Length: ${content.length}`], content, 'cut');
    case 3:
      return message(method, [...head, 'Transfer-Encoding: chunked'], chunked(dice, content, true), 'cut');
    case 4:
      return message(
        method,
        [...head, 'Transfer-Encoding: chunked', 'Content-Length: 3'],
        chunked(dice, content, false),
        'cut',
      );
    case 5:
      return message(method, [...head, 'Transfer-Encoding: gzip, x'], content, 'cut');
    case 6:
      return message(
        method,
        [...head, 'Content-Encoding: gzip', `Content-Length: ${content.length}`],
        content,
        'go on',
      );
    default:
      return message(method, [...head, 'Transfer-Encoding: chunked'], chunked(dice, content, false), 'go on');
  }
}

function message(
  method: string,
  head: readonly string[],
  content: Buffer,
  then: HostileRequest['then'],
): HostileRequest {
  return { method, bytes: Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), content]), then };
}

/** The content in chunks of any size; broken = it ends somewhere, or a size is no number. */
function chunked(dice: Dice, content: Buffer, isBroken: boolean): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < content.length; ) {
    const size = Math.min(1 + dice.below(200), content.length - at);
    parts.push(Buffer.from(`${size.toString(16)}\r\n`), content.subarray(at, at + size), Buffer.from('\r\n'));
    at += size;
  }
  const whole = Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
  if (!isBroken) return whole;
  return dice.chance(0.5) ? whole.subarray(0, dice.below(whole.length)) : Buffer.concat([Buffer.from('zz\r\n'), whole]);
}

/** JSON text of the document, mostly; with lone surrogates as they are, cut, flipped or in another encoding. */
function contentOf(dice: Dice, body: unknown): Buffer {
  const text = JSON.stringify(body);
  if (dice.chance(0.75)) return Buffer.from(text);
  switch (dice.below(9)) {
    case 0:
      return Buffer.from(text.slice(0, dice.below(text.length)));
    case 1:
      return Buffer.from(text, 'utf16le');
    case 2:
      return Buffer.from(`\ufeff${text}`);
    case 3:
      return Buffer.concat([Buffer.from(text), Buffer.from([0xc0, 0x80, 0xff])]);
    case 4:
      return Buffer.from(text.replaceAll(/"[a-z]+"/gi, (name) => (dice.chance(0.2) ? '"__proto__"' : name)));
    case 5:
      return Buffer.from(dice.pick(['', 'null', '[]', '"x"', '1', '{', '{}{}', '{"a":}', '//', '{"a":1,"a":2}']));
    case 6:
      return Buffer.from(`${'['.repeat(dice.pick([10, 100, 10_000]))}${text}`);
    case 7:
      return Buffer.from(text.replace(/true|false|\d+/, () => '9'.repeat(dice.pick([20, 400, 5000]))));
    default: {
      const bytes = Buffer.from(text);
      for (let flips = 1 + dice.below(4); flips > 0; flips -= 1) bytes[dice.below(bytes.length)] = dice.below(256);
      return bytes;
    }
  }
}

function oddHeader(dice: Dice): string {
  switch (dice.below(8)) {
    case 0:
      return `X-Large: ${'x'.repeat(dice.pick([1_000, 8_000, 17_000, 70_000]))}`;
    case 1:
      return Array.from({ length: dice.pick([10, 100, 3000]) }, (_, number) => `X-${number}: 1`).join('\r\n');
    case 2:
      return `${dice.pick(['If-Match', 'If-None-Match'])}: ${latin(oddText(dice))}`;
    case 3:
      return `X-Request-Id: ${latin(oddText(dice))}`;
    case 4:
      return `Expect: ${dice.pick(['100-continue', 'miracles'])}`;
    case 5:
      return `Accept: ${latin(oddText(dice))}`;
    case 6:
      return `Bad Name: x`;
    default:
      return `X-Odd: ${latin(oddText(dice))}`;
  }
}

/** What a header can carry at all; the rest would end it. */
function latin(text: string): string {
  return Buffer.from(text.slice(0, 2_000), 'utf8')
    .toString('latin1')
    .replaceAll(/[\r\n]/g, ' ');
}
