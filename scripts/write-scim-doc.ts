// Writes the tables of docs/scim.md that are made from the code.
import { readFileSync, writeFileSync } from 'node:fs';
import { withTables } from './scim-tables.ts';

const file = new URL('../docs/scim.md', import.meta.url);
writeFileSync(file, withTables(readFileSync(file, 'utf8')));
console.log('docs/scim.md is up to date.');
