// Responses as well-known identity providers write them: prefixes, order, white space, formats, what is signed and what
// is encrypted. Written by hand after their published examples; each says the same of the same person.
import { encryptXml, type SignOptions, signXml } from '../../support/saml-idp.ts';
import { ACS_URL, KEYS, parts, REQUEST_ID, SP_ENTITY_ID } from './company.ts';

const IDP = parts().issuer;
const PROTOCOL = 'urn:oasis:names:tc:SAML:2.0:protocol';
const ASSERTION = 'urn:oasis:names:tc:SAML:2.0:assertion';
const SUCCESS = 'urn:oasis:names:tc:SAML:2.0:status:Success';
const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
const BASIC = 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic';
const CLASSES = 'urn:oasis:names:tc:SAML:2.0:ac:classes:';
const XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"';
const XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
const EMAIL_FORMAT = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';

const sign = (xml: string, options: Partial<SignOptions> = {}) => signXml(xml, { key: KEYS.idp, ...options });
const times = 'IssueInstant="2026-11-21T12:00:00.123Z" Version="2.0"';
const window = 'NotBefore="2026-11-21T11:55:00.123Z" NotOnOrAfter="2026-11-21T12:10:00.123Z"';
const confirmation = `InResponseTo="${REQUEST_ID}" NotOnOrAfter="2026-11-21T12:05:00Z" Recipient="${ACS_URL}"`;

/** Signed by default namespaces throughout, claims by their addresses, the assertion signed. */
function entra(): string {
  const claims = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
  const groups = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups';
  return sign(
    `<samlp:Response ID="_e1" ${times} Destination="${ACS_URL}" InResponseTo="${REQUEST_ID}" xmlns:samlp="${PROTOCOL}"><Issuer xmlns="${ASSERTION}">${IDP}</Issuer><samlp:Status><samlp:StatusCode Value="${SUCCESS}"/></samlp:Status><Assertion ID="_e2" ${times} xmlns="${ASSERTION}"><Issuer>${IDP}</Issuer><Subject><NameID Format="${EMAIL_FORMAT}">alice@acme.test</NameID><SubjectConfirmation Method="${BEARER}"><SubjectConfirmationData ${confirmation}/></SubjectConfirmation></Subject><Conditions ${window}><AudienceRestriction><Audience>${SP_ENTITY_ID}</Audience></AudienceRestriction></Conditions><AttributeStatement><Attribute Name="http://schemas.microsoft.com/identity/claims/tenantid"><AttributeValue>3b9c</AttributeValue></Attribute><Attribute Name="${groups}"><AttributeValue>g-1</AttributeValue><AttributeValue>g-2</AttributeValue></Attribute><Attribute Name="${claims}/emailaddress"><AttributeValue>alice@acme.test</AttributeValue></Attribute></AttributeStatement><AuthnStatement AuthnInstant="2026-11-21T11:59:30.123Z" SessionIndex="_e2"><AuthnContext><AuthnContextClassRef>${CLASSES}Password</AuthnContextClassRef></AuthnContext></AuthnStatement></Assertion></samlp:Response>`,
    { prefix: '' },
  );
}

/** `saml2` prefixes, both signed, a list of inclusive prefixes, an XML declaration. */
function okta(): string {
  const xml = `<?xml version="1.0" encoding="UTF-8"?><saml2p:Response Destination="${ACS_URL}" ID="id1" InResponseTo="${REQUEST_ID}" ${times} xmlns:saml2p="${PROTOCOL}" ${XS}><saml2:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity" xmlns:saml2="${ASSERTION}">${IDP}</saml2:Issuer><saml2p:Status xmlns:saml2p="${PROTOCOL}"><saml2p:StatusCode Value="${SUCCESS}"/></saml2p:Status><saml2:Assertion ID="id2" ${times} xmlns:saml2="${ASSERTION}" ${XS}><saml2:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity" xmlns:saml2="${ASSERTION}">${IDP}</saml2:Issuer><saml2:Subject xmlns:saml2="${ASSERTION}"><saml2:NameID Format="${EMAIL_FORMAT}">alice@acme.test</saml2:NameID><saml2:SubjectConfirmation Method="${BEARER}"><saml2:SubjectConfirmationData ${confirmation}/></saml2:SubjectConfirmation></saml2:Subject><saml2:Conditions ${window} xmlns:saml2="${ASSERTION}"><saml2:AudienceRestriction><saml2:Audience>${SP_ENTITY_ID}</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions><saml2:AuthnStatement AuthnInstant="2026-11-21T11:59:30.123Z" SessionIndex="${REQUEST_ID}" xmlns:saml2="${ASSERTION}"><saml2:AuthnContext><saml2:AuthnContextClassRef>${CLASSES}PasswordProtectedTransport</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement><saml2:AttributeStatement xmlns:saml2="${ASSERTION}"><saml2:Attribute Name="groups" NameFormat="${BASIC}"><saml2:AttributeValue ${XSI} xsi:type="xs:string">g-1</saml2:AttributeValue><saml2:AttributeValue ${XSI} xsi:type="xs:string">g-2</saml2:AttributeValue></saml2:Attribute><saml2:Attribute Name="email" NameFormat="${BASIC}"><saml2:AttributeValue ${XSI} xsi:type="xs:string">alice@acme.test</saml2:AttributeValue></saml2:Attribute></saml2:AttributeStatement></saml2:Assertion></saml2p:Response>`;
  return sign(sign(xml, { prefixList: ['xs'] }), { element: 'Response', prefixList: ['xs'] });
}

