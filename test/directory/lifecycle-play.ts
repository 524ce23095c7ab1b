// Plays events of one human's life against the product, over its own HTTP, and holds what it then says about every place
// against the oracle's answer.
import fc from 'fast-check';
import { expect } from 'vitest';
import { acceptInvitation } from '../../src/invitations/accept-invitation.ts';
import { type ScimSetup, setupScim, type TestDirectory, USER } from '../scim/scim-setup.ts';
import { type Answer, type Json, type MadeOrganization, testContext } from '../support/server.ts';
import { type Directory, EVENTS, type Event, Oracle, type Place, type Verdict } from './lifecycle-oracle.ts';

export type Stage = AsyncDisposable & {
  readonly s: ScimSetup;
  readonly org: MadeOrganization;
  readonly directories: Record<Directory, TestDirectory & { readonly group: Json }>;
  readonly teams: Record<Directory | 'manual' | 'invite', string>;
};

/** One organization with two directories, each with a group that gives a team, and a team each for admins and offers. */
export async function setStage(): Promise<Stage> {
  const s = await setupScim();
  const org = await s.t.make.organization();
  await s.t.make.member(org, { role: 'owner', name: 'owner' });
  const team = async (name: string): Promise<string> => (await s.t.make.team(org, name)).id;
  const teams = { A: await team('a'), B: await team('b'), manual: await team('manual'), invite: await team('invite') };
  const directory = async (name: Directory) => {
    const made = await s.directory({ org });
    const body = { source: 'scim.group', match: 'display_name', value: `staff ${name}`, target: { team: teams[name] } };
    const rule = await s.t.call('POST', `/v1/organizations/${org.id}/mapping-rules`, { key: org.ownerKey, body });
    expect(rule.status).toBe(201);
    return { ...made, group: await made.group(`staff ${name}`) };
  };
  const directories = { A: await directory('A'), B: await directory('B') };
  return { s, org, directories, teams, [Symbol.asyncDispose]: () => s[Symbol.asyncDispose]() };
}

let lives = 0;

/** One human: who they are to each directory, which members they have been, and what the oracle knows. */
export class Life {
  readonly oracle = new Oracle();
  readonly history: string[] = [];
  readonly #stage: Stage;
  readonly #name: string;
  /** By the number of the place. */
  readonly #members: string[] = [];
  readonly #persons = new Map<object, string>();
  #invitation: Json;
  /** What the product said after the event before. */
  #last: unknown = [];
  readonly #personIds: (string | null)[] = [];

  constructor(stage: Stage) {
    lives += 1;
    this.#stage = stage;
    this.#name = `human${lives}`;
  }

