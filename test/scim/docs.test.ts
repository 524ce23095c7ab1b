// docs/scim.md says what the code does: its tables are made from it, and it names every address, refusal and attribute.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withTables } from '../../scripts/doc-tables.ts';
import { NOTES, scimTables } from '../../scripts/scim-tables.ts';
import { ERRORS } from '../../src/errors.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
const scim = read('docs/scim.md');

/** Where a refusal of a SCIM request can be thrown. */
const SOURCES = [
  ...readdirSync(new URL('scim/', ROOT), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `scim/${name}`),
  ...readdirSync(new URL('src/directory/', ROOT))
    .filter((name) =>
      /^(change-directory-(user|group|agent)|change-errors|directory-(user|group|agent)|gathered|alert-)/.test(name),
    )
    .map((name) => `src/directory/${name}`),
];

function codesOf(sources: readonly string[]): string[] {
  const codes = sources.flatMap((path) => [...read(path).matchAll(/'(\w+)'/g)].map((match) => match[1]!));
  return [...new Set(codes)].filter((code) => code in ERRORS).sort();
}

/** Rules of the database that a directory's change can break. */
function codesOfRules(): string[] {
  const rules = [...read('src/db/errors.ts').matchAll(/^ {2}(\w+): \{\s*code: '(\w+)'/gm)];
  return rules
    .filter(([, rule]) =>
      /^(last_owner|seat_limit|adoption|directory_(user|group|agent)|group_|member_one|extension)/.test(rule!),
    )
    .map(([, , code]) => code!);
}

test('the tables are those of the code (npm run docs:tables writes them)', () => {
  expect(scim).toBe(withTables(scim, scimTables()));
});

test('every refusal that a SCIM request can get has its cause and cure, and nothing else has', () => {
  const thrown = codesOf(SOURCES);
  expect(thrown.length).toBeGreaterThan(15);
  const possible = new Set([...thrown, ...codesOfRules(), 'internal', 'unavailable']);
  expect([...possible].filter((code) => !(code in NOTES))).toEqual([]);
  expect(Object.keys(NOTES).filter((code) => !possible.has(code))).toEqual([]);
});

test('every address of the service is in the table of endpoints', () => {
  const routes = [...read('scim/routes.ts').matchAll(/^ {2}'(\/[\w.]+(?:\/\.search)?)': \{/gm)].map(
    (match) => match[1]!,
  );
  expect(routes.length).toBeGreaterThan(8);
  for (const route of routes) expect(scim).toContain(`\`${route}\``);
});

test.each(['docs/scim.md', 'docs/setup-entra.md', 'docs/setup-okta.md'])('the links of %s lead somewhere', (path) => {
  const text = read(path);
  const headings = (body: string) =>
    [...body.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
      title!
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    );
  const links = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map((match) => match[1]!);
  expect(links.length).toBeGreaterThan(1);
  for (const link of links) {
    const [file, anchor] = link.split('#');
    const target = file ? read(`docs/${file}`) : text;
    if (anchor) expect([link, headings(target)]).toEqual([link, expect.arrayContaining([anchor])]);
  }
});
