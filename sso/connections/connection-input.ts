// What an administrator may send about a connection. Fields left out at a creation come from the preset.
import { z } from 'zod';
import { oidcSettingsSchema, samlIdpSchema, samlSettingsSchema } from './connection.ts';

const { shape: saml } = samlSettingsSchema;
const { shape: oidc } = oidcSettingsSchema;

const named = {
  displayName: z.string().trim().min(1).max(200),
  /** The SCIM directory whose users this connection's people are. */
  directoryId: z.uuid().nullish(),
};

const metadataXml = z
  .string()
  .min(1)
  .meta({ description: "The identity provider's metadata document; instead of metadataUrl or idp" });
const metadataEntityId = z
  .string()
  .min(1)
  .max(1024)
  .meta({ description: 'Which identity provider of the metadata, where it describes several' });
const clientSecret = z.string().min(1).max(1000);

const samlInput = samlSettingsSchema.extend({
  ...named,
  domains: saml.domains.optional().meta({ description: 'All verified domains of the organization if absent' }),
  metadataXml: metadataXml.optional(),
  metadataEntityId: metadataEntityId.optional(),
  signedPart: saml.signedPart.unwrap().optional(),
});

const oidcInput = oidcSettingsSchema.extend({
  ...named,
  domains: oidc.domains.optional(),
  clientSecret: clientSecret.optional(),
  scopes: oidc.scopes.unwrap().optional(),
});

export const createConnectionSchema = z.discriminatedUnion('protocol', [samlInput.strict(), oidcInput.strict()]);
export type CreateConnectionInput = z.output<typeof createConnectionSchema>;

/** A change names only what changes; the protocol stays. `null` clears what may be absent. */
export const updateConnectionSchema = z
  .object({
    ...named,
    domains: saml.domains,
    preset: saml.preset.unwrap(),
    groupsAttribute: saml.groupsAttribute.unwrap().nullable(),
    immutableIdAttribute: saml.immutableIdAttribute.unwrap().nullable(),
    jit: saml.jit.unwrap(),
    gate: saml.gate.unwrap(),
    contact: saml.contact.unwrap().nullable(),
    keptAttributes: saml.keptAttributes.unwrap(),
    traceValues: saml.traceValues.unwrap(),
    keepDocuments: saml.keepDocuments.unwrap(),
    absentGroups: saml.absentGroups.unwrap(),
    logoutAtCompany: saml.logoutAtCompany.unwrap(),
    metadataUrl: saml.metadataUrl.unwrap().nullable(),
    metadataXml,
    metadataEntityId,
    idp: samlIdpSchema,
    nameIdFormat: saml.nameIdFormat.unwrap().nullable(),
    signedPart: saml.signedPart.unwrap(),
    authnContexts: saml.authnContexts.unwrap(),
    allowSha1: saml.allowSha1.unwrap(),
    encryption: saml.encryption.unwrap(),
    signRequests: saml.signRequests.unwrap(),
    issuer: oidc.issuer.unwrap(),
    discoveryUrl: oidc.discoveryUrl.unwrap(),
    discovery: oidc.discovery.unwrap(),
    clientId: oidc.clientId.unwrap(),
    clientAuthentication: oidc.clientAuthentication.unwrap(),
    scopes: oidc.scopes.unwrap(),
    tenantId: oidc.tenantId.unwrap().nullable(),
    clientSecret,
  })
  .partial()
  .strict();
export type UpdateConnectionInput = z.output<typeof updateConnectionSchema>;
