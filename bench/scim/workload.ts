// What the load asks of each server, and what a right answer is: the same bodies and the same checks for all of them
// (RFC 7644 sections 3.3 to 3.5). Pure but for its counters; one workload per server remembers the ids it gave out.

/** What is measured first, and what after it: a server that has served for long is warmer than one that just started. */
export const PARTS = [
  ['create', 'find', 'get', 'patch', 'list', 'add member', 'remove member'],
  ['deep page', 'add 100 members', 'remove one of all', 'add one to all', 'deactivate', 'delete'],
] as const;
export const OPERATIONS = PARTS.flat();
export type Operation = (typeof OPERATIONS)[number];

const PAGE = 100;
const GROUPS = 16;
/** Groups for 100 members at a time, each taking every batch once: an operation that takes them out again is not one that all servers know. */
const CROWDS = 400;
/** A prime: users are visited in a scattered order, each equally often. */
const STRIDE = 7919;

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

export type Answer = { readonly status: number; readonly body: unknown };

/** One request and its check, which throws when the answer is not the right one. */
export type Exchange = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the SCIM base URL. */
  readonly path: string;
  readonly body?: unknown;
  accept(answer: Answer): void;
};

type User = { readonly id: string; readonly userName: string; readonly externalId: string };
type Membership = { readonly group: string; readonly user: string };
type Resource = {
  id?: unknown;
  userName?: unknown;
  externalId?: unknown;
  active?: unknown;
  name?: { givenName?: unknown };
  members?: unknown[];
};
type Page = { totalResults?: unknown; Resources?: Resource[] };

export class Workload {
  /** Users who are found, read, patched and listed, and who are in no group: the floor knows no groups of a user. */
  readonly #fixture: User[] = [];
  /** As many who come and go as members. */
  readonly #crew: User[] = [];
  readonly #groups: string[] = [];
  readonly #joined: Membership[] = [];
  /** Group and user of each membership that is there or under way. */
  readonly #pairs = new Set<string>();
  readonly #crowds: string[] = [];
  readonly #crowdSizes = new Map<string, number>();
  #everyone = '';
  readonly #inEveryone = new Set<string>();
  readonly #outside: User[] = [];
  /** Users made by the measured creates, and those of them who were deactivated since. */
  readonly #newcomers: User[] = [];
  readonly #inactive: User[] = [];
  readonly #fixtureSize: number;
  readonly #series: string;
  #created = 0;
  #turn = 0;
  #pair = 0;
  #batch = 0;

  /** `series` tells its users from those of another directory of the same server. `fixtureSize` users are found, read and patched, as many others put into groups; those created later are deactivated and then deleted. */
  constructor(fixtureSize: number, series: string) {
    this.#fixtureSize = fixtureSize;
    this.#series = series;
  }

