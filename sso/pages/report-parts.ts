// Parts of the pages that report one sign-in to an administrator: why it was refused, every check, names with values. Pure.
import { type Html, html } from '../../src/html.ts';
import type { TraceCheck } from '../sign-in/sign-in-trace.ts';

/** Cause and cure; `found` is what exactly was wrong. */
export function refusalNote(refusal: {
  readonly cause: string;
  readonly cure: string;
  readonly code: string;
  readonly found?: string | undefined;
}): Html {
  const { cause, cure, code, found } = refusal;
  return html`<div class="note"><p><strong>${cause}</strong></p>
${found && html`<p>Found: ${found}</p>`}
<p>What to do: ${cure}</p><p class="soft">${code}</p></div>`;
}

/** Every check in order, with its result. */
export function checkList(checks: readonly TraceCheck[]): Html {
  return html`<h2>Checks</h2>
<ul class="checks">${checks.map(({ name, ok, detail }) => html`<li><span class="${ok ? 'good' : 'bad'}">${ok ? '✓' : '✗'}</span> ${name}: ${detail}</li>`)}</ul>`;
}

/** Facts without a value are left out. */
export function factList(facts: readonly (readonly [name: string, value: string | undefined])[]): Html {
  const known = facts.filter(([, value]) => value !== undefined && value !== '');
  return html`<dl>${known.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}
