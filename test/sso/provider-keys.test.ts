// The keys of our provider follow each other, in two processes that live side by side behind one address: what one of
// them begins the other finishes, whichever keys there are.
import fc from 'fast-check';
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ScriptedBrowser } from '../../src/dev/scripted-browser.ts';
import { dueKeyChanges, type SigningKeyTimes } from '../../sso/provider/signing-key.ts';
import { rotateSigningKeys } from '../../sso/provider/signing-keys.ts';
import { type Bridge, startBridge } from './support/bridge.ts';
import { type SamlCompany, startSamlCompany } from './support/saml-company.ts';

const HOUR = 3600 * 1000;
const DAY = 24 * HOUR;

let bridge: Bridge;
let company: SamlCompany;

beforeAll(async () => {
  bridge = await startBridge({ processes: 2 });
  company = await startSamlCompany({ nameId: 'alice', email: 'alice@acme.test' });
  const acme = await bridge.make.organization('acme', 'acme.test');
  await bridge.make.connection(acme.id, { protocol: 'saml', jit: 'on', metadataXml: company.metadataXml() });
});
afterAll(async () => {
  await company?.stop();
  await bridge?.[Symbol.asyncDispose]();
});

/** The key id of the ID token of a whole sign-in; its signature was verified with the published set. */
async function signedWith(): Promise<string> {
  const { answer, page } = await bridge.signIn(new ScriptedBrowser(), 'sso-acme');
  if (!answer || answer.error !== undefined) throw new Error(page.html);
  return String(decodeProtectedHeader(answer.idToken).kid);
}

async function published(): Promise<string[]> {
  const sets = [];
  for (const _process of [1, 2]) sets.push(await (await fetch(`${bridge.baseUrl}/oidc/jwks`)).json());
  expect(sets[0]).toEqual(sets[1]);
  return sets[0].keys.map(({ kid }: { kid: string }) => kid);
}

const rotate = () => rotateSigningKeys(bridge.deps, bridge.deps.config.secretKey);
/** Makes the keys so much older, and has both processes look again. */
async function pass(ms: number): Promise<void> {
  await bridge.rows(
    `update signing_key set created_at = created_at - i, current_since = current_since - i, retired_at = retired_at - i
      from (select $1 * interval '1 millisecond' as i) as shift`,
    [ms],
  );
  bridge.later.ms += 60_000;
  company.aheadMs = bridge.later.ms;
}

test('a key is published a day before it signs and kept half a day after, while sign-ins go on', async () => {
  const first = await signedWith();
  expect(await rotate()).toEqual([]);
  await pass(29 * DAY);
  expect((await Promise.all([rotate(), rotate()])).flat()).toEqual(['make']);
  await pass(HOUR);
  const [current, next] = await published();
  expect(current).toBe(first);
  expect(await signedWith()).toBe(first);
  await pass(22 * HOUR);
  expect(await rotate()).toEqual([]);
  await pass(2 * HOUR);
  expect((await Promise.all([rotate(), rotate()])).flat()).toEqual(['promote']);
  await pass(HOUR);
  expect(await signedWith()).toBe(next);
  expect(await published()).toEqual([next, first]);
  await pass(10 * HOUR);
  expect(await rotate()).toEqual(['drop']);
  await pass(HOUR);
  expect(await published()).toEqual([next]);
});

test('the published set says nothing private and how long it may be kept', async () => {
  const answer = await fetch(`${bridge.baseUrl}/oidc/jwks`);
  expect(answer.headers.get('cache-control')).toBe('public, max-age=3600');
  const { keys } = (await answer.json()) as { keys: object[] };
  for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
});

test('a sign-in that begins at one process ends at the other, also across a change of keys', async () => {
  company.withholds = true;
  const browser = new ScriptedBrowser();
  const asked = bridge.keycloakAsks('sso-acme');
  await browser.open(asked.url);
  company.withholds = false;
  const away = browser.takeHops().find((hop) => hop.url.startsWith(company.ssoUrl))!;
  await pass(40 * DAY);
  await rotate();
  await pass(2 * DAY);
  expect(await rotate()).toEqual(['promote']);
  await pass(HOUR);
  const page = await browser.open(away.url);
  expect(await bridge.keycloakGets(asked, page)).toHaveProperty('claims.email', 'alice@acme.test');
});

/** Applies what is due at a time, as the store does. */
function applied(keys: readonly SigningKeyTimes[], now: Date, id: string): SigningKeyTimes[] {
  let after = [...keys];
  for (const change of dueKeyChanges(keys, now)) {
    if (change.kind === 'drop') after = after.filter((key) => key.id !== change.id);
    else if (change.kind === 'make') {
      const currentSince = change.status === 'current' ? now : undefined;
      after.push({ id, status: change.status, createdAt: now, currentSince, retiredAt: undefined });
    } else {
      after = after.map((key) => {
        if (key.id === change.retires) return { ...key, status: 'retired', retiredAt: now };
        return key.id === change.id ? { ...key, status: 'current', currentSince: now } : key;
      });
    }
  }
  return after;
}

test('whenever the clock asks: one key signs, none unpublished, none that was needed is gone, and nothing is left to do', () => {
  const pauses = fc.array(fc.integer({ min: 1, max: 40 * 24 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(pauses, (hours) => {
      let keys: SigningKeyTimes[] = [];
      let now = new Date('2026-01-01T00:00:00Z');
      for (const [at, pause] of [0, ...hours].entries()) {
        now = new Date(now.getTime() + pause * HOUR);
        const before = keys;
        keys = applied(keys, now, `key-${at}`);
        const age = (since: Date | undefined) => now.getTime() - (since ?? now).getTime();
        const signing = keys.filter(({ status }) => status === 'current');
        expect(signing).toHaveLength(1);
        const [current] = signing;
        if (before.length > 0 && current?.currentSince === now)
          expect(age(current.createdAt)).toBeGreaterThanOrEqual(DAY);
        for (const gone of before.filter(({ id }) => !keys.some((key) => key.id === id))) {
          expect(age(gone.retiredAt)).toBeGreaterThanOrEqual(10 * HOUR);
        }
        expect(dueKeyChanges(keys, now)).toEqual([]);
      }
    }),
  );
});
