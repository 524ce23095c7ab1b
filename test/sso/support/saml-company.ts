// A company's SAML identity provider as a web server under another site than Drawbridge (`localhost` beside `127.0.0.1`):
// it takes AuthnRequests by redirect and answers with a page whose form the browser posts across sites.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inflateRawSync } from 'node:zlib';
import { type IdpKey, makeKey, type ResponseParts, responseXml, signXml } from '../../support/saml-idp.ts';
import { attribute, audience, parts } from '../saml/company.ts';

export type Employee = {
  readonly nameId: string;
  readonly email?: string;
  readonly externalId?: string;
  /** Undefined sends no group attribute. */
  readonly groups?: readonly string[];
};

type SamlRequest = {
  readonly id: string;
  readonly acsUrl: string;
  readonly spEntityId: string;
  readonly relayState: string;
  readonly forceAuthn: boolean;
};

export type SamlCompany = {
  readonly entityId: string;
  readonly ssoUrl: string;
  /** What it signs with and publishes; a test may replace it. */
  key: IdpKey;
  /** How often its metadata was read, at its entity ID. */
  metadataReads: number;
  readonly requests: SamlRequest[];
  /** Who sits at the browser. */
  employee: Employee;
  /** How far its clock is ahead of this machine's. */
  aheadMs: number;
  /** Shows a page of its own instead of sending the browser back. */
  withholds: boolean;
  /** Parts of the next responses that differ from honest ones. */
  changes: (request: SamlRequest) => Partial<ResponseParts>;
  metadataXml(): string;
  /** A signed response as the form field carries it. */
  respond(request: Pick<SamlRequest, 'id' | 'acsUrl' | 'spEntityId'>, now?: Date): string;
  stop(): Promise<void>;
};

export async function startSamlCompany(employee: Employee): Promise<SamlCompany> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', base);
    if (url.pathname === '/metadata') {
      company.metadataReads += 1;
      return void response.end(company.metadataXml());
    }
    const received = readRequest(url);
    company.requests.push(received);
    response.setHeader('content-type', 'text/html');
    if (company.withholds) return void response.end('<p>Please wait.</p>');
    response.end(
      `<form method="post" action="${received.acsUrl}"><input name="SAMLResponse" value="${company.respond(received)}"><input name="RelayState" value="${received.relayState}"><button>Sign in</button></form>`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://localhost:${(server.address() as AddressInfo).port}`;
  const company: SamlCompany = {
    entityId: `${base}/metadata`,
    ssoUrl: `${base}/sso`,
    key: makeKey('rsa', 'idp.company.test'),
    metadataReads: 0,
    requests: [],
    employee,
    withholds: false,
    aheadMs: 0,
    changes: () => ({}),
    metadataXml: () =>
      `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="${base}/metadata"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${company.key.base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${base}/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`,
    respond: (request, now = new Date(Date.now() + company.aheadMs)) => {
      const all = { ...request, relayState: '', forceAuthn: false };
      const honest = honestParts(company, request, now);
      const xml = signXml(responseXml(parts({ ...honest, ...company.changes(all) })), { key: company.key });
      return Buffer.from(xml).toString('base64');
    },
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return company;
}

function readRequest(url: URL): SamlRequest {
  const xml = inflateRawSync(Buffer.from(url.searchParams.get('SAMLRequest') ?? '', 'base64')).toString();
  const find = (pattern: RegExp) => pattern.exec(xml)?.[1] ?? '';
  return {
    id: find(/ ID="([^"]+)"/),
    acsUrl: find(/AssertionConsumerServiceURL="([^"]+)"/),
    spEntityId: find(/<saml:Issuer>([^<]+)</),
    relayState: url.searchParams.get('RelayState') ?? '',
    forceAuthn: xml.includes('ForceAuthn="true"'),
  };
}

let count = 0;

function honestParts(
  { entityId, employee }: SamlCompany,
  request: Pick<SamlRequest, 'id' | 'acsUrl' | 'spEntityId'>,
  now: Date,
): Partial<ResponseParts> {
  const at = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString().replace(/\.\d+/, '');
  count += 1;
  return {
    responseId: `_response-${count}`,
    assertionId: `_assertion-${process.pid}-${count}`,
    responseIssuer: entityId,
    issuer: entityId,
    destination: request.acsUrl,
    recipient: request.acsUrl,
    inResponseTo: request.id,
    confirmationInResponseTo: request.id,
    nameId: employee.nameId,
    audiences: audience(request.spEntityId),
    notBefore: at(-60),
    notOnOrAfter: at(300),
    confirmationEnd: at(300),
    authnInstant: at(0),
    attributes: [
      employee.email === undefined ? '' : attribute('email', employee.email),
      employee.externalId === undefined ? '' : attribute('externalId', employee.externalId),
      employee.groups === undefined ? '' : attribute('groups', ...employee.groups),
    ].join(''),
  };
}