  /** Plays one event and checks everything. */
  async play(event: Event): Promise<void> {
    const target = this.oracle.target;
    const before = this.#last;
    const verdict = this.oracle.apply(event);
    const answer = await this.#do(event, target);
    this.history.push(`${event}: ${answer?.status ?? 'nothing to call'}`);
    const told = this.history.join('\n');
    if (answer) expect([told, verdictOf(answer)]).toEqual([told, verdict]);
    this.#noteMember(event, answer);
    this.#last = await this.#look();
    if (verdict === 'refused') expect([told, this.#last]).toEqual([told, before]);
    expect([told, this.#last]).toEqual([told, this.#expected()]);
    this.#checkPersons(told);
  }

  /** What an order of events must not change: the members with who carries, blocks and gives what. */
  outcome(): unknown {
    return this.#expected();
  }

  async #do(event: Event, target: Place | undefined): Promise<Answer | undefined> {
    switch (event) {
      case 'invitation sent':
        return this.#invite();
      case 'invitation accepted':
        return this.#accept();
      case 'invitation cancelled':
        return this.#invitation && this.#rest('POST', `/invitations/${this.#invitation.id}/cancel`);
      case 'admin overrides A':
      case 'admin overrides B':
        return this.#override(event.at(-1) as Directory);
      case 'admin grants':
        return this.#onMember(target, 'PUT', '/teams', { teams: [this.#stage.teams.manual] });
      case 'admin suspends':
        return this.#onMember(target, 'POST', '/suspend', { reason: 'x' });
      case 'admin reactivates':
        return this.#onMember(target, 'POST', '/reactivate');
      case 'admin removes':
        return this.#onMember(target, 'DELETE', '');
      default: {
        const [name, act] = event.split(' ') as [Directory, string];
        return this.#asDirectory(name, act);
      }
    }
  }

  async #asDirectory(name: Directory, act: string): Promise<Answer | undefined> {
    const d = this.#stage.directories[name];
    const address = `${this.#name}@${this.#stage.org.key}.test`;
    if (act === 'creates') {
      const body = {
        schemas: [USER],
        userName: address,
        externalId: `${name}-${this.#name}`,
        displayName: `by ${name}`,
      };
      const answer = await d.call('POST', '/Users', body);
      if (answer.status < 300) {
        const added = await d.patch(`/Groups/${d.group.id}`, {
          op: 'add',
          path: 'members',
          value: [{ value: answer.body.id }],
        });
        expect(added.status).toBeLessThan(300);
      }
      return answer;
    }
    const user = this.oracle.users[name];
    if (!user) return undefined;
    const path = `/Users/${this.#members[user.place.number]}`;
    if (act === 'deletes') return d.call('DELETE', path);
    if (act === 'touches') return d.patch(path, { op: 'replace', path: 'title', value: `t${this.history.length}` });
    return d.patch(path, { op: 'replace', value: { active: act === 'activates' } });
  }

  async #invite(): Promise<Answer> {
    const body = {
      email: `${this.#name}@${this.#stage.org.key}.test`,
      role: 'member',
      teamIds: [this.#stage.teams.invite],
    };
    const answer = await this.#rest('POST', '/invitations', body);
    if (answer.status === 201) this.#invitation = answer.body;
    return answer;
  }

  /** As the browser that pressed Accept: by the link alone, else as the signed-in owner of the address. */
  async #accept(): Promise<Answer | undefined> {
    if (!this.#invitation) return undefined;
    const { s, org } = this.#stage;
    const hash = Buffer.from('browser');
    await s.sql('update invitation set browser_hash = $1 where id = $2', [hash, this.#invitation.id]);
    const input = { orgId: org.id, invitationId: this.#invitation.id, browserHash: hash };
    const owner = `select person_id from person_address where address_key = $1`;
    const outcome = async (by: { personId: string } | 'link'): Promise<Answer> => {
      const [status, body] = await acceptInvitation(s.t, testContext(), { ...input, by }).then(
        () => [200, {}],
        (error) => [409, error.data],
      );
      return { status, body, headers: new Headers() };
    };
    const byLink = await outcome('link');
    if (byLink.body.reason !== 'sign_in_first') return byLink;
    const [row] = await s.sql<{ person_id: string }>(owner, [`${this.#name}@${org.key}.test`]);
    return outcome({ personId: row?.person_id ?? '' });
  }

  #override(name: Directory): Promise<Answer> | undefined {
    // the oracle has lifted it already: any place will do for a refusal
    const directoryId = this.#stage.directories[name].id;
    const member = this.#blockedBy.get(name) ?? this.#members[0];
    if (member === undefined) return undefined;
    return this.#rest('POST', `/members/${member}/override-block`, { directoryId, reason: 'x' });
  }

  /** Which member each directory blocked before the event. */
  readonly #blockedBy = new Map<Directory, string>();

  #onMember(place: Place | undefined, method: string, path: string, body?: object): Promise<Answer> | undefined {
    return place && this.#rest(method, `/members/${this.#members[place.number]}${path}`, body);
  }

  #rest(method: string, path: string, body?: object): Promise<Answer> {
    const { s, org } = this.#stage;
    return s.t.call(method, `/v1/organizations/${org.id}${path}`, { key: org.ownerKey, body });
  }

  /** A place that is new to the oracle is a new member to the product, and the other way round. */
  #noteMember(event: Event, answer: Answer | undefined): void {
    if (!answer || answer.status >= 300 || !/creates|invitation sent/.test(event)) return;
    const id = event === 'invitation sent' ? answer.body.memberId : answer.body.id;
    const name = event[0] as Directory;
    const place = event === 'invitation sent' ? this.oracle.offered : this.oracle.users[name]?.place;
    const known = this.#members[place?.number ?? -1];
    if (known === undefined) {
      expect([this.history.join('\n'), this.#members]).not.toContain(id);
      this.#members[place?.number ?? -1] = id;
    } else expect([this.history.join('\n'), id]).toEqual([this.history.join('\n'), known]);
  }

  #expected(): unknown {
    return this.oracle.places.map((place) => ({
      status: place.status,
      address: place.hasAddress,
      carriers: [...place.carriers].sort(),
      blocks: [...place.blocks].sort(),
      grants: [...place.gifts, ...this.oracle.groupGifts(place)].sort(),
      teams: [...place.gifts, ...this.oracle.groupGifts(place)].sort(),
      users: (['A', 'B'] as const).flatMap((name) => {
        const user = this.oracle.users[name];
        return user?.live && user.place === place ? [`${name} says ${user.active}`] : [];
      }),
    }));
  }

  /** The same as the product tells it. */
  async #look(): Promise<unknown> {
    return Promise.all(
      this.#members.map(async (id, number) => {
        const { body } = await this.#rest('GET', `/members/${id}`);
        this.#personIds[number] = body.personId;
        const grants = body.grants.filter(({ target }: Json) => target.team !== undefined);
        for (const name of ['A', 'B'] as const) {
          const isBlock = ({ ref }: Json) => ref === this.#stage.directories[name].id;
          if (body.blocks.some(isBlock)) this.#blockedBy.set(name, id);
        }
        return {
          status: body.status,
          address: body.address !== null,
          carriers: body.carriers.map(this.#nameOfSource).sort(),
          blocks: body.blocks.map(this.#nameOfSource).sort(),
          grants: grants.map(({ target, source }: Json) => this.#nameOfGrant(target.team, source)).sort(),
          teams: body.teams.map((team: Json) => this.#nameOfTeam(team.id)).sort(),
          users: (await Promise.all((['A', 'B'] as const).map((name) => this.#userOf(name, id)))).flat(),
        };
      }),
    );
  }

  /** What a directory reads of a member that it ever stated. */
  async #userOf(name: Directory, id: string): Promise<string[]> {
    const user = this.oracle.users[name];
    if (!user || this.#members[user.place.number] !== id) return [];
    const { status, body } = await this.#stage.directories[name].call('GET', `/Users/${id}`);
    return status === 200 ? [`${name} says ${body.active}`] : [];
  }

  readonly #nameOfSource = ({ source, ref }: Json): string => {
    if (source !== 'directory') return source;
    return ref === this.#stage.directories.A.id ? 'A' : 'B';
  };

  #nameOfTeam(id: string): string {
    return Object.entries(this.#stage.teams).find(([, team]) => team === id)?.[0] ?? id;
  }

  #nameOfGrant(team: string, source: string): string {
    const name = this.#nameOfTeam(team);
    const sources: Record<string, string> = { A: 'scim', B: 'scim', manual: 'manual', invite: 'invite' };
    return sources[name] === source ? name : `${name} from ${source}`;
  }

  /** Places of one person in the oracle are places of one person in the product, and of two are of two. */
  #checkPersons(told: string): void {
    for (const { number, person } of this.oracle.places) {
      const id = this.#personIds[number] ?? null;
      const known = person && this.#persons.get(person);
      if (!person) expect([told, id]).toEqual([told, null]);
      else if (known !== undefined) expect([told, id]).toEqual([told, known]);
      else {
        expect([told, id, [...this.#persons.values()].includes(id ?? '')]).toEqual([told, expect.any(String), false]);
        this.#persons.set(person, id ?? '');
      }
    }
  }
}

function verdictOf(answer: Answer): Verdict | 'failed' {
  if (answer.status < 300) return 'done';
  return answer.status < 500 ? 'refused' : 'failed';
}

/** Random sequences, of which the directories' own words are half; a failure is shrunk and says what was played. */
export async function assertAnySequence(stage: Stage, run: { numRuns: number; seed: number }): Promise<void> {
  const event = fc.constantFrom(...EVENTS);
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 6, maxLength: 16 }), async (events) => {
      const life = new Life(stage);
      for (const each of events) await life.play(each);
    }),
    run,
  );
}
