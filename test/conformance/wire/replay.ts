// A client's traffic as data, and how it is replayed: one request after the other over HTTP, each answer compared with
// what the client needs to go on. `{name}` in any text stands for what the replay was given or kept from an answer.

import { expect } from 'vitest';
import type { Json } from '../../support/server.ts';

export type Step = {
  /** Method and path; the query is encoded as the client encodes it. */
  readonly send: string;
  readonly body?: Json;
  /** The body is laid over the last answer, as Okta does it: GET, then PUT of all that came. */
  readonly overLastAnswer?: true;
  /** Beside and before the client's own headers. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  /** What the answer must contain; lists must be whole. */
  readonly answer?: Json;
  /** What must not be in the answer. */
  readonly lacks?: readonly string[];
  /** Name -> the answer's attribute that it stands for from now on. */
  readonly keep?: Readonly<Record<string, string>>;
};

export type Phase = {
  readonly name: string;
  readonly steps: readonly Step[];
  /** What the phase leaves of each member in our own words. */
  readonly statuses?: Readonly<Record<string, string>>;
  /** The phase states nothing new: nothing but the journal may be written. */
  readonly writesNothing?: true;
};

export type Replay = {
  readonly client: string;
  readonly profile: 'entra' | 'okta' | 'generic';
  readonly headers: Readonly<Record<string, string>>;
  /** What stands behind the tenant's address, such as a flag, and so is sent with every request. */
  readonly flag?: string;
  readonly space: '+' | '%20';
  readonly phases: readonly Phase[];
};

type Names = Readonly<Record<string, string>>;

/** How far a replay is. */
export type ReplayState = {
  readonly scimUrl: string;
  readonly token: string;
  readonly names: Record<string, string>;
  /** The last answer that had a body. */
  last: Json;
  requests: number;
};

/** Throws with the request and its answer where that is not what the client needs. */
export async function replayPhase(replay: Replay, phase: Phase, at: ReplayState): Promise<void> {
  for (const step of phase.steps) {
    const answer = await replayStep(replay, phase, step, at);
    at.requests += 1;
    at.last = answer ?? at.last;
  }
}

async function replayStep(replay: Replay, phase: Phase, step: Step, at: ReplayState): Promise<Json> {
  const [method = '', ...rest] = fill(step.send, at.names).split(' ');
  const stated = fill(step.body, at.names);
  const body = step.overLastAnswer ? { ...at.last, ...stated } : stated;
  const response = await fetch(`${at.scimUrl}${addressOf(rest.join(' '), replay)}`, {
    method,
    headers: { ...replay.headers, ...step.headers, authorization: `Bearer ${at.token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const said = `${phase.name}: ${fill(step.send, at.names)}\n${JSON.stringify(body)}\n${response.status} ${text}`;
  expect(response.status, said).toBe(step.status);
  if (text === '') {
    expect(step.answer, said).toBeUndefined();
    return undefined;
  }
  expect(response.headers.get('content-type'), said).toMatch(/^application\/scim\+json/);
  const answer = JSON.parse(text);
  if (step.answer !== undefined) expect(answer, said).toMatchObject(fill(step.answer, at.names));
  for (const name of step.lacks ?? []) expect(Object.keys(answer), said).not.toContain(name);
  for (const [name, attribute] of Object.entries(step.keep ?? {})) at.names[name] = String(answer[attribute]);
  return answer;
}

function addressOf(address: string, { flag, space }: Replay): string {
  const mark = address.indexOf('?');
  const path = mark < 0 ? address : address.slice(0, mark);
  const pairs = mark < 0 ? [] : address.slice(mark + 1).split('&');
  const query = pairs.map((pair) => {
    const equals = pair.indexOf('=');
    const value = encodeURIComponent(pair.slice(equals + 1)).replaceAll('%20', space);
    return `${pair.slice(0, equals)}=${value}`;
  });
  if (flag !== undefined) query.unshift(flag);
  return query.length === 0 ? path : `${path}?${query.join('&')}`;
}

/** The same with every `{name}` replaced, in keys too. */
function fill<T extends Json>(value: T, names: Names): T {
  if (typeof value === 'string') {
    return value.replace(/\{(\w+)\}/g, (whole, name: string) => names[name] ?? whole) as T;
  }
  if (Array.isArray(value)) return value.map((each) => fill(each, names)) as T;
  // matchers such as expect.any are no data
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [fill(key, names), fill(each, names)])) as T;
}
