// The tables of docs/sso-errors.md: every reason for which a sign-in is refused, with its cause and its cure.
// test/sso/docs.test.ts keeps the document equal to them; `npm run docs:tables` writes them.
import { OIDC_REFUSALS } from '../sso/oidc/refusals.ts';
import { SAML_REFUSALS } from '../sso/saml/refusals.ts';
import { ADMINISTRATOR_WORDS } from '../sso/sign-in/administrator-words.ts';
import { REFUSALS } from '../sso/sign-in/refusals.ts';
import { tableOf } from './doc-tables.ts';

type Text = { readonly cause: string; readonly cure: string };

/** By the name of their place in the document. */
export function ssoErrorTables(): Record<string, string> {
  const page = Object.entries(REFUSALS).map(([code, { status, title, cause, cure }]) => [
    `\`${code}\``,
    `${status}`,
    title,
    cause,
    cure,
  ]);
  return {
    page: tableOf(['code', 'status', 'title of the page', 'what happened', 'what the person does'], page),
    administrator: causesAndCures(ADMINISTRATOR_WORDS),
    saml: causesAndCures(SAML_REFUSALS),
    oidc: causesAndCures(OIDC_REFUSALS),
  };
}

function causesAndCures(refusals: Readonly<Record<string, Text>>): string {
  const rows = Object.entries(refusals).map(([code, { cause, cure }]) => [`\`${code}\``, cause, cure]);
  return tableOf(['code', 'cause', 'cure'], rows);
}
