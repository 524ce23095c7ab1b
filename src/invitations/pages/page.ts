// The frame of the invitation pages: one card, our own style inside the page, nothing loaded, no script, nothing stored by
// the browser and no address told to anybody else.
import { createHash } from 'node:crypto';
import type { Response } from 'express';
import { type Html, html } from '../../html.ts';

const STYLE = `
:root{color-scheme:light dark;--page:#edf2f1;--card:#fff;--ink:#17252e;--soft:#5b6c75;--line:#d5dee0;--accent:#14615e;--on:#fff}
@media (prefers-color-scheme:dark){:root{--page:#121b20;--card:#1c292f;--ink:#eef1fb;--soft:#a3adcb;--line:#34454c;--accent:#6cc3bb;--on:#0e1b1a}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--page);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
main{width:100%;max-width:480px;background:var(--card);border:1px solid var(--line);border-radius:16px;padding:36px 36px 28px;
box-shadow:0 1px 2px #1218330a,0 12px 32px #12183314}
.mark{display:grid;place-items:center;width:48px;height:48px;border-radius:12px;background:var(--accent);color:var(--on);
font-weight:700;font-size:20px;margin-bottom:20px}
h1{font-size:24px;line-height:1.25;margin:0 0 12px;letter-spacing:-.01em;overflow-wrap:anywhere}
p{margin:0 0 16px;overflow-wrap:anywhere}
.soft{color:var(--soft);font-size:14px}
dl{display:grid;grid-template-columns:auto 1fr;gap:8px 20px;margin:0 0 24px;padding:16px 0;border:solid var(--line);border-width:1px 0}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
blockquote{margin:0 0 20px;padding:2px 0 2px 16px;border-left:3px solid var(--line);color:var(--soft);white-space:pre-line;overflow-wrap:anywhere}
button,.button{display:inline-block;width:100%;padding:13px 20px;border:0;border-radius:10px;background:var(--accent);color:var(--on);
font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}
button:focus-visible,.button:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
form{margin:0 0 16px}
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/**
 * No `form-action`: browsers hold the redirects after a form to it, and these lead on to Keycloak and from there to any
 * company's identity provider.
 */
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'`;

export type Page = {
  readonly status: number;
  readonly title: string;
  readonly mark: string;
  readonly body: readonly Html[];
};

/** Sends a page; the headers hold for the server's whole journey of an invitation. */
export function sendPage(response: Response, page: Page): void {
  setPageHeaders(response);
  response.status(page.status).type('html').send(render(page));
}

/** Headers of every answer of the journey, redirects included. */
export function setPageHeaders(response: Response): void {
  response.setHeader('Content-Security-Policy', POLICY);
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('X-Robots-Tag', 'noindex');
}

function render({ title, mark, body }: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${{ html: STYLE }}</style>
</head>
<body>
<main>
<div class="mark" aria-hidden="true">${mark}</div>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.html;
}
