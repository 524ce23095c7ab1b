// Writes the tables of docs/scim.md and docs/sso-errors.md that are made from the code.
import { readFileSync, writeFileSync } from 'node:fs';
import { withTables } from './doc-tables.ts';
import { scimTables } from './scim-tables.ts';
import { ssoErrorTables } from './sso-error-tables.ts';

for (const [name, tables] of [
  ['scim.md', scimTables()],
  ['sso-errors.md', ssoErrorTables()],
] as const) {
  const file = new URL(`../docs/${name}`, import.meta.url);
  writeFileSync(file, withTables(readFileSync(file, 'utf8'), tables));
  console.log(`docs/${name} is up to date.`);
}
