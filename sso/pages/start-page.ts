// "Sign in with your company": asks for the address, whose domain leads to the company. For people whom Keycloak's own
// page cannot route. Pure.
import { escapeHtml } from '../../src/html.ts';
import { type Page, page } from './page.ts';

/** `unknownAddress`: what was asked for before, of a domain that no organization signs in. */
export function startPage(input: { readonly appUrl: string; readonly unknownAddress?: string }): Page {
  const fault =
    input.unknownAddress === undefined
      ? ''
      : '<p class="fault">No company sign-in is set up for this address. Check it, or sign in without your company.</p>';
  return page({
    status: input.unknownAddress === undefined ? 200 : 404,
    title: 'Sign in with your company',
    body: `${fault}
<form method="get" action="/sso/start">
<label for="email">Your work e-mail address</label>
<input id="email" name="email" type="email" autocomplete="email" required autofocus value="${escapeHtml(input.unknownAddress ?? '')}">
<button>Continue</button>
</form>
<p class="reference"><a href="${escapeHtml(input.appUrl)}">Back to the application</a></p>`,
  });
}
