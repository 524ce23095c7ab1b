// The pages of a test sign-in: what will happen, and what it found, for the administrator who asked. Pure.
import { type Html, html } from '../../src/html.ts';
import type { TestResult } from '../connection-tests/connection-test.ts';
import type { Connection } from '../connections/connection.ts';
import { type Page, page } from './page.ts';
import { checkList, factList, refusalNote } from './report-parts.ts';

/** What the link shows; the button spends it. */
export function testStartPage(displayName: string, path: string): Page {
  return page({
    status: 200,
    title: 'Test sign-in',
    body: html`<p>You go to the sign-in page of <strong>${displayName}</strong> and come back here. You see every check, what was
sent, and what a real sign-in would change.</p>
<p>Nothing is changed, and you are not signed in anywhere by it. Sign in as somebody who will use this connection.</p>
<form method="post" action="${path}"><button>Start the test</button></form>
<p class="reference">This link works once, for ten minutes.</p>`.html,
  });
}

/** One page for links that are unknown, used or over: it tells nothing about which. */
export function testGonePage(): Page {
  return page({
    status: 410,
    title: 'This test link does not work any more',
    body: '<p>Each link opens one test, for ten minutes. Ask for a new one where you got this one.</p>',
  });
}

export function testResultPage(connection: Connection, result: TestResult): Page {
  const passed = result.refusal === undefined;
  const title = passed
    ? 'The test sign-in succeeded'
    : result.answerAccepted
      ? 'The company’s answer is good, but this person would not be let in'
      : 'The test sign-in was refused';
  const body = html`<p class="state ${passed ? 'good' : 'bad'}">${passed ? 'passed' : 'refused'}</p>
<p>Connection <strong>${connection.displayName}</strong>. Nothing was changed.</p>
${result.refusal && refusalNote(result.refusal)}
${warningPart(result)}
${differencePart(result)}
${personPart(result)}
${checkList(result.checks)}
${result.certificate === undefined ? undefined : html`<p class="soft">Signed with the certificate <code>${result.certificate}</code></p>`}
${receivedPart(result)}
<p class="reference">You can close this page.</p>`;
  return page({ status: 200, title, wide: true, body: body.html });
}

function warningPart({ warnings }: TestResult): Html | undefined {
  if (warnings.length === 0) return undefined;
  return html`<h2>Worth knowing</h2><ul>${warnings.map((warning) => html`<li>${warning}</li>`)}</ul>`;
}

function differencePart({ difference, step, rules, refusal }: TestResult): Html | undefined {
  if (refusal || !difference) return undefined;
  const change = (pair: readonly [string | null, string] | undefined) => pair && `${pair[0] ?? 'nothing'} → ${pair[1]}`;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Member', difference.made ? 'would be made' : `found by ${(step ?? '').replaceAll('_', ' ')}`],
    ['Status', change(difference.status)],
    ['Role', change(difference.role)],
    ['Teams added', difference.teamsAdded?.join(', ')],
    ['Teams removed', difference.teamsRemoved?.join(', ')],
    ['Mapping rules', `${rules.length} matched`],
  ];
  return html`<h2>What a sign-in would change</h2>${factList(facts)}`;
}

function personPart({ person }: TestResult): Html | undefined {
  if (!person) return undefined;
  return html`<h2>Who it was</h2>${factList([
    ['Issuer', person.issuer],
    ['Subject', person.subject],
    ['Address', person.address],
    ['User name', person.userName],
    ['Unchanging id', person.immutableId],
    ['Groups', person.groupsState === 'list' ? person.groups.join(', ') : person.groupsState],
  ])}`;
}

function receivedPart({ received }: TestResult): Html | undefined {
  const names = Object.keys(received);
  if (names.length === 0) return undefined;
  return html`<h2>Everything that was received</h2>${factList(names.map((name) => [name, received[name]?.join(', ')]))}`;
}
