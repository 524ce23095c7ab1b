// Law 5 on the wire: an id of another organization, or of another directory of the same one, is answered in every place
// where an id can stand exactly as an id that exists nowhere; byte for byte, apart from the request's own id and times.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/ids.ts';
import type { Json } from '../support/server.ts';
import { ENTERPRISE, GROUP, PATCH, type ScimSetup, setupScim, type TestDirectory, USER } from './scim-setup.ts';

const SEARCH = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';
const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';
const AGENT = 'urn:ietf:params:scim:schemas:core:2.0:Agent';
const MANAGER = `${ENTERPRISE}:manager`;

let s: ScimSetup;
let own: TestDirectory;
/** Those whose things must not be seen: a directory beside ours, and one of another organization. */
let others: {
  readonly name: string;
  readonly directory: TestDirectory;
  readonly user: Json;
  readonly group: Json;
  readonly agent: Json;
}[];

beforeAll(async () => {
  s = await setupScim();
  own = await s.directory();
  const make = async (name: string, directory: TestDirectory) => {
    const boss = await directory.user(`boss-${name}`);
    const user = await directory.user(`hidden-${name}`, {
      externalId: `external-${name}`,
      [ENTERPRISE]: { manager: { value: boss.id }, department: 'Hidden' },
    });
    const group = await directory.group(`Hidden ${name}`, [user.id, boss.id]);
    const agent = (await directory.call('POST', '/Agents', agentBody(`hidden-${name}`))).body;
    return { name, directory, user, group, agent };
  };
  others = [
    await make('another organization', await s.directory()),
    await make('a directory of the same organization', await s.directory({ org: own.org })),
  ];
});
afterAll(() => s[Symbol.asyncDispose]());

type Own = { readonly user: string; readonly group: string; readonly userName: string };
type Request = {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
};
type Place = readonly [name: string, request: (id: string, own: Own) => Request];

const asQuery = (filter: string) => `filter=${encodeURIComponent(filter)}`;
const search = (resource: string, filter: (id: string, own: Own) => string): Place => [
  `filter of ${resource}: ${filter('ID', { user: 'OWN', group: 'OWN', userName: 'OWN' })}`,
  (id, mine) => ({ method: 'GET', path: `/${resource}?${asQuery(filter(id, mine))}` }),
];
const patch = (on: 'user' | 'group', name: string, operation: (id: string, own: Own) => object): Place => [
  `patch of a ${on}: ${name}`,
  (id, mine) => ({
    method: 'PATCH',
    path: on === 'user' ? `/Users/${mine.user}` : `/Groups/${mine.group}`,
    body: { schemas: [PATCH], Operations: [operation(id, mine)] },
  }),
];
const bulk = (name: string, operation: (id: string, own: Own) => object): Place => [
  `bulk: ${name}`,
  (id, mine) => ({ method: 'POST', path: '/Bulk', body: { schemas: [BULK], Operations: [operation(id, mine)] } }),
];

const user = (userName: string, more: object = {}) => ({ schemas: [USER, ENTERPRISE], userName, ...more });
const group = (members: readonly object[], displayName = 'Hidden') => ({ schemas: [GROUP], displayName, members });
const agentBody = (name: string) => ({ schemas: [AGENT], name, externalId: name });
const BODIES: Readonly<Record<string, object>> = {
  Users: user('taken'),
  Groups: group([]),
  Agents: agentBody('taken'),
  AgenticApplications: { name: 'taken' },
};
const set = { op: 'replace', path: 'displayName', value: 'Taken over' };

