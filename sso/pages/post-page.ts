// Sends the browser on by POST, to sign in or out: the SAML binding of identity providers that take no redirect. Pure.

import { escapeHtml } from '../../src/html.ts';
import type { SamlForm } from '../saml/send-message.ts';
import { type Page, page } from './page.ts';

export function postPage(form: SamlForm): Page {
  const fields = Object.entries(form.fields)
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`)
    .join('\n');
  return page({
    status: 200,
    title: 'On to your company',
    submits: true,
    body: `<p>You are being sent on to your company. If nothing happens, press the button.</p>
<form method="post" action="${escapeHtml(form.action)}">
${fields}
<button>Continue</button>
</form>`,
  });
}
