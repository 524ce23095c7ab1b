// Under which names identity providers send the same facts. Data: the generic names serve everybody, a preset's own
// come first. Mismatched names are the most frequent trouble with SAML (field notes on what providers send).

export const EVIDENCE_PRESETS = ['entra', 'okta', 'google', 'adfs', 'keycloak', 'generic'] as const;
export type EvidencePreset = (typeof EVIDENCE_PRESETS)[number];

export type EvidenceField = 'groups' | 'address' | 'givenName' | 'familyName' | 'immutableId' | 'userName';

type Aliases = Readonly<Partial<Record<EvidenceField, readonly string[]>>>;

const XMLSOAP = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
const XMLSOAP_GROUP = 'http://schemas.xmlsoap.org/claims/Group';
const MICROSOFT_GROUPS = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups';
const MICROSOFT_OBJECT_ID = 'http://schemas.microsoft.com/identity/claims/objectidentifier';

/** X.500 and eduPerson attributes by their object identifiers. */
const OID = {
  mail: 'urn:oid:0.9.2342.19200300.100.1.3',
  uid: 'urn:oid:0.9.2342.19200300.100.1.1',
  givenName: 'urn:oid:2.5.4.42',
  surname: 'urn:oid:2.5.4.4',
  principalName: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.6',
  isMemberOf: 'urn:oid:1.3.6.1.4.1.5923.1.5.1.1',
} as const;

const SAML_GENERIC = {
  groups: [
    'groups',
    'Groups',
    'group',
    'memberOf',
    'member_Of',
    'MemberOf',
    'isMemberOf',
    XMLSOAP_GROUP,
    MICROSOFT_GROUPS,
    OID.isMemberOf,
  ],
  address: ['email', 'mail', 'Email', 'emailAddress', 'EmailAddress', `${XMLSOAP}/emailaddress`, OID.mail],
  givenName: ['givenName', 'firstName', 'FirstName', 'given_name', 'first_name', `${XMLSOAP}/givenname`, OID.givenName],
  familyName: [
    'surname',
    'sn',
    'lastName',
    'LastName',
    'familyName',
    'family_name',
    'last_name',
    `${XMLSOAP}/surname`,
    OID.surname,
  ],
  // No attribute is an unchanging id by its mere name.
  immutableId: [],
  userName: ['userName', 'username', 'login', 'uid', `${XMLSOAP}/upn`, OID.principalName, OID.uid],
} as const satisfies Record<EvidenceField, readonly string[]>;

const OIDC_GENERIC = {
  groups: ['groups', 'group', 'memberOf'],
  address: ['email'],
  givenName: ['given_name'],
  familyName: ['family_name'],
  immutableId: ['sub'],
  userName: ['preferred_username', 'upn'],
} as const satisfies Record<EvidenceField, readonly string[]>;

const SAML_PRESETS: Readonly<Partial<Record<EvidencePreset, Aliases>>> = {
  entra: {
    groups: [MICROSOFT_GROUPS],
    address: [`${XMLSOAP}/emailaddress`],
    givenName: [`${XMLSOAP}/givenname`],
    familyName: [`${XMLSOAP}/surname`],
    immutableId: [MICROSOFT_OBJECT_ID],
    userName: [`${XMLSOAP}/name`, `${XMLSOAP}/upn`],
  },
  adfs: {
    groups: [XMLSOAP_GROUP, 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role'],
    address: [`${XMLSOAP}/emailaddress`],
    userName: [`${XMLSOAP}/upn`, 'http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname'],
  },
};

const OIDC_PRESETS: Readonly<Partial<Record<EvidencePreset, Aliases>>> = {
  // `sub` differs per application at Entra; the directory's externalId is the object id.
  entra: { immutableId: ['oid'], userName: ['preferred_username', 'upn'] },
};

/** Names to look for, in this order. A preset that has its own unchanging id has only that. */
export function aliasesFor(preset: EvidencePreset, protocol: 'saml' | 'oidc', field: EvidenceField): readonly string[] {
  const own = (protocol === 'saml' ? SAML_PRESETS : OIDC_PRESETS)[preset]?.[field];
  const generic = (protocol === 'saml' ? SAML_GENERIC : OIDC_GENERIC)[field];
  return own && field === 'immutableId' ? own : [...(own ?? []), ...generic];
}
