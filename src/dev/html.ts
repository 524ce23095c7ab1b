// HTML of the local pages (mailbox, demo app): a tag that escapes every value put into a page, and the page's frame.
// The pages load nothing from elsewhere.

/** Text that is HTML already. Only `html` and `raw` make it. */
export type Html = { readonly html: string };

type Value = string | number | Html | readonly Html[] | undefined;

/** A template tag: strings and numbers are escaped, Html goes in as it is, undefined as nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return { html: parts.map((part, index) => (index === 0 ? part : render(values[index - 1]) + part)).join('') };
}

function render(value: Value): string {
  if (value === undefined) return '';
  if (typeof value === 'string' || typeof value === 'number') return escapeHtml(String(value));
  return 'html' in value ? value.html : value.map((item) => item.html).join('');
}

/** For text and for quoted attributes. */
function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

const STYLE: Html = {
  html: `
  :root { color-scheme: light dark; --line: #8884; --soft: #8882; --accent: #3056d3 }
  @media (prefers-color-scheme: dark) { :root { --accent: #8fa8ff } }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1.25rem }
  h1 { font-size: 1.5rem; margin: 0 0 1rem } h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem }
  a { color: var(--accent) } .muted { opacity: .7 }
  table { border-collapse: collapse; width: 100% }
  td, th { text-align: left; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
  pre { background: var(--soft); padding: 1rem; overflow: auto; border-radius: .5rem; white-space: pre-wrap }
  iframe { width: 100%; height: 26rem; border: 1px solid var(--line); border-radius: .5rem; background: #fff }
  .button, button { font: inherit; display: inline-block; padding: .5rem 1rem; border: 0; border-radius: .5rem;
    background: #3056d3; color: #fff; text-decoration: none; cursor: pointer }
  input { font: inherit; padding: .45rem .6rem; border: 1px solid var(--line); border-radius: .5rem; width: 18rem }
  .tag { display: inline-block; padding: .1rem .6rem; border-radius: 1rem; background: var(--soft); margin: .1rem }
`,
};

/** A whole page. */
export function page(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${STYLE}</style></head>
<body>${body}</body></html>`.html;
}
