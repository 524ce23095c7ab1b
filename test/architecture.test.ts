// The tree keeps its shape: direction of imports, one owner per library, adapters outside the database, pure files, no
// cycles, no long files. Each rule is shown to bite by a violation planted in memory.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  adapterFaults,
  cycles,
  directionFaults,
  headingFaults,
  lengthFaults,
  libraryFaults,
  purityFaults,
  readImports,
  type Sources,
} from './support/architecture.ts';

const ROOT = join(import.meta.dirname, '..');

function readTree(folders: readonly string[]): Map<string, string> {
  const sources = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.(ts|mjs|js)$/.test(entry.name)) continue;
      const path = join(entry.parentPath, entry.name);
      sources.set(relative(ROOT, path), readFileSync(path, 'utf8'));
    }
  }
  return sources;
}

const sources = readTree(['src', 'scim', 'sso']);
const everything = readTree(['src', 'scim', 'sso', 'test', 'bench', 'scripts']);
const imports = readImports(sources);

/** The faults that a file of this text would add. */
function planted(path: string, text: string, rule: (imports: ReturnType<typeof readImports>) => string[]): string[] {
  const before = new Set(rule(imports));
  const tree: Sources = new Map([...sources, [path, text]]);
  return rule(readImports(tree)).filter((fault) => !before.has(fault));
}

test('the reader of imports sees every form of them', () => {
  const text = [
    `import pg from 'pg';`,
    `import type { A } from './a.ts';`,
    `import { type B, type C } from '../x/b.ts';`,
    `import { d, type E } from './d.ts';`,
    `import * as all from '@keycloak/keycloak-admin-client/lib/x.js';`,
    `export { f } from './f.ts';`,
    `import './g.ts';`,
    `const h = await import('./h.ts');`,
    'import {\n  long,\n  list,\n} from "./never.ts";'.replaceAll('"', `'`),
  ].join('\n');
  expect(
    readImports(new Map([['src/y/z.ts', text]])).map(({ to, typeOnly }) => `${to}${typeOnly ? ' (type)' : ''}`),
  ).toEqual([
    'pg',
    'src/y/a.ts (type)',
    'src/x/b.ts (type)',
    'src/y/d.ts',
    '@keycloak/keycloak-admin-client',
    'src/y/f.ts',
    'src/y/never.ts',
    'src/y/g.ts',
    'src/y/h.ts',
  ]);
  expect(imports.length).toBeGreaterThan(300);
});

describe('imports point downward', () => {
  test('in every file', () => expect(directionFaults(imports)).toEqual([]));
  test.each([
    ['src/orgs/planted.ts', `import { x } from '../members/member.ts';`],
    ['src/keys/planted.ts', `import { x } from '../http/wire.ts';`],
    ['src/invitations/planted.ts', `import type { X } from '../keys/api-key.ts';`],
    ['src/errors.ts', `import { x } from './db/database.ts';`],
    ['src/unheard-of/planted.ts', `import { x } from '../unheard-of/other.ts';`],
  ])('and %s with %s would be caught', (path, text) => expect(planted(path, text, directionFaults)).toHaveLength(1));
});

describe('each library has one owner', () => {
  test('in every file', () => expect(libraryFaults(imports)).toEqual([]));
  test.each([
    ['src/members/planted.ts', `import SCIMMY from 'scimmy';`],
    ['scim/planted.ts', `import { x } from 'samlify';`],
    ['src/http/planted.ts', `import pg from 'pg';`],
    ['sso/planted.ts', `import K from '@keycloak/keycloak-admin-client';`],
  ])('and %s with %s would be caught', (path, text) => expect(planted(path, text, libraryFaults)).toHaveLength(1));
});

describe('scim/ and sso/ stay outside the database and apart', () => {
  test('in every file', () => expect(adapterFaults(imports)).toEqual([]));
  test.each([
    ['scim/planted.ts', `import { Database } from '../src/db/database.ts';`],
    ['sso/planted.ts', `import { addGrant } from '../src/grants/grants-store.ts';`],
    ['sso/planted.ts', `import type { X } from '../scim/router.ts';`],
  ])('and %s with %s would be caught', (path, text) => expect(planted(path, text, adapterFaults)).toHaveLength(1));
});

describe('pure files import only pure files', () => {
  test('in every file', () => expect(purityFaults(imports)).toEqual([]));
  test.each([
    ['src/members/check-access.ts', `import { x } from './members-queries.ts';`],
    ['src/roles/rights.ts', `import fs from 'node:fs';`],
  ])('and %s with %s would be caught', (path, text) => expect(planted(path, text, purityFaults)).toHaveLength(1));
});

describe('no imports go round in a circle', () => {
  test('in any file', () => expect(cycles(imports)).toEqual([]));
  test('and a planted circle would be caught', () => {
    const circle = new Map([
      ['src/a/one.ts', `import { two } from './two.ts';`],
      ['src/a/two.ts', `import { three } from './three.ts';`],
      ['src/a/three.ts', `import { one } from './one.ts';`],
    ]);
    expect(cycles(readImports(circle))).toEqual(['src/a/one.ts -> src/a/two.ts -> src/a/three.ts -> src/a/one.ts']);
  });
});

describe('files are short and say what they answer for', () => {
  test('no file is longer than 400 lines', () => expect(lengthFaults(everything)).toEqual([]));
  test('every source opens with a comment', () => expect(headingFaults(sources)).toEqual([]));
  test('and a long or silent file would be caught', () => {
    expect(lengthFaults(new Map([['src/long.ts', 'x\n'.repeat(401)]]))).toHaveLength(1);
    expect(headingFaults(new Map([['src/silent.ts', `import pg from 'pg';`]]))).toHaveLength(1);
  });
});
