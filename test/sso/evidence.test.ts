// Evidence: the same facts from both protocols, and the five states of a group list.
import { describe, expect, test } from 'vitest';
import {
  type Evidence,
  type EvidenceSettings,
  oidcEvidence,
  type SamlStatement,
  samlEvidence,
} from '../../sso/evidence.ts';

const generic: EvidenceSettings = { preset: 'generic', names: {}, kept: [] };
const entra: EvidenceSettings = { preset: 'entra', names: {}, kept: [] };
const XMLSOAP = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
const MICROSOFT_GROUPS = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups';

function saml(attributes: Record<string, string[]>, nameId = 'alice', format?: string): SamlStatement {
  const entries = Object.entries(attributes).map(
    ([name, values]) => [name, { name, friendlyName: undefined, values }] as const,
  );
  return { nameId: { value: nameId, format }, attributes: new Map(entries) };
}

const nothing = (state: Evidence['groups']['state']) => ({ state, values: [] });
const list = (...values: string[]) => ({ state: 'list' as const, values });

describe('groups by SAML', () => {
  const cases: readonly (readonly [
    what: string,
    attributes: Record<string, string[]>,
    groups: Evidence['groups'],
    settings?: EvidenceSettings,
  ])[] = [
    ['several values', { groups: ['a', 'b'] }, list('a', 'b')],
    ['one value', { groups: ['a'] }, list('a')],
    ['another usual name', { memberOf: ['a'] }, list('a')],
    ['no value', { groups: [] }, nothing('empty')],
    ['one blank value', { groups: [' '] }, nothing('empty')],
    ['no attribute', { mail: ['x@y.test'] }, nothing('absent')],
    ['blanks around and doubles', { groups: [' a', 'a ', 'b'] }, list('a', 'b')],
    ['two Unicode forms of one name', { groups: ['caf\u00e9', 'cafe\u0301'] }, list('caf\u00e9')],
    ['paths and distinguished names as they are', { groups: ['/a/b', 'CN=x,OU=y'] }, list('/a/b', 'CN=x,OU=y')],
    [
      '2,000 values',
      { groups: Array.from({ length: 2000 }, (_, i) => `g${i}`) },
      list(...Array.from({ length: 2000 }, (_, i) => `g${i}`)),
    ],
    ['2,001 values', { groups: Array.from({ length: 2001 }, (_, i) => `g${i}`) }, nothing('invalid')],
    ['a value of 513 characters', { groups: ['x'.repeat(513)] }, nothing('invalid')],
    [
      'the name that an admin has set',
      { teams: ['a'], groups: ['b'] },
      list('a'),
      { ...generic, names: { groups: 'teams' } },
    ],
    [
      'the name that an admin has set is not there',
      { groups: ['b'] },
      nothing('absent'),
      { ...generic, names: { groups: 'teams' } },
    ],
    ["Entra's claim", { [MICROSOFT_GROUPS]: ['id-1'] }, list('id-1'), entra],
    [
      "Entra's overage",
      { 'http://schemas.microsoft.com/claims/groups.link': ['https://graph.windows.net/x'] },
      nothing('overage'),
      entra,
    ],
    [
      "Entra's overage beside a list",
      { [MICROSOFT_GROUPS]: ['id-1'], 'http://schemas.microsoft.com/claims/groups.link': ['x'] },
      nothing('overage'),
      entra,
    ],
    ['names of object properties', { constructor: ['x'] }, nothing('absent')],
  ];
  for (const [what, attributes, groups, settings] of cases) {
    test(`${what}: ${groups.state}`, () => {
      expect(samlEvidence(saml(attributes), settings ?? generic).groups).toEqual(groups);
    });
  }

  test('are found by friendly name', () => {
    const attributes = new Map([['urn:oid:9', { name: 'urn:oid:9', friendlyName: 'memberOf', values: ['a'] }]]);
    expect(samlEvidence({ nameId: { value: 'x', format: undefined }, attributes }, generic).groups).toEqual(list('a'));
  });
});

describe('groups by OpenID Connect', () => {
  const cases: readonly (readonly [what: string, claims: Record<string, unknown>, groups: Evidence['groups']])[] = [
    ['a list', { groups: ['a', 'b'] }, list('a', 'b')],
    ['one text', { groups: 'a' }, list('a')],
    ['an empty list', { groups: [] }, nothing('empty')],
    ['an empty text', { groups: '' }, nothing('empty')],
    ['no claim', {}, nothing('absent')],
    ['null', { groups: null }, nothing('absent')],
    ['an object', { groups: { a: 1 } }, nothing('invalid')],
    ['a number among texts', { groups: ['a', 1] }, nothing('invalid')],
    ['a list in a list', { groups: [['a']] }, nothing('invalid')],
    ['2,001 values', { groups: Array.from({ length: 2001 }, (_, i) => `g${i}`) }, nothing('invalid')],
    [
      "Entra's overage",
      { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'x' } } },
      nothing('overage'),
    ],
    ["Entra's overage without a pointer", { hasgroups: true }, nothing('overage')],
    ["Entra's pointer to something else", { _claim_names: { roles: 'src1' } }, nothing('absent')],
    ['a claim that is an inherited property', JSON.parse('{"__proto__": {"groups": ["a"]}}'), nothing('absent')],
  ];
  for (const [what, claims, groups] of cases) {
    test(`${what}: ${groups.state}`, () => {
      expect(oidcEvidence(claims, generic).groups).toEqual(groups);
    });
  }
});

