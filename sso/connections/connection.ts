// A connection: one SSO identity provider of an organization. What its settings hold, validated at the edge, and how
// the protocol parts see it. Pure.
import { z } from 'zod';
import type { EvidenceSettings } from '../evidence.ts';
import { EVIDENCE_PRESETS } from '../evidence-aliases.ts';
import { endpointsOf, servesEveryTenant } from '../oidc/discovery-document.ts';
import type { SamlKeyPair } from '../saml/key-pair.ts';

const webAddress = z.url({ protocol: /^https?$/ });
/** With a person's name there it is a key of the database, whose indexes take no more than 2.7 kB. */
const isShort = (issuer: string) => Buffer.byteLength(issuer) <= 1024;
const SHORT = 'is longer than 1,024 bytes';
const domain = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'is not a domain name');

/** What every connection has, whatever its protocol. */
const common = {
  /** The verified domains that it may assert; at sign-in each must still be verified. */
  domains: z.array(domain).max(200),
  preset: z.enum(EVIDENCE_PRESETS).default('generic'),
  /** The attribute or claim that lists groups; undefined takes the preset's. */
  groupsAttribute: z.string().min(1).max(300).optional(),
  /** The attribute or claim that equals `externalId` of the paired directory. */
  immutableIdAttribute: z.string().min(1).max(300).optional(),
  /** Whether a sign-in of somebody unknown makes a member: never, for all of its domains, or by an access grant. */
  jit: z.enum(['off', 'on', 'granted']).default('off'),
  /** What also known members must have at each sign-in: nothing, an access grant, or a mapping rule that matches. */
  gate: z.enum(['off', 'granted', 'mapped']).default('off'),
  /** Whom a refused person asks: shown on the refusal page. */
  contact: z.string().trim().min(1).max(200).optional(),
  /** What traces keep of the values that were sent; groups are always kept. */
  traceValues: z.enum(['names', 'masked', 'all']).default('masked'),
  /** Keeps the provider's own documents, encrypted, for 72 hours. */
  keepDocuments: z.boolean().default(false),
  /** Attributes or claims whose values are kept as evidence, for mapping rules of the source sso.attribute. */
  keptAttributes: z.array(z.string().min(1).max(120)).max(20).default([]),
  /** What a missing group claim means: nothing (hold), or no groups. */
  absentGroups: z.enum(['hold', 'empty']).default('hold'),
  /** Whether a logout at the application ends the session at the company, too, with all that the company opened by it. */
  logoutAtCompany: z.boolean().default(false),
};

export const samlIdpSchema = z.object({
  idpEntityId: z.string().trim().min(1).refine(isShort, SHORT),
  ssoUrl: webAddress,
  ssoBinding: z.enum(['redirect', 'post']).default('redirect'),
  certificates: z.array(z.string().min(1)).min(1).max(10),
  /** Where logout messages go; undefined leaves the company's session alone. */
  sloUrl: webAddress.optional(),
  sloBinding: z.enum(['redirect', 'post']).default('redirect'),
  /** Where answers to its own logout requests go, if elsewhere. */
  sloResponseUrl: webAddress.optional(),
});

export const samlSettingsSchema = z.object({
  protocol: z.literal('saml'),
  ...common,
  /** Where the company's metadata is read again from time to time. */
  metadataUrl: webAddress.optional(),
  /** Undefined while the company's side is still to be made from our metadata. */
  idp: samlIdpSchema.optional(),
  nameIdFormat: z.string().min(1).max(300).optional(),
  signedPart: z.enum(['assertion', 'response', 'both', 'either']).default('assertion'),
  /** AuthnContextClassRefs: asked for, and one of them demanded of the answer. */
  authnContexts: z.array(z.string().min(1).max(300)).max(10).default([]),
  allowSha1: z.boolean().default(false),
  encryption: z.enum(['off', 'accepted', 'required']).default('off'),
  signRequests: z.boolean().default(false),
});

export const oidcSettingsSchema = z.object({
  protocol: z.literal('oidc'),
  ...common,
  /** This and the next undefined: while the company's side is still to be made from our addresses. */
  issuer: webAddress.refine(isShort, SHORT).optional(),
  clientId: z.string().min(1).max(300).optional(),
  /** Where the provider's discovery document is read again from time to time. */
  discoveryUrl: webAddress.optional(),
  /** The discovery document as read or given by hand; undefined: read at sign-in. */
  discovery: z.record(z.string(), z.union([z.string(), z.boolean(), z.array(z.string())])).optional(),
  /** `private_key_jwt`: by a key pair of ours, whose public half the provider gets. */
  clientAuthentication: z
    .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt'])
    .default('client_secret_basic'),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/))
    .max(20)
    .default(['email', 'profile']),
  /** Entra's tenant: pinned, since its shared issuers take every tenant. */
  tenantId: z.string().min(1).max(100).optional(),
});

