// Our login theme: named by content, packed as a jar, and on the real login page.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeRealm } from './keycloak-setup.ts';
import { createBrowser, startSignIn } from './open-session.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LOGIN = join(ROOT, 'keycloak-theme', 'drawbridge', 'login');

let realm: Awaited<ReturnType<typeof makeRealm>>;
beforeAll(async () => {
  realm = await makeRealm();
});
afterAll(() => realm[Symbol.asyncDispose]());

test('the style sheet is named by its content, since browsers keep it for a month', () => {
  const [name, ...others] = readdirSync(join(LOGIN, 'resources', 'css'));
  expect(others).toEqual([]);
  const hash = createHash('sha256')
    .update(readFileSync(join(LOGIN, 'resources', 'css', name!)))
    .digest('hex')
    .slice(0, 12);
  expect(name).toBe(`drawbridge-${hash}.css`);
  expect(readFileSync(join(LOGIN, 'theme.properties'), 'utf8')).toContain(`css/${name}`);
});

test('Keycloak serves the login page with our style, our name and the way to the company', async () => {
  const start = await startSignIn({ realm });
  const { status, page } = await createBrowser().go(start.url);
  expect(status).toBe(200);
  expect(page).toContain('href="http://127.0.0.1:9/sso/start"');
  expect(page).toContain('Drawbridge');
  const style = /href="([^"]*drawbridge-[0-9a-f]{12}\.css)"/.exec(page)?.[1];
  const response = await fetch(new URL(style!, realm.adminUrl));
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('--db-accent');
});

test('the link to the company carries the address that was typed', async () => {
  // Only a realm with organizations asks for the address first.
  await realm.root.call((api) => api.organizations.create({ name: 'acme', alias: 'acme', enabled: true }));
  const start = await startSignIn({ realm });
  const browser = createBrowser();
  const { page } = await browser.go(start.url);
  const next = await browser.submit(page, { username: "o'neil+x@else.example" });
  expect(next.page).toContain('/sso/start?email=o&#39;neil%2Bx%40else.example');
});

test('a page of Keycloak that says what went wrong says what to do, too', async () => {
  const { url } = await startSignIn({ realm });
  const unknown = await createBrowser().go(url.replace('client_id=test-app', 'client_id=nobody'));
  expect(unknown.page).toContain('not known here. Open it anew and sign in from there');
  const elsewhere = await createBrowser().go(url.replace('callback', 'elsewhere'));
  expect(elsewhere.page).toContain('(redirect_uri). Open it anew and sign in from there');
});

test('the jar holds the theme and the list that Keycloak reads, the same bytes each time', () => {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-theme-'));
  try {
    const [one, two] = ['one.jar', 'two.jar'].map((name) => {
      execFileSync(process.execPath, [join(ROOT, 'scripts', 'pack-theme.mjs'), join(folder, name)]);
      return readFileSync(join(folder, name));
    });
    expect(one!.equals(two!)).toBe(true);
    const files = unzip(one!);
    expect(JSON.parse(files.get('META-INF/keycloak-themes.json')!)).toEqual({
      themes: [{ name: 'drawbridge', types: ['email', 'login'] }],
    });
    expect(files.get('theme/drawbridge/login/theme.properties')).toBe(
      readFileSync(join(LOGIN, 'theme.properties'), 'utf8'),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Reads a zip by its central directory. */
function unzip(jar: Buffer): Map<string, string> {
  const files = new Map<string, string>();
  const end = jar.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  let at = jar.readUInt32LE(end + 16);
  for (let left = jar.readUInt16LE(end + 10); left > 0; left--) {
    const [packed, nameLength, extra, comment] = [
      jar.readUInt32LE(at + 20),
      jar.readUInt16LE(at + 28),
      jar.readUInt16LE(at + 30),
      jar.readUInt16LE(at + 32),
    ];
    const name = jar.toString('utf8', at + 46, at + 46 + nameLength);
    const local = jar.readUInt32LE(at + 42);
    const start = local + 30 + jar.readUInt16LE(local + 26) + jar.readUInt16LE(local + 28);
    files.set(name, inflateRawSync(jar.subarray(start, start + packed)).toString('utf8'));
    at += 46 + nameLength + extra + comment;
  }
  return files;
}
