// What is taken of a company's side by itself, for any history of what it publishes.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeCertificates, nextRefresh, oidcChanges, samlChanges } from '../../sso/connections/company-side.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START = Date.parse('2026-11-22T00:00:00Z');

const publications = fc.array(
  fc.record({
    hours: fc.integer({ min: 1, max: 200 }),
    found: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'), {
      minLength: 1,
      maxLength: 10,
    }),
  }),
  { maxLength: 30 },
);

test('every published certificate serves, one that vanished serves a week more, and none longer', () => {
  fc.assert(
    fc.property(publications, (history) => {
      let at = START;
      let certificates: string[] = ['a'];
      let absent: ReadonlyMap<string, Date> = new Map();
      const lastSeen = new Map<string, number>([['a', at]]);
      const firstMissed = new Map<string, number>();
      for (const { hours, found } of history) {
        at += hours * HOUR_MS;
        ({ certificates, absent } = mergeCertificates(certificates, found, absent, new Date(at)));
        for (const one of found) {
          lastSeen.set(one, at);
          firstMissed.delete(one);
        }
        for (const one of lastSeen.keys())
          if (!(found as string[]).includes(one) && !firstMissed.has(one)) firstMissed.set(one, at);
        expect(certificates.slice(0, found.length)).toEqual(found);
        expect(certificates.length).toBeLessThanOrEqual(10);
        expect(new Set(certificates).size).toBe(certificates.length);
        const vanished = certificates.slice(found.length);
        expect([...absent.keys()].sort()).toEqual([...vanished].sort());
        for (const one of vanished) expect(at - (firstMissed.get(one) ?? 0)).toBeLessThan(7 * DAY_MS);
        const young = [...firstMissed].filter(([, since]) => at - since < 7 * DAY_MS);
        if (found.length + young.length <= 10) expect(vanished.sort()).toEqual(young.map(([one]) => one).sort());
      }
    }),
  );
});

test('reading again is never sooner than in an hour, nor later than in a day', () => {
  const now = new Date(START);
  fc.assert(
    fc.property(
      fc.option(fc.integer({ min: 0, max: 10 ** 9 }), { nil: undefined }),
      fc.option(fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }), { nil: undefined }),
      (cacheSeconds, validUntil) => {
        const wait = nextRefresh(now, { cacheSeconds, validUntil }).getTime() - START;
        expect(wait).toBeGreaterThanOrEqual(HOUR_MS);
        expect(wait).toBeLessThanOrEqual(DAY_MS);
      },
    ),
  );
});

describe('what waits for somebody’s word', () => {
  const idp = {
    idpEntityId: 'https://idp.test',
    ssoUrl: 'https://sso.idp.test/a',
    ssoBinding: 'redirect' as const,
    certificates: ['x'],
    sloBinding: 'redirect' as const,
  };
  const fieldsOf = (changes: readonly { field: string }[]) => changes.map(({ field }) => field);

  test.each<[string, object, object, string[]]>([
    ['nothing', {}, {}, []],
    ['another path, certificate and binding', {}, { ssoUrl: 'https://sso.idp.test/b', certificates: ['y'] }, []],
    ['another port', {}, { ssoUrl: 'https://sso.idp.test:8443/a' }, ['signOnHost']],
    ['a logout address on a known host', {}, { sloUrl: 'https://sso.idp.test/logout' }, []],
    ['a logout address elsewhere', {}, { sloUrl: 'https://evil.test/logout' }, ['logoutHost']],
    ['a logout address that moves', { sloUrl: 'https://a.test/x' }, { sloUrl: 'https://b.test/x' }, ['logoutHost']],
    ['a logout address that goes', { sloUrl: 'https://a.test/x' }, { sloUrl: undefined }, []],
    ['everything', {}, { idpEntityId: 'e', ssoUrl: 'https://evil.test' }, ['entityId', 'signOnHost']],
  ])('of SAML metadata: %s', (_what, before, after, expected) => {
    expect(fieldsOf(samlChanges({ ...idp, ...before }, { ...idp, ...before, ...after }))).toEqual(expected);
  });

  const side = (changes: Record<string, string> = {}) => ({
    issuer: 'https://idp.test',
    discovery: {
      authorization_endpoint: 'https://idp.test/a',
      token_endpoint: 'https://api.idp.test/t',
      jwks_uri: 'https://idp.test/k',
      ...changes,
    },
  });

  test.each<[string, Record<string, string>, string[]]>([
    ['other paths', { token_endpoint: 'https://api.idp.test/new' }, []],
    ['an endpoint more on a known host', { userinfo_endpoint: 'https://api.idp.test/u' }, []],
    ['an endpoint more elsewhere', { end_session_endpoint: 'https://evil.test/e' }, ['end_session_endpoint']],
    ['an endpoint that moves to another known host', { token_endpoint: 'https://idp.test/t' }, ['token_endpoint']],
    ['no endpoint at all', { op_policy_uri: 'https://evil.test' }, []],
  ])('of discovery: %s', (_what, changes, expected) => {
    expect(fieldsOf(oidcChanges(side(), side(changes)))).toEqual(expected);
  });
});
