// docs/sso-errors.md says what the code does: its tables are made from it.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withTables } from '../../scripts/doc-tables.ts';
import { ssoErrorTables } from '../../scripts/sso-error-tables.ts';

test('the tables of refusals are those of the code (npm run docs:tables writes them)', () => {
  const document = readFileSync(new URL('../../docs/sso-errors.md', import.meta.url), 'utf8');
  expect(document).toBe(withTables(document, ssoErrorTables()));
});
