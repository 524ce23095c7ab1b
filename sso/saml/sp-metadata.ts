// What a company's admin uploads to its identity provider: our entity ID, address and certificates for one connection.
// SAML metadata 2.4.4.
import { escapeXml } from './dom.ts';
import { certificateBody } from './key-pair.ts';
import { BINDING_POST, BINDING_REDIRECT, NS } from './names.ts';

export type SpMetadata = {
  readonly spEntityId: string;
  readonly acsUrl: string;
  /** Where logout messages are taken; undefined while there is no key to sign ours with. */
  readonly sloUrl: string | undefined;
  readonly nameIdFormat: string | undefined;
  readonly signsRequests: boolean;
  readonly wantsSignedAssertions: boolean;
  /** PEM. Several while a key is being replaced. */
  readonly signingCertificates: readonly string[];
  readonly encryptionCertificates: readonly string[];
};

/** The metadata document; nothing in it is secret. */
export function spMetadataXml(sp: SpMetadata): string {
  const keys = [
    ...sp.signingCertificates.map((certificate) => keyDescriptor('signing', certificate)),
    ...sp.encryptionCertificates.map((certificate) => keyDescriptor('encryption', certificate)),
  ];
  const { sloUrl } = sp;
  const logout = (sloUrl === undefined ? [] : [BINDING_REDIRECT, BINDING_POST]).map(
    (binding) => `<md:SingleLogoutService Binding="${binding}" Location="${escapeXml(sloUrl ?? '')}"/>`,
  );
  const format =
    sp.nameIdFormat === undefined ? [] : [`<md:NameIDFormat>${escapeXml(sp.nameIdFormat)}</md:NameIDFormat>`];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<md:EntityDescriptor xmlns:md="${NS.metadata}" xmlns:ds="${NS.signature}" entityID="${escapeXml(sp.spEntityId)}">`,
    `  <md:SPSSODescriptor protocolSupportEnumeration="${NS.protocol}" AuthnRequestsSigned="${sp.signsRequests}" WantAssertionsSigned="${sp.wantsSignedAssertions}">`,
    ...keys.map((line) => `    ${line}`),
    ...logout.map((line) => `    ${line}`),
    ...format.map((line) => `    ${line}`),
    `    <md:AssertionConsumerService Binding="${BINDING_POST}" Location="${escapeXml(sp.acsUrl)}" index="0" isDefault="true"/>`,
    '  </md:SPSSODescriptor>',
    '</md:EntityDescriptor>',
    '',
  ].join('\n');
}

function keyDescriptor(use: 'signing' | 'encryption', certificate: string): string {
  const data = `<ds:X509Data><ds:X509Certificate>${certificateBody(certificate)}</ds:X509Certificate></ds:X509Data>`;
  return `<md:KeyDescriptor use="${use}"><ds:KeyInfo>${data}</ds:KeyInfo></md:KeyDescriptor>`;
}
