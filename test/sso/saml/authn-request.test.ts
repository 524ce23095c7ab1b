// AuthnRequests, read back by other means than those that wrote them.
import { verify as verifyBytes } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { SignedXml } from 'xml-crypto';
import { createAuthnRequest, type SamlSignOn } from '../../../sso/saml/authn-request.ts';
import { samlEndpoints } from '../../../sso/saml/connection.ts';
import { attribute, child, parseXml } from '../../../sso/saml/dom.ts';
import { SAML } from '../../support/saml-idp.ts';
import { ACS_URL, KEYS, NOW, pem, SP_ENTITY_ID } from './company.ts';

const SSO_URL = 'https://idp.acme.test/sso';
const signing = { privateKey: pem(KEYS.sp), certificate: KEYS.sp.certificate };

function ask(changes: Partial<SamlSignOn> = {}, options: { relayState?: string; forceAuthn?: boolean } = {}) {
  const signOn: SamlSignOn = {
    spEntityId: SP_ENTITY_ID,
    acsUrl: ACS_URL,
    ssoUrl: SSO_URL,
    binding: 'redirect',
    nameIdFormat: undefined,
    authnContexts: [],
    signing: undefined,
    ...changes,
  };
  const request = createAuthnRequest(signOn, { relayState: 'state-1', forceAuthn: false, now: NOW, ...options });
  const message =
    request.binding === 'redirect'
      ? inflateRawSync(Buffer.from(new URL(request.url).searchParams.get('SAMLRequest') ?? '', 'base64')).toString()
      : Buffer.from(request.form.fields.SAMLRequest ?? '', 'base64').toString();
  return { request, message, root: parseXml(message).documentElement };
}

describe('an AuthnRequest', () => {
  test('names us, the addresses, the time and an ID of its own', () => {
    const { request, root } = ask();
    const names = [
      'ID',
      'Version',
      'IssueInstant',
      'Destination',
      'AssertionConsumerServiceURL',
      'ProtocolBinding',
      'ForceAuthn',
    ];
    expect(names.map((name) => attribute(root, name))).toEqual([
      request.id,
      '2.0',
      '2026-11-21T12:00:30.000Z',
      'https://idp.acme.test/sso',
      'https://drawbridge.test/sso/saml/acme/acs',
      'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
      undefined,
    ]);
    expect(child(root, SAML.assertion, 'Issuer')?.textContent).toBe('https://drawbridge.test/sso/saml/acme/metadata');
    expect(ask().request.id).not.toBe(request.id);
    expect(request.id).toMatch(/^_[0-9a-f-]{36}$/);
  });

  test('asks for a fresh sign-in, a NameID format and authentication contexts when told', () => {
    const { root } = ask({ nameIdFormat: 'urn:f', authnContexts: ['urn:a', 'urn:b'] }, { forceAuthn: true });
    expect(attribute(root, 'ForceAuthn')).toBe('true');
    expect(attribute(child(root, SAML.protocol, 'NameIDPolicy') as Element, 'Format')).toBe('urn:f');
    const contexts = child(root, SAML.protocol, 'RequestedAuthnContext') as Element;
    expect([attribute(contexts, 'Comparison'), contexts.textContent]).toEqual(['exact', 'urn:aurn:b']);
  });

  test('escapes what an admin has typed, placeholders of template engines included', () => {
    const { root } = ask({ nameIdFormat: '"><x/>&{ID}' });
    expect(attribute(child(root, SAML.protocol, 'NameIDPolicy') as Element, 'Format')).toBe('"><x/>&{ID}');
  });

  test('by redirect keeps the query that the address has, and carries RelayState', () => {
    const { request } = ask({ ssoUrl: `${SSO_URL}?tenant=1` });
    const url = new URL(request.binding === 'redirect' ? request.url : '');
    expect([...url.searchParams.keys()]).toEqual(['tenant', 'SAMLRequest', 'RelayState']);
    expect(url.searchParams.get('RelayState')).toBe('state-1');
  });

  test('by redirect is signed over the query as it stands', () => {
    const { request } = ask({ signing });
    const query = request.binding === 'redirect' ? (request.url.split('?')[1] ?? '') : '';
    const [covered = '', signature = ''] = query.split('&Signature=');
    expect(new URLSearchParams(query).get('SigAlg')).toBe('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256');
    const value = Buffer.from(decodeURIComponent(signature), 'base64');
    expect(verifyBytes('sha256', Buffer.from(covered), KEYS.sp.certificate, value)).toBe(true);
  });

  test('by POST is a form whose message is signed', () => {
    const { request, message, root } = ask({ binding: 'post', signing });
    expect(request).toMatchObject({ form: { action: SSO_URL, fields: { RelayState: 'state-1' } } });
    const signature = child(root, SAML.ds, 'Signature') as Element;
    expect(signature.previousSibling?.nodeName).toBe('saml:Issuer');
    const engine = new SignedXml({ publicCert: KEYS.sp.certificate });
    engine.loadSignature(signature);
    expect(engine.checkSignature(message)).toBe(true);
  });

  test('refuses a RelayState of more than 80 bytes', () => {
    expect(() => ask({}, { relayState: 'ä'.repeat(41) })).toThrow(RangeError);
    expect(() => ask({}, { relayState: 'ä'.repeat(40) })).not.toThrow();
  });
});

test('the addresses of a connection carry its id', () => {
  expect(samlEndpoints('https://drawbridge.test', 'acme')).toEqual({
    spEntityId: SP_ENTITY_ID,
    acsUrl: ACS_URL,
    sloUrl: 'https://drawbridge.test/sso/saml/acme/slo',
  });
});
