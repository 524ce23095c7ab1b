// An identity provider's metadata, from a file or an address that an admin gave. Read here and not by samlify, which
// loses all certificates when several have no `use`, and ignores `validUntil`. SAML metadata 2.3 and 2.4.
import { X509Certificate } from 'node:crypto';
import { attribute, child, children, descendants, isElement, parseXml } from './dom.ts';
import { BINDING_POST, BINDING_REDIRECT, NS } from './names.ts';
import { scanXml } from './scan-xml.ts';

const MAX_METADATA_BYTES = 1024 * 1024;

export type IdpMetadata = {
  readonly entityId: string;
  readonly ssoRedirectUrl: string | undefined;
  readonly ssoPostUrl: string | undefined;
  /** Where logout messages go: by redirect, else by POST. */
  readonly slo: IdpLogout | undefined;
  readonly wantsSignedRequests: boolean;
  /** Signing certificates as PEM, in document order, each once. */
  readonly certificates: readonly string[];
  readonly nameIdFormats: readonly string[];
  readonly validUntil: Date | undefined;
};

type IdpLogout = {
  readonly url: string;
  readonly binding: 'redirect' | 'post';
  /** Where answers go, if elsewhere. */
  readonly responseUrl: string | undefined;
};

export type MetadataFault = { readonly ok: false; readonly detail: string };

/** Reads the one identity provider of a metadata document; says what is wrong if there is none to read. */
export function parseIdpMetadata(xml: string): ({ readonly ok: true } & IdpMetadata) | MetadataFault {
  const root = open(xml);
  if (typeof root === 'string') return fault(root);
  const entities = [...descendants(root)].filter(
    (element) =>
      isElement(element, NS.metadata, 'EntityDescriptor') &&
      child(element, NS.metadata, 'IDPSSODescriptor') !== undefined,
  );
  const [entity] = entities;
  if (!entity) return fault('The document describes no identity provider (no IDPSSODescriptor).');
  if (entities.length > 1)
    return fault(`The document describes ${entities.length} identity providers; give that of one.`);
  const idp = child(entity, NS.metadata, 'IDPSSODescriptor') as Element;
  const entityId = attribute(entity, 'entityID')?.trim();
  if (!entityId) return fault('The identity provider has no entityID.');
  const certificates = signingCertificates(idp);
  if (certificates.length === 0) return fault('The identity provider names no signing certificate that can be read.');
  const ssoRedirectUrl = location(idp, 'SingleSignOnService', BINDING_REDIRECT);
  const ssoPostUrl = location(idp, 'SingleSignOnService', BINDING_POST);
  if (!ssoRedirectUrl && !ssoPostUrl) return fault('The identity provider has no sign-on address by redirect or POST.');
  return {
    ok: true,
    entityId,
    ssoRedirectUrl,
    ssoPostUrl,
    slo: logoutService(idp, 'redirect') ?? logoutService(idp, 'post'),
    wantsSignedRequests: ['true', '1'].includes(attribute(idp, 'WantAuthnRequestsSigned') ?? ''),
    certificates,
    nameIdFormats: children(idp, NS.metadata, 'NameIDFormat').map((format) => (format.textContent ?? '').trim()),
    validUntil: validUntil([root, entity, idp]),
  };
}

function open(xml: string): Element | string {
  if (Buffer.byteLength(xml) > MAX_METADATA_BYTES) return 'The document is larger than 1 MiB.';
  const text = xml.replace(/^\ufeff/, '').trimStart();
  const scanned = scanXml(text, 'metadata');
  if (scanned) return `The document is not acceptable XML: ${scanned.detail}.`;
  try {
    return parseXml(text).documentElement;
  } catch {
    return 'The document is not well-formed XML.';
  }
}

/** A key without `use` serves for signing too. */
function signingCertificates(idp: Element): string[] {
  const found = children(idp, NS.metadata, 'KeyDescriptor')
    .filter((key) => (attribute(key, 'use') ?? 'signing') === 'signing')
    .flatMap((key) => [...descendants(key)].filter((one) => isElement(one, NS.signature, 'X509Certificate')))
    .flatMap((certificate) => {
      try {
        return [new X509Certificate(Buffer.from(certificate.textContent ?? '', 'base64')).toString()];
      } catch {
        return [];
      }
    });
  return [...new Set(found)];
}

function logoutService(idp: Element, binding: 'redirect' | 'post'): IdpLogout | undefined {
  const name = 'SingleLogoutService';
  const uri = binding === 'redirect' ? BINDING_REDIRECT : BINDING_POST;
  const url = location(idp, name, uri);
  return url === undefined ? undefined : { url, binding, responseUrl: location(idp, name, uri, 'ResponseLocation') };
}

/** Only web addresses: the browser is sent there. */
function location(idp: Element, service: string, binding: string, name = 'Location'): string | undefined {
  const found = children(idp, NS.metadata, service).find((one) => attribute(one, 'Binding') === binding);
  const url = found && attribute(found, name)?.trim();
  return url && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) ? url : undefined;
}

/** The earliest end that any of the enclosing elements sets. */
function validUntil(enclosing: readonly Element[]): Date | undefined {
  const times = enclosing
    .map((element) => Date.parse(attribute(element, 'validUntil') ?? ''))
    .filter((time) => time > 0);
  return times.length > 0 ? new Date(Math.min(...times)) : undefined;
}

function fault(detail: string): MetadataFault {
  return { ok: false, detail };
}