/** `saml2` prefixes, only the response signed, attributes without a type, stand-alone declaration. */
function google(): string {
  return sign(
    `<?xml version="1.0" encoding="UTF-8" standalone="no"?><saml2p:Response xmlns:saml2p="${PROTOCOL}" Destination="${ACS_URL}" ID="_g1" InResponseTo="${REQUEST_ID}" ${times}><saml2:Issuer xmlns:saml2="${ASSERTION}">${IDP}</saml2:Issuer><saml2p:Status><saml2p:StatusCode Value="${SUCCESS}"/></saml2p:Status><saml2:Assertion xmlns:saml2="${ASSERTION}" ID="_g2" ${times}><saml2:Issuer>${IDP}</saml2:Issuer><saml2:Subject><saml2:NameID Format="${EMAIL_FORMAT}">alice@acme.test</saml2:NameID><saml2:SubjectConfirmation Method="${BEARER}"><saml2:SubjectConfirmationData ${confirmation}/></saml2:SubjectConfirmation></saml2:Subject><saml2:Conditions ${window}><saml2:AudienceRestriction><saml2:Audience>${SP_ENTITY_ID}</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions><saml2:AttributeStatement><saml2:Attribute Name="groups"><saml2:AttributeValue ${XS} ${XSI} xsi:type="xs:anyType">g-1</saml2:AttributeValue><saml2:AttributeValue ${XS} ${XSI} xsi:type="xs:anyType">g-2</saml2:AttributeValue></saml2:Attribute><saml2:Attribute Name="email"><saml2:AttributeValue ${XS} ${XSI} xsi:type="xs:anyType">alice@acme.test</saml2:AttributeValue></saml2:Attribute></saml2:AttributeStatement><saml2:AuthnStatement AuthnInstant="2026-11-21T11:59:30.000Z" SessionIndex="_g2"><saml2:AuthnContext><saml2:AuthnContextClassRef>${CLASSES}unspecified</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement></saml2:Assertion></saml2p:Response>`,
    { element: 'Response' },
  );
}

/** The assertion in its default namespace, consent, `SessionNotOnOrAfter`, Kerberos. */
function adfs(): string {
  return sign(
    `<samlp:Response ID="_a1" ${times} Destination="${ACS_URL}" Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified" InResponseTo="${REQUEST_ID}" xmlns:samlp="${PROTOCOL}"><Issuer xmlns="${ASSERTION}">${IDP}</Issuer><samlp:Status><samlp:StatusCode Value="${SUCCESS}" /></samlp:Status><Assertion ID="_a2" ${times} xmlns="${ASSERTION}"><Issuer>${IDP}</Issuer><Subject><NameID Format="${EMAIL_FORMAT}">alice@acme.test</NameID><SubjectConfirmation Method="${BEARER}"><SubjectConfirmationData ${confirmation} /></SubjectConfirmation></Subject><Conditions ${window}><AudienceRestriction><Audience>${SP_ENTITY_ID}</Audience></AudienceRestriction></Conditions><AttributeStatement><Attribute Name="http://schemas.xmlsoap.org/claims/Group"><AttributeValue>g-1</AttributeValue><AttributeValue>g-2</AttributeValue></Attribute><Attribute Name="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"><AttributeValue>alice@acme.test</AttributeValue></Attribute></AttributeStatement><AuthnStatement AuthnInstant="2026-11-21T11:59:30.123Z" SessionIndex="_a2" SessionNotOnOrAfter="2026-11-21T20:00:00.123Z"><AuthnContext><AuthnContextClassRef>urn:federation:authentication:windows</AuthnContextClassRef></AuthnContext></AuthnStatement></Assertion></samlp:Response>`,
  );
}