const ADDRESSES: readonly Place[] = Object.keys(BODIES).flatMap((resource): Place[] => [
  [`GET ${resource}`, (id) => ({ method: 'GET', path: `/${resource}/${id}` })],
  [`GET ${resource}, some attributes`, (id) => ({ method: 'GET', path: `/${resource}/${id}?attributes=id,members` })],
  [
    `GET ${resource} if it changed`,
    (id) => ({ method: 'GET', path: `/${resource}/${id}`, headers: { 'if-none-match': 'W/"1"' } }),
  ],
  [`PUT ${resource}`, (id) => ({ method: 'PUT', path: `/${resource}/${id}`, body: BODIES[resource] })],
  [
    `PUT ${resource}, badly`,
    (id) => ({ method: 'PUT', path: `/${resource}/${id}`, body: { schemas: [USER], userName: 7 } }),
  ],
  [
    `PATCH ${resource}`,
    (id) => ({ method: 'PATCH', path: `/${resource}/${id}`, body: { schemas: [PATCH], Operations: [set] } }),
  ],
  [
    `PATCH ${resource}, nothing to do`,
    (id) => ({ method: 'PATCH', path: `/${resource}/${id}`, body: { schemas: [PATCH], Operations: [] } }),
  ],
  [
    `PATCH ${resource} of a version`,
    (id) => ({
      method: 'PATCH',
      path: `/${resource}/${id}`,
      body: { schemas: [PATCH], Operations: [set] },
      headers: { 'if-match': 'W/"1"' },
    }),
  ],
  [
    `PATCH ${resource} of a wrong version`,
    (id) => ({
      method: 'PATCH',
      path: `/${resource}/${id}`,
      body: { schemas: [PATCH], Operations: [set] },
      headers: { 'if-match': 'W/"999"' },
    }),
  ],
  [`DELETE ${resource}`, (id) => ({ method: 'DELETE', path: `/${resource}/${id}` })],
  [
    `DELETE ${resource} of a wrong version`,
    (id) => ({ method: 'DELETE', path: `/${resource}/${id}`, headers: { 'if-match': 'W/"999"' } }),
  ],
]);

const FILTERS: readonly Place[] = [
  search('Users', (id) => `id eq "${id}"`),
  search('Users', (id, { userName }) => `id ne "${id}" and userName eq "${userName}"`),
  search('Users', (id, mine) => `id eq "${mine.user}" and manager eq "${id}"`),
  search('Users', (id) => `manager eq "${id}"`),
  search('Users', (id) => `${MANAGER}.value eq "${id}"`),
  search('Users', (id) => `groups eq "${id}"`),
  search('Users', (id) => `groups.value eq "${id}"`),
  search('Users', (id) => `groups[value eq "${id}"]`),
  search('Users', (id) => `not (groups.value eq "${id}") and userName eq "nobody"`),
  search('Users', (id) => `meta.location ew "${id}"`),
  search('Groups', (id) => `id eq "${id}"`),
  search('Agents', (id) => `id eq "${id}" or meta.location ew "${id}"`),
  search('Groups', (id) => `members eq "${id}"`),
  search('Groups', (id) => `members.value eq "${id}"`),
  search('Groups', (id) => `members[value eq "${id}"]`),
  search('Groups', (id, mine) => `id eq "${mine.group}" and members eq "${id}"`),
  [
    'filter of a search request',
    (id) => ({ method: 'POST', path: '/.search', body: { schemas: [SEARCH], filter: `id eq "${id}"` } }),
  ],
];

const USER_BODIES: readonly Place[] = [
  [
    'manager of a new user',
    (id, { userName }) => ({
      method: 'POST',
      path: '/Users',
      body: user(`${userName}-new`, { [ENTERPRISE]: { manager: { value: id } } }),
    }),
  ],
  [
    'id of a new user',
    (id, { userName }) => ({
      method: 'POST',
      path: '/Users',
      body: user(`${userName}-new`, { id, groups: [{ value: id }] }),
    }),
  ],
  [
    'manager, by PUT',
    (id, mine) => ({
      method: 'PUT',
      path: `/Users/${mine.user}`,
      body: user(mine.userName, { [ENTERPRISE]: { manager: { value: id, $ref: `../Users/${id}` } } }),
    }),
  ],
  ['id, by PUT', (id, mine) => ({ method: 'PUT', path: `/Users/${mine.user}`, body: user(mine.userName, { id }) })],
  [
    'groups, by PUT',
    (id, mine) => ({
      method: 'PUT',
      path: `/Users/${mine.user}`,
      body: user(mine.userName, { groups: [{ value: id }] }),
    }),
  ],
  patch('user', 'manager as an object', (id) => ({ op: 'add', path: MANAGER, value: { value: id } })),
  patch('user', 'manager as a text', (id) => ({ op: 'replace', path: MANAGER, value: id })),
  patch('user', 'manager as a list', (id) => ({ op: 'Replace', path: MANAGER, value: [{ $ref: null, value: id }] })),
  patch('user', 'manager.value', (id) => ({ op: 'replace', path: `${MANAGER}.value`, value: id })),
  patch('user', 'without a path', (id) => ({ op: 'replace', value: { [MANAGER]: id } })),
  patch('user', 'id', (id) => ({ op: 'replace', path: 'id', value: id })),
  patch('user', 'groups', (id) => ({ op: 'add', path: 'groups', value: [{ value: id }] })),
  patch('user', 'path of groups', (id) => ({ op: 'remove', path: `groups[value eq "${id}"]` })),
];

