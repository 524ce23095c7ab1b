// What an administrator may send about a connection, and how it becomes settings: fields by hand, or a metadata
// document that is read into the same fields. Pure but for the key pair.
import { z } from 'zod';
import { DomainError } from '../../src/errors.ts';
import { parseIdpMetadata } from '../saml/idp-metadata.ts';
import { createSamlKeyPair } from '../saml/key-pair.ts';
import {
  type ConnectionSettings,
  oidcSettingsSchema,
  type SamlSecret,
  type SamlSettings,
  samlIdpSchema,
  samlSettingsSchema,
} from './connection.ts';

const named = {
  displayName: z.string().trim().min(1).max(200),
  /** The SCIM directory whose users this connection's people are. */
  directoryId: z.uuid().nullish(),
};

const saml = samlSettingsSchema.omit({ idp: true }).extend({
  ...named,
  /** All verified domains of the organization if absent. */
  domains: samlSettingsSchema.shape.domains.optional(),
  /** The identity provider's metadata document; instead of `idp`. */
  metadataXml: z.string().min(1).optional(),
  idp: samlIdpSchema.optional(),
});

const oidc = oidcSettingsSchema.extend({
  ...named,
  domains: oidcSettingsSchema.shape.domains.optional(),
  clientSecret: z.string().min(1).max(1000).optional(),
});

export const createConnectionSchema = z.discriminatedUnion('protocol', [saml.strict(), oidc.strict()]);
export type CreateConnectionInput = z.output<typeof createConnectionSchema>;

/** A change names only what changes; the protocol stays. `null` clears what may be absent. */
export const updateConnectionSchema = z
  .object({
    ...named,
    domains: samlSettingsSchema.shape.domains,
    preset: samlSettingsSchema.shape.preset.unwrap(),
    groupsAttribute: samlSettingsSchema.shape.groupsAttribute.unwrap().nullable(),
    immutableIdAttribute: samlSettingsSchema.shape.immutableIdAttribute.unwrap().nullable(),
    jit: samlSettingsSchema.shape.jit.unwrap(),
    gate: samlSettingsSchema.shape.gate.unwrap(),
    contact: samlSettingsSchema.shape.contact.unwrap().nullable(),
    traceValues: samlSettingsSchema.shape.traceValues.unwrap(),
    keepDocuments: samlSettingsSchema.shape.keepDocuments.unwrap(),
    absentGroups: samlSettingsSchema.shape.absentGroups.unwrap(),
    metadataXml: z.string().min(1),
    idp: samlIdpSchema,
    nameIdFormat: samlSettingsSchema.shape.nameIdFormat.unwrap().nullable(),
    signedPart: samlSettingsSchema.shape.signedPart.unwrap(),
    allowSha1: samlSettingsSchema.shape.allowSha1.unwrap(),
    encryption: samlSettingsSchema.shape.encryption.unwrap(),
    signRequests: samlSettingsSchema.shape.signRequests.unwrap(),
    issuer: oidcSettingsSchema.shape.issuer,
    clientId: oidcSettingsSchema.shape.clientId,
    clientAuthentication: oidcSettingsSchema.shape.clientAuthentication.unwrap(),
    scopes: oidcSettingsSchema.shape.scopes.unwrap(),
    tenantId: oidcSettingsSchema.shape.tenantId.unwrap().nullable(),
    clientSecret: z.string().min(1).max(1000),
  })
  .partial()
  .strict();
export type UpdateConnectionInput = z.output<typeof updateConnectionSchema>;

/** The settings that a creation asks for. `verified`: the organization's verified domains. */
export function settingsFromInput(input: CreateConnectionInput, verified: readonly string[]): ConnectionSettings {
  const { displayName: _name, directoryId: _directory, domains = [...verified], ...rest } = input;
  if (rest.protocol === 'oidc') {
    const { clientSecret: _secret, ...settings } = rest;
    return { ...settings, domains };
  }
  const { metadataXml, ...settings } = rest;
  return withMetadata({ ...settings, domains }, metadataXml);
}

/** Settings after a change; refuses a field that the protocol does not have. */
export function changedSettings(settings: ConnectionSettings, input: UpdateConnectionInput): ConnectionSettings {
  const { displayName: _name, directoryId: _directory, clientSecret: _secret, metadataXml, ...fields } = input;
  const changes = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, value ?? undefined]));
  const schema = settings.protocol === 'saml' ? samlSettingsSchema : oidcSettingsSchema;
  const foreign = Object.keys(changes).find((key) => !(key in schema.shape));
  if (foreign) throw new DomainError('invalid_value', `A ${settings.protocol} connection has no ${foreign}.`);
  const changed = schema.parse({ ...settings, ...changes });
  if (changed.protocol === 'saml') return withMetadata(changed, metadataXml);
  if (metadataXml !== undefined) throw new DomainError('invalid_value', 'An oidc connection has no metadataXml.');
  return changed;
}

function withMetadata(settings: SamlSettings, metadataXml: string | undefined): SamlSettings {
  if (metadataXml === undefined) return settings;
  const metadata = parseIdpMetadata(metadataXml);
  if (!metadata.ok) throw new DomainError('invalid_value', metadata.detail);
  const ssoUrl = metadata.ssoRedirectUrl ?? (metadata.ssoPostUrl as string);
  return {
    ...settings,
    signRequests: settings.signRequests || metadata.wantsSignedRequests,
    idp: {
      idpEntityId: metadata.entityId,
      ssoUrl,
      ssoBinding: metadata.ssoRedirectUrl === undefined ? 'post' : 'redirect',
      certificates: [...metadata.certificates],
      sloBinding: metadata.slo?.binding ?? 'redirect',
      ...(metadata.slo ? { sloUrl: metadata.slo.url } : {}),
      ...(metadata.slo?.responseUrl === undefined ? {} : { sloResponseUrl: metadata.slo.responseUrl }),
    },
  };
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
