// One connection's logout messages, made from stated parts, and how they are tried.
import type { SamlLogoutConnection } from '../../../sso/saml/connection.ts';
import type { LogoutMessage } from '../../../sso/saml/receive-logout.ts';
import { verifyLogoutRequest, verifyLogoutResponse } from '../../../sso/saml/verify-logout.ts';
import { type LogoutParts, logoutBody, logoutQuery, logoutXml, signLogout } from '../../support/saml-logout.ts';
import { connection, KEYS, NOW, parts, pem } from './company.ts';

export const SLO_URL = 'https://drawbridge.test/sso/saml/acme/slo';
export const IDP_SLO_URL = 'https://idp.acme.test/slo';
export const OUR_REQUEST = '_our-request';
export const SUCCESS =
  '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>';
export const SUBJECT =
  '<saml:NameID Format="urn:f" NameQualifier="urn:idp" SPNameQualifier="urn:sp">alice</saml:NameID><samlp:SessionIndex>session-1</samlp:SessionIndex>';

export function logoutConnection(changes: Partial<SamlLogoutConnection> = {}): SamlLogoutConnection {
  return {
    ...connection(),
    sloUrl: SLO_URL,
    idp: { requestUrl: IDP_SLO_URL, responseUrl: `${IDP_SLO_URL}/answers`, binding: 'redirect' },
    signing: { privateKey: pem(KEYS.sp), certificate: KEYS.sp.certificate },
    ...changes,
  };
}

const common = {
  id: '_logout-1',
  version: '2.0',
  issueInstant: '2026-11-21T12:00:00Z',
  destination: SLO_URL,
  issuer: parts().issuer,
};

export function requestXml(changes: Partial<LogoutParts> = {}): string {
  const own = { element: 'LogoutRequest', notOnOrAfter: null, inResponseTo: null, content: SUBJECT } as const;
  return logoutXml({ ...common, ...own, ...changes });
}

export function responseXml(changes: Partial<LogoutParts> = {}): string {
  const own = { element: 'LogoutResponse', notOnOrAfter: null, inResponseTo: OUR_REQUEST, content: SUCCESS } as const;
  return logoutXml({ ...common, ...own, ...changes });
}

/** Signed by the identity provider, by redirect. */
export function byRedirect(xml: string, options: Partial<Parameters<typeof logoutQuery>[1]> = {}): LogoutMessage {
  return { binding: 'redirect', rawQuery: logoutQuery(xml, { key: KEYS.idp.privateKey, ...options }) };
}

/** Signed by the identity provider, by POST. */
export function byPost(xml: string, key = KEYS.idp): LogoutMessage {
  return posted(signLogout(xml, key));
}

/** As it is, by POST. */
export function posted(xml: string): LogoutMessage {
  return { binding: 'post', body: logoutBody(xml) };
}

export function verifyRequest(message: LogoutMessage, changes: Partial<SamlLogoutConnection> = {}, now = NOW) {
  return verifyLogoutRequest(message, logoutConnection(changes), now);
}

export function verifyAnswer(message: LogoutMessage, changes: Partial<SamlLogoutConnection> = {}, now = NOW) {
  return verifyLogoutResponse(message, logoutConnection(changes), OUR_REQUEST, now);
}