const GROUP_BODIES: readonly Place[] = [
  [
    'member of a new group',
    (id, { userName }) => ({ method: 'POST', path: '/Groups', body: group([{ value: id }], `${userName}-new`) }),
  ],
  [
    'member of a new group, as a group',
    (id, { userName }) => ({
      method: 'POST',
      path: '/Groups',
      body: group([{ value: id, type: 'Group' }], `${userName}-new`),
    }),
  ],
  [
    'members, by PUT',
    (id, mine) => ({
      method: 'PUT',
      path: `/Groups/${mine.group}`,
      body: group([{ value: mine.user }, { value: id }], mine.userName),
    }),
  ],
  patch('group', 'add members', (id) => ({ op: 'add', path: 'members', value: [{ value: id, $ref: null }] })),
  patch('group', 'add members without a path', (id) => ({ op: 'add', value: { members: [{ value: id }] } })),
  patch('group', 'add among own', (id, mine) => ({
    op: 'Add',
    path: 'members',
    value: [{ value: mine.user }, { value: id }],
  })),
  patch('group', 'replace members', (id) => ({ op: 'replace', path: 'members', value: [{ value: id }] })),
  patch('group', 'remove by a path', (id) => ({ op: 'remove', path: `members[value eq "${id}"]` })),
  patch('group', 'remove by values', (id) => ({ op: 'Remove', path: 'members', value: [{ value: id }] })),
  patch('group', 'display of a member', (id) => ({
    op: 'replace',
    path: `members[value eq "${id}"].display`,
    value: 'x',
  })),
  patch('group', 'id without a path', (id) => ({ op: 'replace', value: { id, displayName: `Renamed ${id}` } })),
];

const BULKS: readonly Place[] = [
  bulk('delete a user', (id) => ({ method: 'DELETE', path: `/Users/${id}` })),
  bulk('delete a group', (id) => ({ method: 'DELETE', path: `/Groups/${id}` })),
  bulk('delete an agent', (id) => ({ method: 'DELETE', path: `/Agents/${id}` })),
  bulk('patch a group', (id) => ({
    method: 'PATCH',
    path: `/Groups/${id}`,
    data: { schemas: [PATCH], Operations: [set] },
  })),
  bulk('replace a user', (id) => ({ method: 'PUT', path: `/Users/${id}`, version: 'W/"1"', data: user('bulk') })),
  bulk('member of a group', (id, { userName }) => ({
    method: 'POST',
    path: '/Groups',
    bulkId: 'g',
    data: group([{ value: id }], `${userName}-new`),
  })),
  bulk('as a bulkId', (id) => ({
    method: 'POST',
    path: '/Groups',
    bulkId: 'g',
    data: group([{ value: `bulkId:${id}` }], 'By bulkId'),
  })),
  bulk('in a path as a bulkId', (id) => ({ method: 'DELETE', path: `/Users/bulkId:${id}` })),
];

const PLACES = [...ADDRESSES, ...FILTERS, ...USER_BODIES, ...GROUP_BODIES, ...BULKS];

let probes = 0;

/** What comes back, and what is there afterwards, with everything that must differ taken out. */
async function probe(place: Place, id: string): Promise<string> {
  probes += 1;
  const userName = `probe-${String(probes).padStart(6, '0')}`;
  const mine = { user: (await own.user(userName)).id, group: (await own.group(userName)).id, userName };
  const request = place[1](id, mine);
  const requestId = `tenant-${String(probes).padStart(6, '0')}`;
  const headers = { ...request.headers, 'x-request-id': requestId };
  const answer = await own.call(request.method, request.path, request.body, { headers });
  expect(answer.status, `${place[0]}: ${JSON.stringify(answer.body)}`).toBeLessThan(500);
  const after = [await own.call('GET', `/Users/${mine.user}`), await own.call('GET', `/Groups/${mine.group}`)];
  const seen = [answer, ...after].map(({ status, headers: sent, body }) => {
    const { date: _date, 'content-length': _length, ...rest } = Object.fromEntries(sent);
    return JSON.stringify([status, rest, body], null, 1);
  });
  return seen
    .join('\n')
    .replaceAll(id, '<the id>')
    .replaceAll(userName, '<own name>')
    .replaceAll(requestId, '<request>')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<an id>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<a time>');
}

