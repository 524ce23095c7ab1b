// What the load asks of each server, and what a right answer is: the same bodies and the same checks for all of them
// (RFC 7644 sections 3.3 to 3.5). Pure but for its counters; one workload per server remembers the ids it gave out.

export const OPERATIONS = ['create', 'find', 'get', 'patch', 'list', 'add member', 'remove member'] as const;
export type Operation = (typeof OPERATIONS)[number];

const PAGE = 100;
const GROUPS = 16;
/** A prime: users are visited in a scattered order, each equally often. */
const STRIDE = 7919;

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

export type Answer = { readonly status: number; readonly body: unknown };

/** One request and its check, which throws when the answer is not the right one. */
export type Exchange = {
  readonly method: 'GET' | 'POST' | 'PATCH';
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
  name?: { givenName?: unknown };
  members?: unknown[];
};
type Page = { totalResults?: unknown; Resources?: Resource[] };

export class Workload {
  readonly #fixture: User[] = [];
  readonly #groups: string[] = [];
  readonly #joined: Membership[] = [];
  readonly #fixtureSize: number;
  #created = 0;
  #turn = 0;
  #pair = 0;

  /** `fixtureSize` users are found, read, patched and put into groups; those created later are not touched again. */
  constructor(fixtureSize: number) {
    this.#fixtureSize = fixtureSize;
  }

  /** The exchanges that lay the fixture: groups, then users. */
  *fixture(): Generator<Exchange> {
    for (let n = 1; n <= GROUPS; n += 1) yield this.#createGroup(n);
    while (this.#created < this.#fixtureSize) yield this.#create();
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
        return this.#list();
      case 'add member':
        return this.#addMember();
      case 'remove member':
        return this.#removeMember();
    }
  }

  /** Reads every group back: exactly those members must be there. Run it outside the measurement. */
  *verification(): Generator<Exchange> {
    for (const group of this.#groups) {
      yield {
        method: 'GET',
        path: `/Groups/${group}?attributes=members`,
        accept: (answer) => {
          expect(answer, 200);
          const members = (answer.body as Resource).members?.length ?? 0;
          const wanted = this.#joined.filter((one) => one.group === group).length;
          if (members !== wanted) throw new Error(`a group has ${members} members instead of ${wanted}`);
        },
      };
    }
  }

  #pick(): User {
    this.#turn += 1;
    return this.#fixture[(this.#turn * STRIDE) % this.#fixture.length] as User;
  }

  #createGroup(n: number): Exchange {
    return {
      method: 'POST',
      path: '/Groups',
      body: { schemas: [GROUP], displayName: `Group ${n}`, externalId: `group-${n}` },
      accept: (answer) => {
        expect(answer, 201);
        this.#groups.push(idOf(answer.body));
      },
    };
  }

  #create(): Exchange {
    this.#created += 1;
    const n = this.#created;
    const userName = `user.${n}@bench.test`;
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

  #list(): Exchange {
    this.#turn += 1;
    const pages = Math.floor(this.#fixtureSize / PAGE);
    const startIndex = 1 + PAGE * (this.#turn % pages);
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
  #addMember(): Exchange {
    const lap = Math.floor(this.#pair / this.#fixture.length);
    const user = this.#fixture[this.#pair % this.#fixture.length] as User;
    const group = this.#groups[(this.#pair + lap) % GROUPS] as string;
    this.#pair += 1;
    const value = [{ value: user.id }];
    return {
      method: 'PATCH',
      path: `/Groups/${group}`,
      body: { schemas: [PATCH], Operations: [{ op: 'add', path: 'members', value }] },
      accept: (answer) => {
        expect(answer, 200, 204);
        this.#joined.push({ group, user: user.id });
      },
    };
  }

  #removeMember(): Exchange | undefined {
    const membership = this.#joined.shift();
    if (membership === undefined) return undefined;
    return {
      method: 'PATCH',
      path: `/Groups/${membership.group}`,
      body: { schemas: [PATCH], Operations: [{ op: 'remove', path: `members[value eq "${membership.user}"]` }] },
      accept: (answer) => expect(answer, 200, 204),
    };
  }
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
