// The page at which a refused sign-in ends. Its way back answers Keycloak `interaction_required`, which reaches the
// application; any other OAuth error would make Keycloak ask us again for ever (field notes on Keycloak, 12.1). Pure.

import { escapeHtml } from '../../src/html.ts';
import { REFUSALS, type RefusalCode } from '../sign-in/refusals.ts';
import { type Page, page } from './page.ts';

export type RefusalPageInput = {
  readonly code: RefusalCode;
  readonly appUrl: string;
  /** A sentence that says more than the code's own. */
  readonly detail?: string | undefined;
  /** Whom to ask, in the organization's words. */
  readonly contact?: string | undefined;
  /** The trace's id, for the administrator. */
  readonly reference?: string | undefined;
  /** Where an administrator reads the attempt; only if there is a trace. */
  readonly attemptPath?: string | undefined;
  /** Where the way back posts to; without it (no request of Keycloak is left) the page links to the application. */
  readonly backPath?: string | undefined;
};

export function refusalPage({
  code,
  appUrl,
  detail,
  contact,
  reference,
  attemptPath,
  backPath,
}: RefusalPageInput): Page {
  const { status, title, cause, cure } = REFUSALS[code];
  const back =
    backPath === undefined
      ? `<p><a href="${escapeHtml(appUrl)}">Back to the application</a></p>`
      : `<form method="post" action="${escapeHtml(backPath)}"><button>Back to the application</button></form>`;
  const named = reference === undefined ? '' : ` · ${escapeHtml(reference)}`;
  const whom = contact === undefined ? '' : `<p>Whom to ask: ${escapeHtml(contact)}</p>\n`;
  const more =
    attemptPath === undefined ? '' : ` · <a href="${escapeHtml(attemptPath)}">Administrators: see what happened</a>`;
  return page({
    status,
    title,
    body: `<p>${escapeHtml(detail ?? cause)}</p>
<p>${escapeHtml(cure)}</p>
${whom}${back}
<p class="reference">Reference: ${escapeHtml(code)}${named}${more}</p>`,
  });
}
