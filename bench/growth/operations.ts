// What is measured: one request at a time on one connection, each answer checked. Every operation exists once and is
// asked of both sizes in the same way.
import type { RawAnswer, RawConnection } from '../scim/raw-connection.ts';
import { isInLargeGroup, largeGroupOf, type Population, type UserFacts, userAt } from './population.ts';

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const PAGE = 100;
const MANY = 100;
/** A prime: users are visited in a scattered order. */
const STRIDE = 104_729;
/** So many are not asked for by the other operations: a process knows for a minute whom it was asked for. */
const STRANGERS = 300;

/** Those of the mark, in the order in which they are measured: what is created is deactivated and deleted later. */
export const OPERATIONS = [
  'create',
  'find by userName',
  'find by externalId',
  'get',
  'patch of a stranger',
  'patch after a look-up',
  'first page of 100',
  'next page of a walk',
  'add 1 member',
  'remove 1 member',
  'add 100 members',
  'remove 100 members',
  'get group without members',
  'deactivate',
  'delete',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Those whose cost follows the size of the directory, measured to be stated. */
export const STATED = [
  'cold jump to the middle',
  'total of a filter that all match',
  'co, 10 of the matches',
  'co without a match',
  'ew without a match',
  'sort by userName, first page',
  'sort by userName, page in the middle',
] as const;
export type Stated = (typeof STATED)[number];

type Body = Record<string, unknown> & { totalResults?: number; Resources?: Record<string, unknown>[] };

/** Asks one server; remembers what it made. */
export class Asker {
  readonly #connection: RawConnection;
  readonly #path: string;
  readonly #population: Population;
  readonly #created: string[] = [];
  readonly #inactive: string[] = [];
  readonly #joined: string[][] = [];
  readonly #outside: string[] = [];
  #turn = 0;
  #patched = 0;
  #nextIndex = 1;

  constructor(connection: RawConnection, baseUrl: string, population: Population) {
    this.#connection = connection;
    this.#path = new URL(baseUrl).pathname;
    this.#population = population;
    for (let index = 0; index < population.users && this.#outside.length < 10 * MANY; index += 1)
      if (!isInLargeGroup(population, index)) this.#outside.push(userAt(population, index).id);
  }

  /** Milliseconds from the request to the last byte of its answer. */
  async measure(operation: Operation | Stated): Promise<number> {
    switch (operation) {
      case 'create':
        return this.#create();
      case 'find by userName':
        return this.#find('userName', this.#pick(), 'userName');
      case 'find by externalId':
        return this.#find('externalId', this.#pick(), 'externalId');
      case 'get':
        return this.#get();
      case 'patch of a stranger':
        return this.#rename(this.#stranger());
      case 'patch after a look-up':
        return this.#rename(await this.#lookUp());
      case 'first page of 100':
        return this.#page(1);
      case 'next page of a walk':
        return this.#nextPage();
      case 'add 1 member':
        return this.#join(1);
      case 'remove 1 member':
        return this.#leave();
      case 'add 100 members':
        return this.#join(MANY);
      case 'remove 100 members':
        return this.#leave();
      case 'get group without members':
        return this.#getGroup();
      case 'deactivate':
        return this.#deactivate();
      case 'delete':
        return this.#delete();
      default:
        return this.#state(operation);
    }
  }

  /** Puts everybody created so far into the large group, so that deletes have a membership to end. */
  async gatherCreated(): Promise<void> {
    await this.#changeMembers('add', this.#created);
  }

  /** Goes to a page deep in the list, which nobody has walked to, so that the walk goes on from there. */
  async startWalkAt(startIndex: number): Promise<void> {
    this.#nextIndex = startIndex;
    await this.#nextPage();
  }

  /** The walk's next page of the whole directory, from the start again after its end. */
  async #nextPage(): Promise<number> {
    const startIndex = this.#nextIndex;
    const { ms, body } = await this.#ask('GET', `/Users?startIndex=${startIndex}&count=${PAGE}`, undefined, 200);
    const isLast = startIndex + PAGE > Number(body.totalResults);
    if (!isLast && body.Resources?.length !== PAGE) throw new Error(`a page of ${body.Resources?.length} users`);
    this.#nextIndex = isLast ? 1 : startIndex + PAGE;
    return ms;
  }

  #pick(): UserFacts {
    this.#turn += 1;
    return userAt(this.#population, (this.#turn * STRIDE) % (this.#population.users - STRANGERS));
  }

  /** Another one each time. */
  #stranger(): UserFacts {
    this.#patched += 1;
    return userAt(this.#population, this.#population.users - 1 - (this.#patched % STRANGERS));
  }

  async #lookUp(): Promise<UserFacts> {
    const user = this.#pick();
    await this.#find('userName', user, 'userName');
    return user;
  }

  #rename({ id }: UserFacts): Promise<number> {
    this.#turn += 1;
    return this.#patchUser(id, 'name.givenName', `Changed ${this.#turn}`);
  }

  async #create(): Promise<number> {
    this.#turn += 1;
    const userName = `new.${this.#turn}.${this.#created.length}@${this.#population.domain}`;
    const name = { givenName: 'New', familyName: `Person ${this.#turn}` };
    const { ms, body } = await this.#ask(
      'POST',
      '/Users',
      {
        schemas: [USER],
        externalId: userName,
        userName,
        active: true,
        displayName: `${name.givenName} ${name.familyName}`,
        name,
        emails: [{ type: 'work', primary: true, value: userName }],
      },
      201,
    );
    this.#created.push(String(body.id));
    return ms;
  }

  async #find(attribute: string, user: UserFacts, key: 'userName' | 'externalId'): Promise<number> {
    const filter = encodeURIComponent(`${attribute} eq "${user[key]}"`);
    const { ms, body } = await this.#ask('GET', `/Users?filter=${filter}`, undefined, 200);
    if (body.totalResults !== 1 || body.Resources?.[0]?.id !== user.id) throw new Error(`${user.userName} not found`);
    return ms;
  }

  async #get(): Promise<number> {
    const user = this.#pick();
    const { ms, body } = await this.#ask('GET', `/Users/${user.id}`, undefined, 200);
    if (body.userName !== user.userName) throw new Error(`not ${user.userName}`);
    return ms;
  }

  async #patchUser(id: string, path: string, value: unknown): Promise<number> {
    const body = { schemas: [PATCH], Operations: [{ op: 'replace', path, value }] };
    return (await this.#ask('PATCH', `/Users/${id}`, body, 200)).ms;
  }

  async #page(startIndex: number, more = ''): Promise<number> {
    const path = `/Users?startIndex=${startIndex}&count=${PAGE}${more}`;
    const { ms, body } = await this.#ask('GET', path, undefined, 200);
    if (body.Resources?.length !== PAGE) throw new Error(`a page of ${body.Resources?.length} users`);
    return ms;
  }

  async #join(count: number): Promise<number> {
    this.#turn += 1;
    const from = (this.#turn * 17) % (this.#outside.length - count);
    const ids = this.#outside.slice(from, from + count);
    const ms = await this.#changeMembers('add', ids);
    this.#joined.push(ids);
    return ms;
  }

  async #leave(): Promise<number> {
    const ids = this.#joined.pop();
    if (ids === undefined) throw new Error('nobody joined');
    return this.#changeMembers('remove', ids);
  }

  async #changeMembers(op: 'add' | 'remove', ids: readonly string[]): Promise<number> {
    const body = { schemas: [PATCH], Operations: [{ op, path: 'members', value: ids.map((value) => ({ value })) }] };
    return (await this.#ask('PATCH', `/Groups/${largeGroupOf(this.#population)}`, body, 204)).ms;
  }

  async #getGroup(): Promise<number> {
    const path = `/Groups/${largeGroupOf(this.#population)}?excludedAttributes=members`;
    const { ms, body } = await this.#ask('GET', path, undefined, 200);
    if ('members' in body || body.displayName !== 'Everybody') throw new Error('not the group without members');
    return ms;
  }

  async #deactivate(): Promise<number> {
    const id = this.#created.shift();
    if (id === undefined) throw new Error('nobody is left to deactivate');
    this.#inactive.push(id);
    return this.#patchUser(id, 'active', false);
  }

  async #delete(): Promise<number> {
    const id = this.#inactive.shift();
    if (id === undefined) throw new Error('nobody is left to delete');
    return (await this.#ask('DELETE', `/Users/${id}`, undefined, 204)).ms;
  }

  async #state(operation: Stated): Promise<number> {
    // another one each time: behind a page that was read lately, no jump is cold
    this.#turn += 1;
    const middle = Math.floor(this.#population.users / 2) + (this.#turn % 89);
    switch (operation) {
      case 'cold jump to the middle':
        return this.#page(middle);
      case 'total of a filter that all match':
        return this.#count('active eq true', 10);
      case 'co, 10 of the matches':
        return this.#count('userName co "user."', 10);
      case 'co without a match':
        return this.#count('userName co "nobody-has-this"', 0);
      case 'ew without a match':
        return this.#count('userName ew "@nowhere.test"', 0);
      case 'sort by userName, first page':
        return this.#page(1, '&sortBy=userName');
      case 'sort by userName, page in the middle':
        return this.#page(middle, '&sortBy=userName');
    }
  }

  async #count(filter: string, found: number): Promise<number> {
    const path = `/Users?count=10&filter=${encodeURIComponent(filter)}`;
    const { ms, body } = await this.#ask('GET', path, undefined, 200);
    if ((body.Resources ?? []).length !== found) throw new Error(`${filter} finds ${body.Resources?.length}`);
    return ms;
  }

  async #ask(method: string, path: string, body: unknown, status: number): Promise<{ ms: number; body: Body }> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const started = performance.now();
    const answer: RawAnswer = await this.#connection.send(method, `${this.#path}${path}`, text);
    const ms = performance.now() - started;
    if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 300)}`);
    return { ms, body: answer.text === '' ? {} : JSON.parse(answer.text) };
  }
}
