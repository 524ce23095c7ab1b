// The list at the head of a set-up page: how far each part is, and what comes next there. Pure.
import { type Html, html } from '../../src/html.ts';
import { type Connection, missingFor } from '../connections/connection.ts';
import type { SetupState } from '../setup/read-setup.ts';
import type { SetupScope } from '../setup/setup-link.ts';

export const CONNECTION_WORDS: Readonly<Record<Connection['status'], string>> = {
  draft: 'draft',
  tested: 'tested; waits to be switched on by an administrator',
  active: 'active',
  disabled: 'switched off',
};

export function standing({ link, domains, connection, directory }: SetupState): Html {
  const isProved = domains.some(({ status }) => status === 'verified' || status === 'proved');
  const isReady = connection !== undefined && connection.status !== 'draft';
  const directoryWords = directory ? 'Directory: made' : 'Directory: not made yet; sign-in works without';
  const parts: readonly (readonly [SetupScope, boolean, string])[] = [
    ['domain', isProved, isProved ? 'Mail domain: proved' : 'Mail domain: prove that one is yours'],
    ['connection', isReady, `Sign-in: ${nextOfConnection(connection)}`],
    ['directory', directory !== undefined, directoryWords],
  ];
  const shown = parts.filter(([scope]) => link.scopes.includes(scope));
  return html`<ul class="checks" aria-label="How far things are">${shown.map(
    ([, done, words]) => html`<li><span class="${done ? 'good' : 'soft'}">${done ? '✓' : '○'}</span> ${words}</li>`,
  )}</ul>`;
}

function nextOfConnection(connection: Connection | undefined): string {
  if (!connection) return 'choose your identity provider';
  if (connection.status !== 'draft') return CONNECTION_WORDS[connection.status];
  return missingFor(connection) ?? 'run a test sign-in';
}
