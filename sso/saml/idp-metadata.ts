// An identity provider's metadata, from a file or an address that an admin gave. Read here and not by samlify, which
// loses all certificates when several have no `use`, and ignores `validUntil`. SAML metadata 2.3 and 2.4.
import { readCertificate } from './certificate.ts';
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
  /** For how long the document may be kept before it is read again. */
  readonly cacheSeconds: number | undefined;
};

type IdpLogout = {
  readonly url: string;
  readonly binding: 'redirect' | 'post';
  /** Where answers go, if elsewhere. */
  readonly responseUrl: string | undefined;
};

export type MetadataFault = { readonly ok: false; readonly detail: string };

/**
 * Reads the identity provider of a metadata document; says what is wrong if there is none to read.
 *
 * @param wanted the entity ID of the one to read, where the document describes several
 */
export function parseIdpMetadata(xml: string, wanted?: string): ({ readonly ok: true } & IdpMetadata) | MetadataFault {
  const root = open(xml);
  if (typeof root === 'string') return fault(root);
  const entity = choose(root, wanted);
  if (typeof entity === 'string') return fault(entity);
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
    cacheSeconds: cacheSeconds([root, entity, idp]),
  };
}

function choose(root: Element, wanted: string | undefined): Element | string {
  const entities = [...descendants(root)].filter(
    (element) =>
      isElement(element, NS.metadata, 'EntityDescriptor') &&
      child(element, NS.metadata, 'IDPSSODescriptor') !== undefined,
  );
  const idOf = (entity: Element) => (attribute(entity, 'entityID') ?? '').trim();
  const [first] = entities;
  if (!first) {
    return 'The document describes no identity provider (no IDPSSODescriptor). Take the metadata of the identity provider, not of a service.';
  }
  const listed = entities.slice(0, 5).map((entity) => `"${idOf(entity).slice(0, 200)}"`);
  const names = `${listed.join(', ')}${entities.length > listed.length ? ', …' : ''}`;
  if (wanted !== undefined) {
    return (
      entities.find((entity) => idOf(entity) === wanted) ??
      `The document describes no identity provider "${wanted}", but ${names}.`
    );
  }
  if (entities.length === 1) return first;
  return `The document describes ${entities.length} identity providers: ${names}. Say which by its entity ID (metadataEntityId).`;
}

function open(xml: string): Element | string {
  if (Buffer.byteLength(xml) > MAX_METADATA_BYTES) {
    return 'The document is larger than 1 MiB. Give the metadata of the one identity provider instead of its federation.';
  }
  const text = xml.replace(/^\ufeff/, '').trimStart();
  if (/^<(!doctype\s+html|html)\b/i.test(text)) {
    return 'The document is a web page, not metadata. Give the address of the XML itself; the page often has a link to it.';
  }
  if (/^[{[]/.test(text)) {
    return 'The document is JSON, not SAML metadata. A provider that speaks OpenID Connect is connected by its issuer.';
  }
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
    .flatMap((certificate) => readCertificate(certificate.textContent ?? '')?.pem ?? []);
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

const DURATION = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?$/;
const DURATION_SECONDS = [365 * 86_400, 30 * 86_400, 86_400, 3600, 60, 1];

/** The shortest xs:duration that any of the enclosing elements sets. */
function cacheSeconds(enclosing: readonly Element[]): number | undefined {
  const durations = enclosing.flatMap((element) => {
    const [, ...parts] = DURATION.exec(attribute(element, 'cacheDuration')?.trim() ?? '') ?? [];
    return parts.some((part) => part !== undefined)
      ? [parts.reduce((sum, part, index) => sum + Number(part ?? 0) * (DURATION_SECONDS[index] ?? 0), 0)]
      : [];
  });
  return durations.length > 0 ? Math.min(...durations) : undefined;
}

function fault(detail: string): MetadataFault {
  return { ok: false, detail };
}