/** One attribute a role, several of a name, `dsig` prefix, both signed, then encrypted. */
function keycloak(encrypted = false): string {
  const role = (value: string) =>
    `<saml:Attribute Name="groups" NameFormat="${BASIC}"><saml:AttributeValue ${XS} ${XSI} xsi:type="xs:string">${value}</saml:AttributeValue></saml:Attribute>`;
  const xml = `<samlp:Response xmlns:samlp="${PROTOCOL}" xmlns:saml="${ASSERTION}" Destination="${ACS_URL}" ID="ID_k1" InResponseTo="${REQUEST_ID}" ${times}><saml:Issuer>${IDP}</saml:Issuer><samlp:Status><samlp:StatusCode Value="${SUCCESS}"/></samlp:Status><saml:Assertion xmlns="${ASSERTION}" xmlns:saml="${ASSERTION}" ID="ID_k2" ${times}><saml:Issuer>${IDP}</saml:Issuer><saml:Subject><saml:NameID Format="${EMAIL_FORMAT}">alice@acme.test</saml:NameID><saml:SubjectConfirmation Method="${BEARER}"><saml:SubjectConfirmationData ${confirmation}/></saml:SubjectConfirmation></saml:Subject><saml:Conditions ${window}><saml:AudienceRestriction><saml:Audience>${SP_ENTITY_ID}</saml:Audience></saml:AudienceRestriction><saml:OneTimeUse/></saml:Conditions><saml:AuthnStatement AuthnInstant="2026-11-21T11:59:30.123Z" SessionIndex="s::c" SessionNotOnOrAfter="2026-11-21T22:00:00.123Z"><saml:AuthnContext><saml:AuthnContextClassRef>${CLASSES}unspecified</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>${role('g-1')}${role('g-2')}<saml:Attribute FriendlyName="email" Name="urn:oid:1.2.840.113549.1.9.1" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"><saml:AttributeValue ${XS} ${XSI} xsi:type="xs:string">alice@acme.test</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>`;
  const inner = sign(xml, { prefix: 'dsig' });
  const outer = encrypted ? encryptXml(inner, { certificate: KEYS.sp.certificate, keyBeside: true }) : inner;
  return sign(outer, { element: 'Response', prefix: 'dsig' });
}

/** Pretty-printed, encrypted, object identifiers with friendly names, a locality, the NameID with both qualifiers. */
function shibboleth(): string {
  const attribute = (oid: string, friendly: string, ...values: string[]) =>
    `<saml2:Attribute FriendlyName="${friendly}" Name="${oid}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">${values.map((value) => `\n          <saml2:AttributeValue>${value}</saml2:AttributeValue>`).join('')}\n        </saml2:Attribute>`;
  const xml = `<?xml version="1.0" encoding="UTF-8"?>
<saml2p:Response xmlns:saml2p="${PROTOCOL}" Destination="${ACS_URL}" ID="_s1" InResponseTo="${REQUEST_ID}" ${times}>
  <saml2:Issuer xmlns:saml2="${ASSERTION}">${IDP}</saml2:Issuer>
  <saml2p:Status>
    <saml2p:StatusCode Value="${SUCCESS}"/>
  </saml2p:Status>
  <saml2:Assertion xmlns:saml2="${ASSERTION}" ID="_s2" ${times}>
    <saml2:Issuer>${IDP}</saml2:Issuer>
    <saml2:Subject>
      <saml2:NameID Format="${EMAIL_FORMAT}" NameQualifier="${IDP}" SPNameQualifier="${SP_ENTITY_ID}">alice@acme.test</saml2:NameID>
      <saml2:SubjectConfirmation Method="${BEARER}">
        <saml2:SubjectConfirmationData Address="192.0.2.1" ${confirmation}/>
      </saml2:SubjectConfirmation>
    </saml2:Subject>
    <saml2:Conditions ${window}>
      <saml2:AudienceRestriction>
        <saml2:Audience>${SP_ENTITY_ID}</saml2:Audience>
      </saml2:AudienceRestriction>
      <saml2:ProxyRestriction Count="1"/>
    </saml2:Conditions>
    <saml2:AuthnStatement AuthnInstant="2026-11-21T11:59:30Z" SessionIndex="_s3">
      <saml2:SubjectLocality Address="192.0.2.1"/>
      <saml2:AuthnContext>
        <saml2:AuthnContextClassRef>${CLASSES}PasswordProtectedTransport</saml2:AuthnContextClassRef>
        <saml2:AuthenticatingAuthority>https://first.acme.test</saml2:AuthenticatingAuthority>
      </saml2:AuthnContext>
    </saml2:AuthnStatement>
    <saml2:AttributeStatement>
        ${attribute('urn:oid:1.3.6.1.4.1.5923.1.5.1.1', 'isMemberOf', 'g-1', 'g-2')}
        ${attribute('urn:oid:0.9.2342.19200300.100.1.3', 'mail', 'alice@acme.test')}
        <saml2:Attribute FriendlyName="eduPersonTargetedID" Name="urn:oid:1.3.6.1.4.1.5923.1.1.1.10"><saml2:AttributeValue><saml2:NameID NameQualifier="${IDP}">opaque</saml2:NameID></saml2:AttributeValue></saml2:Attribute>
    </saml2:AttributeStatement>
  </saml2:Assertion>
</saml2p:Response>`;
  return sign(encryptXml(sign(xml), { certificate: KEYS.sp.certificate }), { element: 'Response' });
}

