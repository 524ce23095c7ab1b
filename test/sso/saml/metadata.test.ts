// Metadata: ours read by samlify, an identity provider's read by us.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { SPMetadata } from 'samlify';
import { describe, expect, test } from 'vitest';
import { parseIdpMetadata } from '../../../sso/saml/idp-metadata.ts';
import { createSamlKeyPair, selfSignedCertificate } from '../../../sso/saml/key-pair.ts';
import { type SpMetadata, spMetadataXml } from '../../../sso/saml/sp-metadata.ts';
import { ACS_URL, KEYS, SP_ENTITY_ID } from './company.ts';

const MD = 'urn:oasis:names:tc:SAML:2.0:metadata';
const REDIRECT = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect';
const POST = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST';

describe('our metadata', () => {
  const sp: SpMetadata = {
    spEntityId: SP_ENTITY_ID,
    acsUrl: ACS_URL,
    sloUrl: 'https://drawbridge.test/sso/saml/acme/slo',
    nameIdFormat: 'urn:f',
    signsRequests: true,
    wantsSignedAssertions: true,
    signingCertificates: [KEYS.sp.certificate],
    encryptionCertificates: [KEYS.sp.certificate, KEYS.next.certificate],
  };

  test('says entity ID, address, certificates and what is signed', () => {
    const read = SPMetadata(spMetadataXml(sp));
    expect(read.getEntityID()).toBe('https://drawbridge.test/sso/saml/acme/metadata');
    expect(read.getAssertionConsumerService('post')).toBe('https://drawbridge.test/sso/saml/acme/acs');
    expect(read.getSingleLogoutService('redirect')).toBe('https://drawbridge.test/sso/saml/acme/slo');
    expect(read.getSingleLogoutService('post')).toBe('https://drawbridge.test/sso/saml/acme/slo');
    expect(read.isAuthnRequestSigned()).toBe(true);
    expect(read.isWantAssertionsSigned()).toBe(true);
    expect(read.getX509Certificate('signing')).toBe(KEYS.sp.base64);
    expect(read.getX509Certificate('encryption')).toEqual([KEYS.sp.base64, KEYS.next.base64]);
  });

  test('names no logout address while there is no key to sign logout messages with', () => {
    expect(spMetadataXml({ ...sp, sloUrl: undefined })).not.toContain('SingleLogoutService');
  });
});

const keyOf = (base64: string, use = 'signing') =>
  `<md:KeyDescriptor${use && ` use="${use}"`}><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>\n${base64}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`;
const service = (name: string, binding: string, url: string) => `<md:${name} Binding="${binding}" Location="${url}"/>`;
const SSO = service('SingleSignOnService', REDIRECT, 'https://idp.test/sso');

function entity(inside: string, attributes = '', entityId = 'https://idp.test') {
  return `<md:EntityDescriptor xmlns:md="${MD}" entityID="${entityId}"${attributes}><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"${attributes && ' WantAuthnRequestsSigned="true"'}>${inside}</md:IDPSSODescriptor></md:EntityDescriptor>`;
}