export const settingsSchema = z.discriminatedUnion('protocol', [samlSettingsSchema, oidcSettingsSchema]);

export type SamlSettings = z.output<typeof samlSettingsSchema>;
export type OidcSettings = z.output<typeof oidcSettingsSchema>;
export type ConnectionSettings = z.output<typeof settingsSchema>;

export type ConnectionStatus = 'draft' | 'tested' | 'active' | 'disabled';

type Named = {
  readonly orgId: string;
  readonly id: string;
  readonly displayName: string;
  readonly status: ConnectionStatus;
  /** The SCIM directory whose users this connection's people are. */
  readonly directoryId: string | undefined;
  readonly version: number;
  /** Counts the changes of whom it believes. */
  readonly trustVersion: number;
  /** The `trustVersion` of the last successful test sign-in. */
  readonly testedVersion: number | undefined;
  readonly createdAt: Date;
};

/** A key pair of our own, and while it is being replaced the one that follows. */
export type OwnKey = SamlKeyPair & {
  /** Published beside it and decrypts already; signs once the company knows it. */
  readonly next?: SamlKeyPair;
};
/** Signs requests and logout messages, and opens encrypted assertions. */
export type SamlSecret = OwnKey;
/** Which of the two counts is said by the settings' `clientAuthentication`. */
export type OidcSecret = { readonly clientSecret?: string; readonly clientKey?: OwnKey };

/** The key by which a connection proves who we are, where it has one. */
export function ownKeyOf(connection: Connection): OwnKey | undefined {
  if (connection.protocol === 'saml') return connection.secret;
  return connection.settings.clientAuthentication === 'private_key_jwt' ? connection.secret?.clientKey : undefined;
}

/** An own key with the one that follows it first: the order in which they are published. */
export function keysNewestFirst(key: OwnKey | undefined): SamlKeyPair[] {
  return [key?.next, key].filter((pair) => pair !== undefined);
}

export type SamlConnectionRecord = Named & {
  readonly protocol: 'saml';
  readonly settings: SamlSettings;
  readonly secret: SamlSecret | undefined;
};
export type OidcConnectionRecord = Named & {
  readonly protocol: 'oidc';
  readonly settings: OidcSettings;
  readonly secret: OidcSecret | undefined;
};
export type Connection = SamlConnectionRecord | OidcConnectionRecord;

/** Every address of the company's side to which browsers, codes or secrets go. */
export function companyAddresses(settings: ConnectionSettings): string[] {
  if (settings.protocol === 'saml') {
    const { ssoUrl, sloUrl, sloResponseUrl } = settings.idp ?? {};
    return [ssoUrl, sloUrl, sloResponseUrl].filter((url) => url !== undefined);
  }
  const endpoints = Object.values(endpointsOf(settings.discovery ?? {}));
  return [settings.issuer, ...endpoints].filter((url) => url !== undefined);
}

/** What is missing before anybody can sign in by it, in words; undefined when nothing is. */
export function missingFor(connection: Connection): string | undefined {
  if (connection.settings.domains.length === 0)
    return 'It names no domain that it may assert: a verified one is needed.';
  if (connection.protocol === 'saml') {
    return connection.settings.idp ? undefined : "The identity provider's metadata has not been given.";
  }
  const { issuer, clientId } = connection.settings;
  if (issuer === undefined || clientId === undefined) return 'The issuer and the client ID have not been given.';
  if (servesEveryTenant(issuer) && connection.settings.tenantId === undefined) {
    return 'The issuer signs people of every tenant in: give the issuer of your own tenant, or its tenantId.';
  }
  // the key pair is made with the setting, so that only a secret can be missing
  const { clientSecret, clientKey } = connection.secret ?? {};
  const present = connection.settings.clientAuthentication === 'private_key_jwt' ? clientKey : clientSecret;
  return present ? undefined : 'The client secret has not been given.';
}

/** Whether a test sign-in has succeeded with the settings as they are now. */
export function isTested({ trustVersion, testedVersion }: Connection): boolean {
  return testedVersion === trustVersion;
}

/** Under which names this connection's provider sends what it says of a person. */
export function evidenceSettings({
  preset,
  groupsAttribute,
  immutableIdAttribute,
  keptAttributes,
}: ConnectionSettings): EvidenceSettings {
  return {
    preset,
    kept: keptAttributes,
    names: {
      ...(groupsAttribute === undefined ? {} : { groups: groupsAttribute }),
      ...(immutableIdAttribute === undefined ? {} : { immutableId: immutableIdAttribute }),
    },
  };
}
