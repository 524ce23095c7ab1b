// Discovery documents as providers publish them, and what is kept of one.
import { describe, expect, test } from 'vitest';
import { discoveryUrlOf, issuerOf, readDiscovery, servesEveryTenant } from '../../../sso/oidc/discovery-document.ts';

const ENTRA = 'https://login.microsoftonline.com';
const TENANT = '8f3a1c5e-0f6b-4d1e-9a57-2f1f7a3f5b21';

const document = (issuer: string, changes: object = {}) =>
  JSON.stringify({
    issuer,
    authorization_endpoint: 'https://idp.test/authorize',
    token_endpoint: 'https://idp.test/token',
    jwks_uri: 'https://idp.test/keys',
    ...changes,
  });

describe("Microsoft's issuers", () => {
  test('of one tenant are as the document writes them', () => {
    const issuer = `${ENTRA}/${TENANT}/v2.0`;
    expect(readDiscovery(document(issuer), issuer)).toMatchObject({ ok: true, issuer });
    expect(servesEveryTenant(issuer)).toBe(false);
  });

  test.each(['common', 'organizations'])('of every tenant (%s) have a place for it in the document', (shared) => {
    const issuer = `${ENTRA}/${shared}/v2.0`;
    expect(readDiscovery(document(`${ENTRA}/{tenantid}/v2.0`), issuer)).toMatchObject({ ok: true, issuer });
    expect(servesEveryTenant(issuer)).toBe(true);
  });

  test('have that place nowhere else', () => {
    const read = readDiscovery(document(`${ENTRA}/{tenantid}/v2.0`), `${ENTRA}/${TENANT}/v2.0`);
    expect(read).toMatchObject({ ok: false, detail: expect.stringContaining('names the issuer') });
    expect(readDiscovery(document('https://evil.test/{tenantid}'), 'https://evil.test/common/')).toMatchObject({
      ok: false,
    });
  });
});

test('what is kept is bounded, and of three kinds', () => {
  const kept = {
    claims_supported: ['sub', 'email'],
    request_parameter_supported: false,
    end_session_endpoint: 'https://idp.test/logout',
  };
  const dropped = {
    mtls_endpoint_aliases: { token_endpoint: 'https://idp.test/mtls' },
    numbers: [1, 2],
    op_policy_uri: 'x'.repeat(3000),
    scopes_supported: Array.from({ length: 101 }, () => 'x'),
    'Not A Name': 'x',
  };
  const read = readDiscovery(document('https://idp.test', { ...kept, ...dropped }), 'https://idp.test');
  expect(read.ok && Object.keys(read.document).sort()).toEqual(
    ['authorization_endpoint', 'issuer', 'jwks_uri', 'token_endpoint', ...Object.keys(kept)].sort(),
  );
});

test('an issuer and the address of its document lead to each other', () => {
  for (const issuer of ['https://idp.test', 'https://idp.test/realms/acme']) {
    expect(discoveryUrlOf(issuer)).toBe(`${issuer}/.well-known/openid-configuration`);
    expect(issuerOf(discoveryUrlOf(issuer))).toBe(issuer);
  }
  expect(discoveryUrlOf('https://idp.test/')).toBe('https://idp.test/.well-known/openid-configuration');
});
