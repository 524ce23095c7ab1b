// How what an administrator sent becomes settings: fields by hand, and a metadata document read into the same fields.
// Pure but for the key pair.
import { DomainError } from '../../src/errors.ts';
import { isSecureAddress } from '../outbound/allowed-addresses.ts';
import { readCertificate } from '../saml/certificate.ts';
import { type IdpMetadata, parseIdpMetadata } from '../saml/idp-metadata.ts';
import { createSamlKeyPair } from '../saml/key-pair.ts';
import {
  type ConnectionSettings,
  companyAddresses,
  type OidcSecret,
  type OidcSettings,
  oidcSettingsSchema,
  type SamlSecret,
  type SamlSettings,
  samlIdpSchema,
  samlSettingsSchema,
} from './connection.ts';
import type { CreateConnectionInput, UpdateConnectionInput } from './connection-input.ts';
import { PRESETS } from './presets.ts';

type Metadata = { readonly metadataXml?: string | undefined; readonly metadataEntityId?: string | undefined };

/** The settings that a creation asks for. `verified`: the organization's verified domains. */
export function settingsFromInput(
  input: CreateConnectionInput,
  verified: readonly string[],
  now: Date,
): ConnectionSettings {
  const { displayName: _name, directoryId: _directory, domains = [...verified], ...rest } = input;
  if (rest.protocol === 'oidc') {
    const { clientSecret: _secret, ...settings } = rest;
    return { ...settings, domains, scopes: settings.scopes ?? [...PRESETS[settings.preset].oidc.scopes] };
  }
  const { metadataXml, metadataEntityId, ...settings } = rest;
  const { nameIdFormat, signedPart } = PRESETS[settings.preset].saml;
  const wished: SamlSettings = {
    ...settings,
    domains,
    nameIdFormat: settings.nameIdFormat ?? nameIdFormat,
    signedPart: settings.signedPart ?? signedPart,
  };
  return withCompany(wished, { metadataXml, metadataEntityId }, now);
}

/** Settings after a change; refuses a field that the protocol does not have. */
export function changedSettings(
  settings: ConnectionSettings,
  input: UpdateConnectionInput,
  now: Date,
): ConnectionSettings {
  const { displayName: _name, directoryId: _directory, clientSecret: _secret, ...named } = input;
  const { metadataXml, metadataEntityId, ...fields } = named;
  const changes = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, value ?? undefined]));
  const schema = settings.protocol === 'saml' ? samlSettingsSchema : oidcSettingsSchema;
  const metadata = metadataXml !== undefined || metadataEntityId !== undefined ? ['metadataXml'] : [];
  const foreign = [...Object.keys(changes), ...(settings.protocol === 'oidc' ? metadata : [])].find(
    (key) => !(key in schema.shape),
  );
  if (foreign) throw new DomainError('invalid_value', `A ${settings.protocol} connection has no ${foreign}.`);
  const changed = schema.parse({ ...settings, ...withoutStale(named), ...changes });
  return changed.protocol === 'saml' ? withCompany(changed, { metadataXml, metadataEntityId }, now) : changed;
}

/** What a change takes along: whoever gives the company's side by hand takes it off the address that it was read from. */
function withoutStale(fields: UpdateConnectionInput): Record<string, undefined> {
  if (fields.idp !== undefined || fields.metadataXml !== undefined) return { metadataUrl: undefined };
  if (fields.discovery !== undefined) return { discoveryUrl: undefined };
  if (fields.issuer !== undefined) return { discovery: undefined, discoveryUrl: undefined };
  return {};
}

/** Takes the company's side out of metadata if some was given, and writes certificates in one way. */
function withCompany(settings: SamlSettings, { metadataXml, metadataEntityId }: Metadata, now: Date): SamlSettings {
  if (metadataXml === undefined) {
    if (metadataEntityId === undefined) return withReadCertificates(settings);
    throw new DomainError(
      'invalid_value',
      'metadataEntityId chooses within metadata: give metadataUrl or metadataXml.',
    );
  }
  const metadata = parseIdpMetadata(metadataXml, metadataEntityId);
  if (!metadata.ok) throw new DomainError('invalid_value', metadata.detail);
  if (metadata.validUntil && metadata.validUntil <= now) {
    throw new DomainError(
      'invalid_value',
      `The metadata was valid until ${metadata.validUntil.toISOString()}. Take a new copy from the identity provider.`,
    );
  }
  return withMetadata(settings, metadata);
}

/** The settings with the company's side as metadata describes it. Throws invalid_value where that is beyond what is kept. */
export function withMetadata(settings: SamlSettings, metadata: IdpMetadata): SamlSettings {
  const idp = samlIdpSchema.safeParse({
    idpEntityId: metadata.entityId,
    ssoUrl: metadata.ssoRedirectUrl ?? metadata.ssoPostUrl,
    ssoBinding: metadata.ssoRedirectUrl === undefined ? 'post' : 'redirect',
    certificates: metadata.certificates,
    sloUrl: metadata.slo?.url,
    sloBinding: metadata.slo?.binding,
    sloResponseUrl: metadata.slo?.responseUrl,
  });
  if (idp.success) {
    return { ...settings, signRequests: settings.signRequests || metadata.wantsSignedRequests, idp: idp.data };
  }
  const [issue] = idp.error.issues;
  throw new DomainError('invalid_value', `The metadata cannot be taken: ${issue?.path.join('.')}: ${issue?.message}.`);
}

function withReadCertificates(settings: SamlSettings): SamlSettings {
  if (!settings.idp) return settings;
  const certificates = settings.idp.certificates.map((text, index) => {
    const { pem } = readCertificate(text) ?? {};
    if (pem) return pem;
    throw new DomainError(
      'invalid_value',
      `Certificate ${index + 1} of idp.certificates cannot be read. Give it as PEM ("-----BEGIN CERTIFICATE-----"), not as a key or a PKCS #7 file.`,
    );
  });
  return { ...settings, idp: { ...settings.idp, certificates: [...new Set(certificates)] } };
}

/** Throws invalid_value for an address of the company's side that is not https (`loopback`: nor of this machine). */
export function requireSecure(settings: ConnectionSettings, loopback: boolean): void {
  const insecure = companyAddresses(settings).find((address) => !isSecureAddress(address, loopback));
  if (insecure === undefined) return;
  throw new DomainError('invalid_value', `${insecure} is not https. People's sign-ins would travel in the clear.`);
}

/** The client's secret as given, and our key pair, made when the settings first need one; undefined for neither. */
export async function oidcSecretFor(
  { clientAuthentication }: OidcSettings,
  present: OidcSecret | undefined,
  clientSecret: string | undefined,
  now: Date,
): Promise<OidcSecret | undefined> {
  const isNeeded = clientAuthentication === 'private_key_jwt' && !present?.clientKey;
  const secret: OidcSecret = {
    ...present,
    ...(clientSecret === undefined ? {} : { clientSecret }),
    ...(isNeeded ? { clientKey: await createSamlKeyPair('Drawbridge', now) } : {}),
  };
  return Object.keys(secret).length > 0 ? secret : undefined;
}

/** Our key pair, made when the settings first need one. */
export async function samlSecretFor(
  settings: SamlSettings,
  present: SamlSecret | undefined,
  now: Date,
): Promise<SamlSecret | undefined> {
  const isNeeded = settings.signRequests || settings.encryption !== 'off' || settings.idp?.sloUrl !== undefined;
  if (present || !isNeeded) return present;
  return createSamlKeyPair('Drawbridge', now);
}
