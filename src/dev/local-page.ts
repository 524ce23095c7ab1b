// The frame of the local pages (mailbox, demo app): one style, nothing loaded from elsewhere.
import { type Html, html } from '../html.ts';

const STYLE: Html = {
  html: `
  :root { color-scheme: light dark; --line: #8884; --soft: #8882; --accent: #14615e }
  @media (prefers-color-scheme: dark) { :root { --accent: #6cc3bb } }
  body { font: 16px/1.5 system-ui, sans-serif; margin: 0 }
  main { max-width: 46rem; margin: 3rem auto; padding: 0 1.25rem; overflow-wrap: anywhere }
  h1 { font-size: 1.5rem; margin: 0 0 1rem } h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem }
  a { color: var(--accent) } .muted { opacity: .7 }
  table { border-collapse: collapse; width: 100% }
  td, th { text-align: left; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
  th { overflow-wrap: normal }
  pre { background: var(--soft); padding: 1rem; overflow: auto; border-radius: .5rem; white-space: pre-wrap }
  iframe { width: 100%; height: 36rem; border: 1px solid var(--line); border-radius: .5rem; background: #fff }
  .button, button { font: inherit; display: inline-block; padding: .5rem 1rem; border: 0; border-radius: .5rem;
    background: #14615e; color: #fff; text-decoration: none; cursor: pointer }
  input { font: inherit; padding: .45rem .6rem; border: 1px solid var(--line); border-radius: .5rem; width: min(18rem, 100%); box-sizing: border-box; margin: 0 .25rem .5rem 0 }
  .tag { display: inline-block; padding: .1rem .6rem; border-radius: 1rem; background: var(--soft); margin: .1rem }
`,
};

/** A whole page. */
export function page(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${STYLE}</style></head>
<body><main>${body}</main></body></html>`.html;
}
