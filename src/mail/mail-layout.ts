// The frame of our mails: a table of one column with inline styles, as mail programs need it, and its text twin.
import { type Html, html } from '../html.ts';

export type MailButton = { readonly label: string; readonly link: string };

const FONT = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const PARAGRAPH = `margin:0 0 16px;font-size:16px;line-height:24px;color:#17252e`;

/** One paragraph. */
export function paragraph(content: Html): Html {
  return html`<p style="${PARAGRAPH}">${content}</p>`;
}

/** What somebody wrote, as they broke the lines, set apart from our own words. */
export function quotation(text: string): Html {
  const lines = text.split(/\r?\n/).map((line, index) => (index === 0 ? html`${line}` : html`<br>${line}`));
  return html`<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="margin:0 0 16px"><tr>
<td style="border-left:3px solid #b9d6d2;padding:4px 0 4px 16px;font-size:16px;line-height:24px;color:#5b6c75">${lines}</td>
</tr></table>`;
}

/** Name and value pairs, one under the other. */
export function factTable(facts: readonly (readonly [name: string, value: string])[]): Html {
  const rows = facts.map(
    ([name, value]) => html`<tr>
<td style="padding:6px 20px 6px 0;font-size:14px;color:#5b6c75;vertical-align:top">${name}</td>
<td style="padding:6px 0;font-size:14px;color:#17252e;word-break:break-word;overflow-wrap:anywhere">${value}</td></tr>`,
  );
  return html`<table role="presentation" cellpadding="0" cellspacing="0" style="margin:0 0 20px">${rows}</table>`;
}

/** The one thing to do, with its address to copy below. */
export function button({ label, link }: MailButton): Html {
  return html`<table role="presentation" cellpadding="0" cellspacing="0" style="margin:8px 0 20px"><tr>
<td style="border-radius:8px;background:#14615e"><a href="${link}" style="display:inline-block;padding:13px 28px;font-size:16px;font-weight:600;color:#ffffff;text-decoration:none;border-radius:8px">${label}</a></td>
</tr></table>
<p style="margin:0 0 16px;font-size:13px;line-height:20px;color:#5b6c75">If the button does not work, open this address:<br>
<a href="${link}" style="color:#14615e;word-break:break-all">${link}</a></p>`;
}

/** The whole mail. Loads nothing from anywhere. */
export function mailPage(parts: {
  readonly title: string;
  readonly body: readonly Html[];
  readonly footer: string;
}): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light"><title>${parts.title}</title></head>
<body style="margin:0;padding:0;background:#edf2f1;${FONT}">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#edf2f1"><tr>
<td align="center" style="padding:32px 16px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px;background:#ffffff;border-radius:12px;border:1px solid #d5dee0">
<tr><td style="padding:32px 32px 16px;${FONT}">
<h1 style="margin:0 0 20px;font-size:22px;line-height:30px;font-weight:650;color:#17252e">${parts.title}</h1>
${parts.body}
</td></tr></table>
<p style="max-width:560px;margin:16px auto 0;font-size:12px;line-height:18px;color:#5b6c75">${parts.footer}</p>
</td></tr></table>
</body></html>`.html;
}
