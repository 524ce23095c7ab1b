// Several ways to sign in with one company, and no address that says which: the person chooses. Pure.
import { escapeHtml } from '../../src/html.ts';
import { type Page, page } from './page.ts';

export function choosePage(input: {
  /** The interaction's own path, to which a choice leads back. */
  readonly path: string;
  readonly connections: readonly { readonly id: string; readonly displayName: string }[];
}): Page {
  const choices = input.connections.map(
    ({ id, displayName }) =>
      `<li><a href="${escapeHtml(`${input.path}?connection=${id}`)}">${escapeHtml(displayName)}</a></li>`,
  );
  return page({
    status: 200,
    title: 'How do you sign in?',
    body: `<p>Your organization has several company sign-ins. Choose the one that you have an account with.</p>
<ul>
${choices.join('\n')}
</ul>
<form method="post" action="${escapeHtml(input.path)}/back"><button>Back to the application</button></form>`,
  });
}
