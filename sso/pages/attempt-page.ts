// One sign-in attempt as an administrator reads it: cause and cure in words, every check, and what it changed. Pure.
import { escapeHtml } from '../../src/html.ts';
import type { TraceCheck } from '../sign-in/sign-in-trace.ts';
import type { SignInRecord } from '../sign-in/traces-queries.ts';
import { type Page, page } from './page.ts';

export type AttemptPageInput = {
  readonly attempt: SignInRecord;
  readonly organization: string;
  /** The connection's display name; undefined when it is gone. */
  readonly connection: string | undefined;
};

export function attemptPage({ attempt, organization, connection }: AttemptPageInput): Page {
  const refused = attempt.outcome === 'refused';
  const title = refused ? 'Why this sign-in was refused' : 'A sign-in that went well';
  const words = refused
    ? `<p>${escapeHtml(attempt.cause ?? 'The reason has no words here.')}</p>\n<p><strong>What to do:</strong> ${escapeHtml(attempt.cure ?? '')}</p>`
    : '';
  return page({
    status: 200,
    title,
    wide: true,
    body: `${words}
<table>
${row('Organization', organization)}
${row('Connection', connection ?? 'deleted')}
${row('When', attempt.at.toISOString())}
${attempt.refusal === undefined ? '' : row('Refusal', attempt.refusal)}
${row('Reference', attempt.id)}
</table>
<h2>Checks</h2>
${checksTable(attempt.checks)}
<h2>What was sent, and what came of it</h2>
<table>
${Object.entries(attempt.facts)
  .map(([name, value]) => row(name, wordsOf(value)))
  .join('\n')}
</table>`,
  });
}

/** The same words for an attempt that is not there and one that the reader may not see. */
export function noAttemptPage(): Page {
  return page({
    status: 404,
    title: 'There is no such attempt for you',
    body: `<p>The reference is mistyped, the attempt is older than 30 days, or it belongs to an organization whose connections you do not manage.</p>`,
  });
}

/** Every check in order, with its result. */
function checksTable(checks: readonly TraceCheck[]): string {
  const rows = checks.map(
    ({ name, ok, detail }) =>
      `<tr><td class="mark">${ok ? '✓' : '<span class="fault">✗</span>'}</td><th>${escapeHtml(name)}</th><td>${escapeHtml(detail)}</td></tr>`,
  );
  return `<table>\n${rows.join('\n')}\n</table>`;
}

function row(name: string, value: string): string {
  return `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`;
}

function wordsOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(wordsOf).join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  const parts = Object.entries(value).map(([name, part]) => `${name}: ${wordsOf(part)}`);
  return parts.length === 0 ? 'nothing' : parts.join('; ');
}