describe("an identity provider's metadata", () => {
  test('is read whole', () => {
    const xml = `<?xml version="1.0" encoding="UTF-8"?><!-- published --><?x y?>${entity(
      keyOf(KEYS.idp.base64) +
        keyOf(KEYS.next.base64) +
        keyOf(KEYS.stranger.base64, 'encryption') +
        service('SingleLogoutService', POST, 'https://idp.test/slo') +
        '<md:NameIDFormat>urn:f</md:NameIDFormat>' +
        SSO +
        service('SingleSignOnService', POST, 'https://idp.test/post'),
      ' validUntil="2027-01-01T00:00:00Z"',
    )}`;
    expect(parseIdpMetadata(xml)).toEqual({
      ok: true,
      entityId: 'https://idp.test',
      ssoRedirectUrl: 'https://idp.test/sso',
      ssoPostUrl: 'https://idp.test/post',
      slo: { url: 'https://idp.test/slo', binding: 'post', responseUrl: undefined },
      wantsSignedRequests: true,
      certificates: [KEYS.idp, KEYS.next].map(({ certificate }) => new X509Certificate(certificate).toString()),
      nameIdFormats: ['urn:f'],
      validUntil: new Date('2027-01-01T00:00:00Z'),
    });
  });

  test('takes logout by redirect where both bindings are there, and an address of its own for answers', () => {
    const both =
      service('SingleLogoutService', POST, 'https://idp.test/slo-post') +
      `<md:SingleLogoutService Binding="${REDIRECT}" Location="https://idp.test/slo" ResponseLocation="https://idp.test/answers"/>`;
    expect(parseIdpMetadata(entity(keyOf(KEYS.idp.base64) + SSO + both))).toMatchObject({
      slo: { url: 'https://idp.test/slo', binding: 'redirect', responseUrl: 'https://idp.test/answers' },
    });
  });

  test('keeps every certificate without a use, each once', () => {
    const keys = keyOf(KEYS.idp.base64, '') + keyOf(KEYS.next.base64, '') + keyOf(KEYS.idp.base64, '');
    const read = parseIdpMetadata(entity(keys + SSO));
    expect(read.ok && read.certificates).toHaveLength(2);
  });

  test('is found in a federation of one provider', () => {
    const sp = `<md:EntityDescriptor entityID="sp"><md:SPSSODescriptor/></md:EntityDescriptor>`;
    const all = `<md:EntitiesDescriptor xmlns:md="${MD}" validUntil="2026-12-01T00:00:00Z">${sp}${entity(keyOf(KEYS.idp.base64) + SSO)}</md:EntitiesDescriptor>`;
    expect(parseIdpMetadata(all)).toMatchObject({ entityId: 'https://idp.test', validUntil: new Date('2026-12-01') });
  });

  test.each([
    ['no XML', 'hello', /not acceptable XML/],
    ['a DOCTYPE', `<!DOCTYPE x>${entity(keyOf(KEYS.idp.base64) + SSO)}`, /document type/],
    ['an entity', entity(`${keyOf(KEYS.idp.base64)}${SSO}&x;`), /entity/],
    ['a web page', '<html></html>', /web page/],
    [
      'that of a service',
      `<md:EntityDescriptor xmlns:md="${MD}"><md:SPSSODescriptor/></md:EntityDescriptor>`,
      /no identity provider/,
    ],
    [
      'two providers',
      `<md:EntitiesDescriptor xmlns:md="${MD}">${entity(SSO)}${entity(SSO, '', 'b')}</md:EntitiesDescriptor>`,
      /2 identity providers/,
    ],
    ['no certificate', entity(SSO), /certificate/],
    ['only an encryption certificate', entity(keyOf(KEYS.idp.base64, 'encryption') + SSO), /certificate/],
    ['a certificate that is none', entity(keyOf('AAAA') + SSO), /certificate/],
    ['no address', entity(keyOf(KEYS.idp.base64)), /address/],
    [
      'an address that is a script',
      entity(keyOf(KEYS.idp.base64) + service('SingleSignOnService', REDIRECT, 'javascript:alert(1)')),
      /address/,
    ],
    ['no entity ID', entity(keyOf(KEYS.idp.base64) + SSO, '', ''), /entityID/],
    ['a huge document', ' '.repeat(1024 * 1024 + 1), /1 MiB/],
  ])('that is %s is refused with the reason', (_what, xml, reason) => {
    expect(parseIdpMetadata(xml)).toEqual({ ok: false, detail: expect.stringMatching(reason) });
  });
});

describe('a key pair of our own', () => {
  test('has a certificate that openssl reads, verifies and dates', async () => {
    const pair = await createSamlKeyPair('drawbridge.test', new Date('2026-11-21T12:00:00Z'));
    const certificate = new X509Certificate(pair.certificate);
    expect(certificate.subject).toBe('CN=drawbridge.test');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(pair.privateKey))).toBe(true);
    expect([certificate.validFrom, certificate.validTo]).toEqual([
      'Nov 21 12:00:00 2026 GMT',
      'Nov 21 12:00:00 2036 GMT',
    ]);
    expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(3072);
  });

  test('may end after 2049 and be elliptic', () => {
    const certificate = new X509Certificate(
      selfSignedCertificate(KEYS.elliptic.privateKey, 'x', new Date('2045-01-01')),
    );
    expect(certificate.validTo).toBe('Jan  1 00:00:00 2055 GMT');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
  });
});