/** SHA-512, both signed, transient-looking session index, Windows line ends. */
function simpleSamlPhp(): string {
  const xml = `<samlp:Response xmlns:samlp="${PROTOCOL}" xmlns:saml="${ASSERTION}" ID="_p1" ${times} Destination="${ACS_URL}" InResponseTo="${REQUEST_ID}">\n<saml:Issuer>${IDP}</saml:Issuer>\n<samlp:Status><samlp:StatusCode Value="${SUCCESS}"/></samlp:Status>\n<saml:Assertion ${XSI} ${XS} ID="_p2" ${times}>\n<saml:Issuer>${IDP}</saml:Issuer>\n<saml:Subject><saml:NameID SPNameQualifier="${SP_ENTITY_ID}" Format="${EMAIL_FORMAT}">alice@acme.test</saml:NameID><saml:SubjectConfirmation Method="${BEARER}"><saml:SubjectConfirmationData ${confirmation}/></saml:SubjectConfirmation></saml:Subject><saml:Conditions ${window}><saml:AudienceRestriction><saml:Audience>${SP_ENTITY_ID}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="2026-11-21T11:59:30Z" SessionNotOnOrAfter="2026-11-21T20:00:00Z" SessionIndex="_p3"><saml:AuthnContext><saml:AuthnContextClassRef>${CLASSES}Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="groups" NameFormat="${BASIC}"><saml:AttributeValue xsi:type="xs:string">g-1</saml:AttributeValue><saml:AttributeValue xsi:type="xs:string">g-2</saml:AttributeValue></saml:Attribute><saml:Attribute Name="mail" NameFormat="${BASIC}"><saml:AttributeValue xsi:type="xs:string">alice@acme.test</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>\n</samlp:Response>`;
  const sha512 = {
    algorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
    digest: 'http://www.w3.org/2001/04/xmlenc#sha512',
  };
  return sign(sign(xml, sha512), { element: 'Response', ...sha512 }).replaceAll('\n', '\r\n');
}

/** No Destination, no Issuer on the response, no NotBefore, a response whose root declares all namespaces. */
function auth0(): string {
  return sign(
    `<samlp:Response xmlns:samlp="${PROTOCOL}" ID="_u1" InResponseTo="${REQUEST_ID}" ${times}><samlp:Status><samlp:StatusCode Value="${SUCCESS}"/></samlp:Status><saml:Assertion xmlns:saml="${ASSERTION}" ${times} ID="_u2"><saml:Issuer>${IDP}</saml:Issuer><saml:Subject><saml:NameID Format="${EMAIL_FORMAT}">alice@acme.test</saml:NameID><saml:SubjectConfirmation Method="${BEARER}"><saml:SubjectConfirmationData ${confirmation}/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotOnOrAfter="2026-11-21T12:10:00.123Z"><saml:AudienceRestriction><saml:Audience>${SP_ENTITY_ID}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="2026-11-21T11:59:30.123Z"><saml:AuthnContext><saml:AuthnContextClassRef>${CLASSES}unspecified</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement ${XS} ${XSI}><saml:Attribute Name="http://schemas.auth0.com/groups" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"><saml:AttributeValue xsi:type="xs:anyType">g-1</saml:AttributeValue><saml:AttributeValue xsi:type="xs:anyType">g-2</saml:AttributeValue></saml:Attribute><saml:Attribute Name="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"><saml:AttributeValue xsi:type="xs:anyType">alice@acme.test</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>`,
    { prefix: '' },
  );
}

/** Who -> their response, and the name of the attribute that lists groups. */
export const SHAPES: Readonly<Record<string, readonly [xml: () => string, groups: string]>> = {
  Entra: [entra, 'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups'],
  'Entra, encrypted': [
    () =>
      encryptXml(entra(), { certificate: KEYS.sp.certificate, data: 'http://www.w3.org/2001/04/xmlenc#aes256-cbc' }),
    'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups',
  ],
  Okta: [okta, 'groups'],
  Google: [google, 'groups'],
  ADFS: [adfs, 'http://schemas.xmlsoap.org/claims/Group'],
  Keycloak: [keycloak, 'groups'],
  'Keycloak, encrypted': [() => keycloak(true), 'groups'],
  Shibboleth: [shibboleth, 'urn:oid:1.3.6.1.4.1.5923.1.5.1.1'],
  SimpleSAMLphp: [simpleSamlPhp, 'groups'],
  Auth0: [auth0, 'http://schemas.auth0.com/groups'],
};
