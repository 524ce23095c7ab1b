// HTML as text: a template tag that escapes every value put into it. Pure.

/** Text that is HTML already. Only `html` and constants of ours make it. */
export type Html = { readonly html: string };

type Value = string | number | Html | readonly Html[] | undefined;

/** A template tag: strings and numbers are escaped, Html goes in as it is, undefined as nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return { html: parts.map((part, index) => (index === 0 ? part : render(values[index - 1]) + part)).join('') };
}

/** Escapes for text and for quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function render(value: Value): string {
  if (value === undefined) return '';
  if (typeof value === 'string' || typeof value === 'number') return escapeHtml(String(value));
  return 'html' in value ? value.html : value.map((item) => item.html).join('');
}