  /** The exchanges that lay the fixture of the first part: groups and users. */
  *fixture(): Generator<Exchange> {
    for (let n = 1; n <= GROUPS; n += 1) yield this.#createGroup(`Group ${n}`, (id) => this.#groups.push(id));
    while (this.#created < 2 * this.#fixtureSize) yield this.#create();
  }

  /** Those of the second part: large groups, which nobody has to carry along in the first. */
  *crowds(): Generator<Exchange> {
    for (let n = 1; n <= CROWDS; n += 1) yield this.#createGroup(`Crowd ${n}`, (id) => this.#crowds.push(id));
    yield this.#createGroup('Everyone', (id) => {
      this.#everyone = id;
    });
  }

  /** Puts all of the crew into one group, once that is there. */
  *everyone(): Generator<Exchange> {
    for (let at = 0; at < this.#crew.length; at += PAGE) {
      const users = this.#crew.slice(at, at + PAGE);
      yield this.#changeMembers(this.#everyone, { op: 'add', path: 'members', value: valuesOf(users) }, () => {
        for (const { id } of users) this.#inEveryone.add(id);
      });
    }
  }

  /** The next request of that kind, or undefined when none is left (a removal needs somebody who was added). */
  next(operation: Operation): Exchange | undefined {
    switch (operation) {
      case 'create':
        return this.#create();
      case 'find':
        return this.#find(this.#pick());
      case 'get':
        return this.#get(this.#pick());
      case 'patch':
        return this.#patch(this.#pick());
      case 'list':
        return this.#list(this.#turn % (this.#fixtureSize / PAGE));
      case 'deep page':
        return this.#list(this.#fixtureSize / PAGE - 1 - (this.#turn % 4));
      case 'add member':
        return this.#addMember();
      case 'remove member':
        return this.#removeMember();
      case 'add 100 members':
        return this.#addCrowd();
      case 'remove one of all':
        return this.#leaveEveryone();
      case 'add one to all':
        return this.#joinEveryone();
      case 'deactivate':
        return this.#deactivate();
      case 'delete':
        return this.#delete();
    }
  }

  /** Reads every group back: exactly those members must be there. Run it outside the measurement. */
  *verification(): Generator<Exchange> {
    for (const group of this.#groups) {
      yield readBack(group, () => this.#joined.filter((one) => one.group === group).length);
    }
    for (const [crowd, size] of [...this.#crowdSizes].slice(0, GROUPS)) yield readBack(crowd, () => size);
    yield readBack(this.#everyone, () => this.#inEveryone.size);
  }

  #pick(): User {
    this.#turn += 1;
    return this.#fixture[(this.#turn * STRIDE) % this.#fixture.length] as User;
  }

  #createGroup(name: string, made: (id: string) => void): Exchange {
    return {
      method: 'POST',
      path: '/Groups',
      body: { schemas: [GROUP], displayName: name, externalId: name.toLowerCase().replace(' ', '-') },
      accept: (answer) => {
        expect(answer, 201);
        made(idOf(answer.body));
      },
    };
  }

  #create(): Exchange {
    this.#created += 1;
    const n = this.#created;
    const userName = `user.${this.#series}${n}@bench.test`;
    const externalId = `external-${n}`;
    const name = { givenName: `Given ${n}`, familyName: `Family ${n}` };
    return {
      method: 'POST',
      path: '/Users',
      body: {
        schemas: [USER],
        externalId,
        userName,
        active: true,
        displayName: `${name.givenName} ${name.familyName}`,
        name,
        emails: [{ type: 'work', primary: true, value: userName }],
      },
      accept: (answer) => {
        const user = { id: idOf(answer.body), userName, externalId };
        expectUser(answer, 201, user);
        if (n <= this.#fixtureSize) this.#fixture.push(user);
        else (n <= 2 * this.#fixtureSize ? this.#crew : this.#newcomers).push(user);
      },
    };
  }

  #find(user: User): Exchange {
    return {
      method: 'GET',
      path: `/Users?filter=${encodeURIComponent(`userName eq "${user.userName}"`)}`,
      accept: (answer) => {
        const page = answer.body as Page;
        if (page.totalResults !== 1) throw wrong(answer);
        expectUser({ status: answer.status, body: page.Resources?.[0] }, 200, user);
      },
    };
  }

  #get(user: User): Exchange {
    return { method: 'GET', path: `/Users/${user.id}`, accept: (answer) => expectUser(answer, 200, user) };
  }

  #patch(user: User): Exchange {
    const givenName = `Changed ${this.#turn}`;
    return {
      method: 'PATCH',
      path: `/Users/${user.id}`,
      body: { schemas: [PATCH], Operations: [{ op: 'replace', path: 'name.givenName', value: givenName }] },
      accept: (answer) => {
        expectUser(answer, 200, user);
        if ((answer.body as Resource).name?.givenName !== givenName) throw wrong(answer);
      },
    };
  }

  #list(page: number): Exchange {
    this.#turn += 1;
    const startIndex = 1 + PAGE * page;
    return {
      method: 'GET',
      path: `/Users?startIndex=${startIndex}&count=${PAGE}`,
      accept: (answer) => {
        expect(answer, 200);
        const page = answer.body as Page;
        const isWhole = page.Resources?.length === PAGE && Number(page.totalResults) >= this.#fixtureSize;
        const areUsers = page.Resources?.every(
          (user) => typeof user.id === 'string' && typeof user.userName === 'string',
        );
        if (!isWhole || !areUsers) throw wrong(answer);
      },
    };
  }

  /** Another user and another group each time, so that no two requests under way wait for one group's lock. */
  #addMember(): Exchange | undefined {
    const pairs = this.#crew.length * GROUPS;
    for (let tried = 0; tried < pairs; tried += 1) {
      const lap = Math.floor(this.#pair / this.#crew.length);
      const user = this.#crew[this.#pair % this.#crew.length] as User;
      const group = this.#groups[(this.#pair + lap) % GROUPS] as string;
      this.#pair += 1;
      const key = `${group} ${user.id}`;
      if (this.#pairs.has(key)) continue;
      this.#pairs.add(key);
      return this.#changeMembers(group, { op: 'add', path: 'members', value: valuesOf([user]) }, () =>
        this.#joined.push({ group, user: user.id }),
      );
    }
    return undefined;
  }

  #removeMember(): Exchange | undefined {
    const membership = this.#joined.shift();
    if (membership === undefined) return undefined;
    return this.#changeMembers(membership.group, removalOf(membership.user), () =>
      this.#pairs.delete(`${membership.group} ${membership.user}`),
    );
  }

  /** One batch after the other, in groups by turns, until every crowd has had everybody. */
  #addCrowd(): Exchange | undefined {
    const batches = Math.ceil(this.#crew.length / PAGE);
    if (this.#batch >= batches * CROWDS) return undefined;
    const first = (this.#batch % batches) * PAGE;
    const place = (this.#batch + Math.floor(this.#batch / CROWDS)) % CROWDS;
    const crowd = this.#crowds[place] as string;
    const users = this.#crew.slice(first, first + PAGE);
    this.#batch += 1;
    return this.#changeMembers(crowd, { op: 'add', path: 'members', value: valuesOf(users) }, () => {
      this.#crowdSizes.set(crowd, (this.#crowdSizes.get(crowd) ?? 0) + users.length);
    });
  }

  #leaveEveryone(): Exchange | undefined {
    const [id] = this.#inEveryone;
    if (id === undefined) return undefined;
    this.#inEveryone.delete(id);
    const user = this.#crew.find((one) => one.id === id) as User;
    return this.#changeMembers(this.#everyone, removalOf(id), () => this.#outside.push(user));
  }

  #joinEveryone(): Exchange | undefined {
    const user = this.#outside.shift();
    if (user === undefined) return undefined;
    return this.#changeMembers(this.#everyone, { op: 'add', path: 'members', value: valuesOf([user]) }, () =>
      this.#inEveryone.add(user.id),
    );
  }

  #deactivate(): Exchange | undefined {
    const user = this.#newcomers.shift();
    if (user === undefined) return undefined;
    return {
      method: 'PATCH',
      path: `/Users/${user.id}`,
      body: { schemas: [PATCH], Operations: [{ op: 'replace', path: 'active', value: false }] },
      accept: (answer) => {
        expectUser(answer, 200, user);
        if ((answer.body as Resource).active !== false) throw wrong(answer);
        this.#inactive.push(user);
      },
    };
  }

  #delete(): Exchange | undefined {
    const user = this.#inactive.shift();
    return user && { method: 'DELETE', path: `/Users/${user.id}`, accept: (answer) => expect(answer, 204) };
  }

  #changeMembers(group: string, operation: object, done: () => void = () => {}): Exchange {
    return {
      method: 'PATCH',
      path: `/Groups/${group}`,
      body: { schemas: [PATCH], Operations: [operation] },
      accept: (answer) => {
        expect(answer, 200, 204);
        done();
      },
    };
  }
}

