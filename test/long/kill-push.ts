// A directory's push of thousands of changes over 8 connections that can be cut at any moment, and a model of what it
// was told: after a kill (of the bridge or of its database), everything acknowledged must be there, and of what was
// under way either all or nothing.
import { isDeepStrictEqual } from 'node:util';
import { scimUser } from '../../src/dev/seed-demo.ts';
import { Dice } from '../scim/hostile-values.ts';

const CONNECTIONS = 8;
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

/** What the directory believes of one person. */
type Believed = {
  readonly number: number;
  readonly id: string | undefined;
  readonly address: string;
  readonly active: boolean;
  readonly title: string | undefined;
  readonly inGroup: boolean;
};

/** One person's record: what was acknowledged last, and what an unanswered request would have made of it. */
export type Person = { known: Believed; perhaps: Believed | undefined };

export type Directory = { readonly baseUrl: string; readonly token: string; readonly groupId: string };

export function newPeople(from: number, count: number): Person[] {
  return Array.from({ length: count }, (_, place) => ({
    known: {
      number: from + place,
      id: undefined,
      address: `kill-${from + place}@acme.test`,
      active: true,
      title: undefined,
      inGroup: false,
    },
    perhaps: undefined,
  }));
}

type Step = { readonly method: string; readonly path: string; readonly body: unknown; readonly leaves: Believed };

/** The next change of a person: made first, then mostly titles, now and then what Keycloak must follow. */
function nextStep(dice: Dice, { groupId }: Directory, now: Believed, round: number, operation: number): Step {
  if (now.id === undefined) {
    const body = { ...user(now), title: now.title };
    return { method: 'POST', path: '/Users', body, leaves: now };
  }
  const self = `/Users/${now.id}`;
  const kind = dice.below(100);
  if (kind < 6) {
    return patch(self, { op: 'replace', path: 'active', value: !now.active }, { ...now, active: !now.active });
  }
  if (kind < 14) {
    const next = { ...now, address: `kill-${now.number}-${round}-${operation}@acme.test` };
    return { method: 'PUT', path: self, body: { ...user(next), active: next.active, title: next.title }, leaves: next };
  }
  if (kind < 22) {
    const change = now.inGroup
      ? { op: 'remove', path: `members[value eq "${now.id}"]` }
      : { op: 'add', path: 'members', value: [{ value: now.id }] };
    return patch(`/Groups/${groupId}`, change, { ...now, inGroup: !now.inGroup });
  }
  const title = `title ${round}-${operation}`;
  return patch(self, { op: 'replace', path: 'title', value: title }, { ...now, title });
}

function user({ number, address }: Believed): Record<string, unknown> {
  return scimUser({ email: address, givenName: 'Kill', familyName: String(number), externalId: `kill-${number}` });
}

const patch = (path: string, operation: object, leaves: Believed): Step => ({
  method: 'PATCH',
  path,
  body: { schemas: [PATCH], Operations: [operation] },
  leaves,
});

type Push = {
  readonly directory: Directory;
  readonly people: readonly Person[];
  readonly round: number;
  readonly from: number;
  readonly to: number;
  /** Called once after this many acknowledgements; whatever is unanswered from then on ends its lane. */
  readonly killAfter?: number;
  readonly kill?: () => Promise<void>;
  /** It is the database that goes: 503 says so, and whether a commit whose answer got lost is there, nobody can say. */
  readonly isOutage?: true;
};

/** Sends operations number `from` to `to - 1`; answers how many were acknowledged. One person stays on one connection. */
export async function push({ directory, people, round, from, to, killAfter, kill, isOutage }: Push): Promise<number> {
  let acknowledged = 0;
  let next = from;
  let killed: Promise<void> | undefined;
  const lane = async (place: number) => {
    const own = people.filter(({ known }) => known.number % CONNECTIONS === place);
    for (let operation = next++; operation < to; operation = next++) {
      const dice = new Dice(round, operation);
      const person = own[operation % own.length] as Person;
      const step = nextStep(dice, directory, person.known, round, operation);
      person.perhaps = step.leaves;
      const answer = await send(directory, step);
      if (answer === undefined || (isOutage && answer.status === 503)) {
        if (!killed) throw new Error(`${answer ? answer.text : 'no answer'}, and nobody had killed anything`);
        return;
      }
      if (answer.status >= 300) throw new Error(`${step.method} ${step.path}: ${answer.status} ${answer.text}`);
      person.known = { ...step.leaves, id: step.leaves.id ?? (JSON.parse(answer.text) as { id: string }).id };
      person.perhaps = undefined;
      acknowledged += 1;
      if (killAfter !== undefined && acknowledged >= killAfter) killed ??= kill?.();
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, place) => lane(place)));
  await killed;
  return acknowledged;
}

async function send({ baseUrl, token }: Directory, { method, path, body }: Step) {
  try {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, text: await response.text() };
  } catch {
    return undefined;
  }
}

/** Reads every person back; answers what contradicts the acknowledgements. Afterwards the model says what is there. */
export async function contradictions(directory: Directory, people: readonly Person[]): Promise<string[]> {
  const read = async <T>(path: string): Promise<{ status: number; body: T }> => {
    const response = await fetch(`${directory.baseUrl}${path}`, {
      headers: { authorization: `Bearer ${directory.token}` },
    });
    return { status: response.status, body: (await response.json()) as T };
  };
  const { body: group } = await read<{ members?: { value: string }[] }>(`/Groups/${directory.groupId}`);
  const members = new Set((group.members ?? []).map(({ value }) => value));
  const found: string[] = [];
  for (const person of people) {
    const { known, perhaps } = person;
    if (known.id === undefined && perhaps === undefined) continue;
    type Listed = { Resources?: { id: string; userName: string; active: boolean; title?: string }[] };
    const filter = encodeURIComponent(`externalId eq "kill-${known.number}"`);
    const { body } = await read<Listed>(`/Users?filter=${filter}`);
    const [there, second] = body.Resources ?? [];
    const actual = there && {
      number: known.number,
      id: there.id,
      address: there.userName,
      active: there.active,
      title: there.title,
      inGroup: members.has(there.id),
    };
    const possible = [known, ...(perhaps ? [{ ...perhaps, id: perhaps.id ?? actual?.id }] : [])];
    const fits = possible.some((each) =>
      each.id === undefined ? actual === undefined : isDeepStrictEqual(each, actual),
    );
    if (second || !fits) found.push(JSON.stringify({ known, perhaps, actual, second }));
    if (actual) person.known = actual;
    person.perhaps = undefined;
  }
  return found;
}