describe.each([0, 1])('whose: %i', (which) => {
  test.each(PLACES)('%s', async (...place) => {
    const { directory, user: hiddenUser, group: hiddenGroup, agent: hiddenAgent } = others[which]!;
    const nowhere = await probe(place, newId());
    for (const hidden of [hiddenUser, hiddenGroup, hiddenAgent]) expect(await probe(place, hidden.id)).toBe(nowhere);
    expect((await directory.call('GET', `/Users/${hiddenUser.id}`)).body).toEqual(withGroups(hiddenUser, hiddenGroup));
    expect((await directory.call('GET', `/Groups/${hiddenGroup.id}`)).body).toEqual(hiddenGroup);
    expect((await directory.call('GET', `/Agents/${hiddenAgent.id}`)).body).toEqual(hiddenAgent);
  });

  test('a cursor of theirs is as good as an invented one', async () => {
    const { directory } = others[which]!;
    const { body } = await directory.call('GET', '/Users?cursor=&count=1');
    expect(body.nextCursor).toMatch(/^[\w.~-]+$/);
    const theirs = await own.call('GET', `/Users?count=1&cursor=${body.nextCursor}`);
    const invented = await own.call('GET', `/Users?count=1&cursor=${'A'.repeat(body.nextCursor.length)}`);
    expect(theirs.status).toBe(400);
    expect([theirs.status, theirs.body]).toEqual([invented.status, invented.body]);
  });

  test('names and external ids of theirs are free for us', async () => {
    const { user: hidden } = others[which]!;
    for (const filter of [`userName eq "${hidden.userName}"`, `externalId eq "${hidden.externalId}"`]) {
      expect((await own.call('GET', `/Users?${asQuery(filter)}`)).body.totalResults).toBe(0);
    }
  });

  test('over REST, ids of their directory, token and journal are nobody’s', async () => {
    const { directory } = others[which]!;
    const theirs = { key: directory.org.ownerKey };
    const list = await s.t.call(
      'GET',
      `/v1/organizations/${directory.org.id}/directories/${directory.id}/tokens`,
      theirs,
    );
    const token = list.body.items?.[0]?.id ?? list.body[0]?.id;
    expect(token).toBeDefined();
    const base = `/v1/organizations/${own.org.id}/directories`;
    const isOurs = directory.org.id === own.org.id;
    const places: [string, (id: string) => string, string][] = [
      ['DELETE', (id) => `${base}/${own.id}/tokens/${id}`, token],
      ['POST', (id) => `${base}/${own.id}/journal/${id}/replay`, token],
      // in the same organization the owner of the key may see the other directory
      ...(isOurs
        ? []
        : ([
            ['GET', (id) => `${base}/${id}`, directory.id],
            ['GET', (id) => `${base}/${id}/tokens`, directory.id],
            ['GET', (id) => `${base}/${id}/journal`, directory.id],
            ['DELETE', (id) => `${base}/${id}`, directory.id],
          ] as [string, (id: string) => string, string][])),
    ];
    for (const [method, path, hidden] of places) {
      const say = async (id: string) => {
        const answer = await s.t.call(method, path(id), { key: own.org.ownerKey });
        const { requestId: _requestId, instance: _instance, ...body } = answer.body;
        return JSON.stringify([answer.status, body]).replaceAll(id, '<the id>');
      };
      expect([method, path('ID'), await say(hidden)]).toEqual([method, path('ID'), await say(newId())]);
    }
    expect((await directory.call('GET', '/Users?count=0')).status).toBe(200);
  });
});

/** What a user shows once its group is there. */
function withGroups(hidden: Json, hiddenGroup: Json): Json {
  const groups = [expect.objectContaining({ value: hiddenGroup.id, display: hiddenGroup.displayName })];
  return { ...hidden, groups };
}
