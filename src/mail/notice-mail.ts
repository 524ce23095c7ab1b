// A mail that tells an administrator of something: what, its facts, what to do, and why they get it.
import { html } from '../html.ts';
import type { MailContent } from './invitation-mail.ts';
import { factTable, mailPage, paragraph } from './mail-layout.ts';

export function noticeMail(notice: {
  readonly subject: string;
  readonly title: string;
  readonly opening: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly steps: string;
  readonly footer: string;
}): MailContent {
  const { title, opening, facts, steps, footer } = notice;
  const listed = facts.map(([name, value]) => `${name}: ${value}`).join('\n');
  return {
    subject: notice.subject.replaceAll(/\p{C}+/gu, ' ').trim(),
    text: [title, opening, listed, steps, `--\n${footer}`].join('\n\n'),
    html: mailPage({
      title,
      body: [paragraph(html`${opening}`), factTable(facts), paragraph(html`${steps}`)],
      footer,
    }),
  };
}
