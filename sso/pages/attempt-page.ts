// One sign-in attempt as an administrator reads it: cause and cure in words, every check, and what it changed. Pure.
import { html } from '../../src/html.ts';
import type { SignInRecord } from '../sign-in/traces-queries.ts';
import { type Page, page } from './page.ts';
import { checkList, factList, refusalNote } from './report-parts.ts';

export type AttemptPageInput = {
  readonly attempt: SignInRecord;
  readonly organization: string;
  /** The connection's display name; undefined when it is gone. */
  readonly connection: string | undefined;
};

export function attemptPage({ attempt, organization, connection }: AttemptPageInput): Page {
  const { samlRefusal, oidcRefusal, refused: found, ...facts } = attempt.facts;
  const isRefused = attempt.outcome === 'refused';
  const code = [attempt.refusal, samlRefusal, oidcRefusal].filter((part) => typeof part === 'string').join(' · ');
  const words = attempt.words ?? UNKNOWN_REFUSAL;
  const body = html`${isRefused ? refusalNote({ ...words, code, found: wordsOf(found ?? 'nothing more') }) : undefined}
${factList([
  ['Organization', organization],
  ['Connection', connection ?? 'deleted'],
  ['When', attempt.at.toISOString()],
  ['Kind', attempt.kind === 'test' ? 'a test sign-in, which changes nothing' : undefined],
  ['Reference', attempt.id],
])}
${checkList(attempt.checks)}
<h2>What was sent, and what came of it</h2>
${factList(namesInOrder(facts).map((name) => [FACT_WORDS[name] ?? name, wordsOf(facts[name])]))}`;
  const title = isRefused ? 'Why this sign-in was refused' : 'A sign-in that went well';
  return page({ status: 200, title, wide: true, body: body.html });
}

const UNKNOWN_REFUSAL = {
  cause: 'Another version of Drawbridge refused it, for a reason that this one has no words for.',
  cure: 'The checks say which of them failed.',
};

/** The same words for an attempt that is not there and one that the reader may not see. */
export function noAttemptPage(): Page {
  return page({
    status: 404,
    title: 'There is no such attempt for you',
    body: `<p>The reference is mistyped, the attempt is older than 30 days, or it belongs to an organization whose connections you do not manage.</p>
<p>Compare the reference with the one on the refusal page, or give it to somebody who manages the connections.</p>`,
  });
}

/** For a page that was loaded again: what Keycloak said of the reader is used up. */
export function staleAttemptPage(path: string): Page {
  return page({
    status: 400,
    title: 'Open the attempt once more',
    body: html`<p>This page was loaded again, or took too long. Who you are is asked anew each time.</p>
<p><a href="${path}">Open the attempt</a></p>`.html,
  });
}

/** In the order of the page; facts that have no words here come last, under their own names. */
const FACT_WORDS: Readonly<Record<string, string>> = {
  protocol: 'Protocol',
  certificate: 'Certificate (SHA-256)',
  key: 'Signing key',
  received: 'Received',
  values: 'Values, as the connection keeps them',
  evidence: 'Group claim',
  groups: 'Groups',
  overage: 'Groups that were not sent',
  typedAddress: 'Address typed before',
  step: 'Member found by',
  candidate: 'Member',
  person: 'Person',
  rules: 'Mapping rules that matched',
  difference: 'What it changed',
  request: 'Request',
  timings: 'Milliseconds',
};

function namesInOrder(facts: Readonly<Record<string, unknown>>): string[] {
  const known = Object.keys(FACT_WORDS);
  return [...known.filter((name) => name in facts), ...Object.keys(facts).filter((name) => !known.includes(name))];
}

function wordsOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(wordsOf).join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  const parts = Object.entries(value).map(([name, part]) => `${name}: ${wordsOf(part)}`);
  return parts.length === 0 ? 'nothing' : parts.join('; ');
}
