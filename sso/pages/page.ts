// The frame of our own pages: plain HTML that loads nothing, runs nothing and cannot be framed. Pure.
import { createHash } from 'node:crypto';
import { escapeHtml } from '../../src/html.ts';

export type Page = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly html: string;
};

const STYLE = `
:root { color-scheme: light dark; --ink: #17252e; --soft: #5b6c75; --line: #d5dee0; --paper: #fff; --ground: #edf2f1; --accent: #14615e; --fault: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf4; --soft: #a3adbf; --line: #333c4d; --paper: #1b2230; --ground: #12171f; --accent: #6cc3bb; --fault: #ff9a90; } }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { overflow-wrap: anywhere; box-sizing: border-box; width: min(30rem, calc(100vw - 2rem)); margin: 1rem; padding: 2rem; background: var(--paper); border: 1px solid var(--line); border-radius: 12px; }
h1 { margin: 0 0 1rem; font-size: 1.35rem; line-height: 1.3; }
p { margin: 0 0 1rem; }
label { display: block; margin: 0 0 .35rem; font-weight: 600; }
input { box-sizing: border-box; width: 100%; padding: .6rem .7rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--soft); border-radius: 8px; }
button { margin: 1rem 0 0; padding: .6rem 1.1rem; font: inherit; font-weight: 600; color: #fff; background: #14615e; border: 0; border-radius: 8px; cursor: pointer; }
a { color: var(--accent); }
.reference { margin: 1.5rem 0 0; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .85rem; }
main.wide { width: min(60rem, calc(100vw - 2rem)); }
@media (max-width: 40rem) { main { padding: 1.25rem; } }
h2 { margin: 2rem 0 .5rem; font-size: 1.05rem; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .4rem 1.25rem; margin: 0 0 1rem; }
dt { color: var(--soft); }
dd { margin: 0; }
ul, ol { margin: 0 0 1rem; padding-left: 1.25rem; }
li { margin: 0 0 .3rem; }
code { font: .9em/1.5 ui-monospace, monospace; user-select: all; }
select, textarea { box-sizing: border-box; width: 100%; padding: .6rem .7rem; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--soft); border-radius: 8px; }
textarea { min-height: 7rem; font: .85rem/1.4 ui-monospace, monospace; }
h3 { margin: 1.5rem 0 .5rem; font-size: .95rem; }
form { margin: 0 0 1.25rem; }
form > p { margin: 0 0 .9rem; }
form > p + button { margin-top: .1rem; }
::placeholder { color: var(--soft); opacity: 1; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
details { margin: 0 0 1rem; }
summary { cursor: pointer; color: var(--accent); }
.soft { color: var(--soft); font-size: .9rem; }
.state { display: inline-block; margin: 0; padding: .15rem .6rem; border: 1px solid currentColor; border-radius: 999px; font-size: .85rem; font-weight: 600; }
p.state { margin: 0 0 1rem; }
.checks { padding: 0; list-style: none; }
.checks li { padding-left: 1.4em; text-indent: -1.4em; }
.good { color: var(--accent); }
.bad { color: var(--fault); }
.note { margin: 0 0 1rem; padding: .7rem .9rem; background: var(--ground); border-radius: 8px; }
.note > :last-child { margin-bottom: 0; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: .1rem; } dd { margin: 0 0 .6rem; } }
.fault { color: var(--fault); font-weight: 600; }
`;

/** Submits the page's form at once where scripts run; the button is for where they don't. */
const SUBMIT = 'document.forms[0].submit()';

const sourceHash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const STYLE_HASH = sourceHash(STYLE);
const SUBMIT_HASH = sourceHash(SUBMIT);

/**
 * A whole page. `body` is HTML, its values escaped by the caller; `submits` sends its first form by itself, `wide` is for
 * long ones.
 */
export function page(input: { status: number; title: string; body: string; submits?: boolean; wide?: boolean }): Page {
  const script = input.submits ? `<script>${SUBMIT}</script>` : '';
  const policy = [
    `default-src 'none'`,
    `style-src ${STYLE_HASH}`,
    ...(input.submits ? [`script-src ${SUBMIT_HASH}`] : []),
    `frame-ancestors 'none'`,
    `base-uri 'none'`,
  ].join('; ');
  return {
    status: input.status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
    html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(input.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main${input.wide ? ' class="wide"' : ''}>
<h1>${escapeHtml(input.title)}</h1>
${input.body}
</main>
${script}
</body>
</html>
`,
  };
}