function valuesOf(users: readonly User[]): { readonly value: string }[] {
  return users.map(({ id }) => ({ value: id }));
}

function removalOf(user: string): object {
  return { op: 'remove', path: `members[value eq "${user}"]` };
}

function readBack(group: string, wanted: () => number): Exchange {
  return {
    method: 'GET',
    path: `/Groups/${group}?attributes=members`,
    accept: (answer) => {
      expect(answer, 200);
      const members = (answer.body as Resource).members?.length ?? 0;
      if (members !== wanted()) throw new Error(`a group has ${members} members instead of ${wanted()}`);
    },
  };
}

function expect(answer: Answer, ...statuses: readonly number[]): void {
  if (!statuses.includes(answer.status)) throw wrong(answer);
}

function expectUser(answer: Answer, status: number, user: User): void {
  expect(answer, status);
  const body = answer.body as Resource;
  if (body.id !== user.id || body.userName !== user.userName || body.externalId !== user.externalId)
    throw wrong(answer);
}

function idOf(body: unknown): string {
  const id = (body as Resource | undefined)?.id;
  if (typeof id !== 'string') throw new Error(`an answer without an id: ${JSON.stringify(body).slice(0, 300)}`);
  return id;
}

function wrong(answer: Answer): Error {
  return new Error(`not the right answer: ${answer.status} ${JSON.stringify(answer.body)?.slice(0, 500)}`);
}