describe('the person by SAML', () => {
  test('of Entra', () => {
    const attributes = {
      [`${XMLSOAP}/emailaddress`]: ['ada@acme.test'],
      [`${XMLSOAP}/name`]: ['ada@acme.onmicrosoft.com'],
      [`${XMLSOAP}/givenname`]: ['Ada'],
      [`${XMLSOAP}/surname`]: ['Lovelace'],
      'http://schemas.microsoft.com/identity/claims/objectidentifier': ['oid-1'],
    };
    expect(samlEvidence(saml(attributes), entra)).toEqual({
      groups: nothing('absent'),
      address: 'ada@acme.test',
      addressVerified: false,
      givenName: 'Ada',
      familyName: 'Lovelace',
      immutableId: 'oid-1',
      userName: 'ada@acme.onmicrosoft.com',
      attributes: new Map(),
    });
  });

  test('takes the NameID as address only in the address format, as user name unless it is opaque', () => {
    const format = (name: string) => `urn:oasis:names:tc:SAML:${name}`;
    const of = (value: string, name?: string) => {
      const { address, userName } = samlEvidence(saml({}, value, name && format(name)), generic);
      return [address, userName];
    };
    expect(of('ada@acme.test', '1.1:nameid-format:emailAddress')).toEqual(['ada@acme.test', 'ada@acme.test']);
    expect(of('ada@acme.test', '1.1:nameid-format:unspecified')).toEqual([undefined, 'ada@acme.test']);
    expect(of('ada@acme.test')).toEqual([undefined, 'ada@acme.test']);
    expect(of('G-123', '2.0:nameid-format:persistent')).toEqual([undefined, undefined]);
    expect(of('_123', '2.0:nameid-format:transient')).toEqual([undefined, undefined]);
  });

  test('has no address where the attribute holds none', () => {
    expect(samlEvidence(saml({ email: ['n/a'] }), generic).address).toBeUndefined();
    expect(samlEvidence(saml({ email: ['a@b@c'] }), generic).address).toBeUndefined();
    expect(samlEvidence(saml({ email: [`${'a'.repeat(250)}@b.test`] }), generic).address).toBeUndefined();
  });

  test.each(["o'brien+x@acme.test", 'jürgen@acme.test', '用户@例子.测试', 'a!#$%&*/=?^_`{|}~-@acme.test'])(
    'takes the address %s',
    (address) => {
      expect(samlEvidence(saml({ email: [address] }), generic).address).toBe(address);
      expect(oidcEvidence({ email: address }, generic).address).toBe(address);
    },
  );

  test.each([
    'mailto:ada@acme.test',
    'Ada <ada@acme.test>',
    'eve,ada@acme.test',
    'eve;ada@acme.test',
    '"ada"@acme.test',
    'ada(eve)@acme.test',
    'ada\\@acme.test',
    'ada@[127.0.0.1]',
    'ada\u0001@acme.test',
    'ada\u200b@acme.test',
    'ada\u202e@acme.test',
    'ada@acme.test\u00ad',
    'ada@\ufeffacme.test',
  ])('takes no address that is read or seen otherwise: %j', (address) => {
    expect(samlEvidence(saml({ email: [address] }), generic).address).toBeUndefined();
    expect(oidcEvidence({ email: address }, generic).address).toBeUndefined();
  });
});

describe('the person by OpenID Connect', () => {
  test('of any provider', () => {
    const claims = {
      sub: 's-1',
      email: ' ada@acme.test ',
      email_verified: true,
      given_name: 'Ada',
      family_name: 'L',
      preferred_username: 'ada',
    };
    expect(oidcEvidence(claims, generic)).toEqual({
      groups: nothing('absent'),
      address: 'ada@acme.test',
      addressVerified: true,
      givenName: 'Ada',
      familyName: 'L',
      immutableId: 's-1',
      userName: 'ada',
      attributes: new Map(),
    });
  });

  test('of Entra is known by the object id and by nothing else', () => {
    expect(oidcEvidence({ sub: 'pairwise', oid: 'oid-1' }, entra).immutableId).toBe('oid-1');
    expect(oidcEvidence({ sub: 'pairwise' }, entra).immutableId).toBeUndefined();
  });

  test.each([
    [{ email_verified: true }, true],
    [{ email_verified: 'true' }, true],
    [{ email_verified: 'false' }, false],
    [{ email_verified: 1 }, false],
    [{ xms_edov: true }, true],
    [{ xms_edov: '1' }, true],
    [{ xms_edov: 1 }, true],
    [{ xms_edov: 0 }, false],
    [{}, false],
  ])('with %j: the address is verified: %s', (claims, verified) => {
    expect(oidcEvidence({ email: 'ada@acme.test', ...claims }, generic).addressVerified).toBe(verified);
    expect(oidcEvidence(claims, generic).addressVerified).toBe(false);
  });
});
