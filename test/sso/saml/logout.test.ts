// Logout messages: ours read back by other means, an identity provider's accepted in every valid form.
import { verify as verifyBytes } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { SignedXml } from 'xml-crypto';
import { samlLogout } from '../../../sso/connections/protocol-view.ts';
import { attribute, child, elements, parseXml } from '../../../sso/saml/dom.ts';
import { buildLogoutRequest, buildLogoutResponse, type LogoutToSend } from '../../../sso/saml/logout-message.ts';
import type { LogoutMessage } from '../../../sso/saml/receive-logout.ts';
import { encryptedElement, SAML } from '../../support/saml-idp.ts';
import { KEYS, NOW, parts, pem } from './company.ts';
import {
  byPost,
  byRedirect,
  IDP_SLO_URL,
  logoutConnection,
  OUR_REQUEST,
  requestXml,
  responseXml,
  SLO_URL,
  SUBJECT,
  SUCCESS,
  verifyAnswer,
  verifyRequest,
} from './logout.ts';

const ALICE = { value: 'alice', format: 'urn:f', nameQualifier: 'urn:idp', spNameQualifier: 'urn:sp' };
const POST = { idp: { requestUrl: IDP_SLO_URL, responseUrl: `${IDP_SLO_URL}/answers`, binding: 'post' } } as const;
const asked = { nameId: ALICE, sessionIndex: 'session-1', relayState: 'state-1', now: NOW };

function messageOf(sent: LogoutToSend): string {
  const isResponse = sent.method === 'redirect' ? sent.url.includes('SAMLResponse=') : 'SAMLResponse' in sent.fields;
  const name = isResponse ? 'SAMLResponse' : 'SAMLRequest';
  return sent.method === 'redirect'
    ? inflateRawSync(Buffer.from(new URL(sent.url).searchParams.get(name) ?? '', 'base64')).toString()
    : Buffer.from(sent.fields[name] ?? '', 'base64').toString();
}

describe('our LogoutRequest', () => {
  const sent = buildLogoutRequest(logoutConnection(), asked);
  const root = parseXml(messageOf(sent)).documentElement;

  test('names us, the address, the person exactly as asserted, the session and when it ends', () => {
    const names = ['ID', 'Version', 'IssueInstant', 'Destination', 'NotOnOrAfter'];
    expect(names.map((name) => attribute(root, name))).toEqual([
      sent.id,
      '2.0',
      '2026-11-21T12:00:30.000Z',
      IDP_SLO_URL,
      '2026-11-21T12:05:30.000Z',
    ]);
    expect(elements(root).map((element) => [element.localName, element.textContent])).toEqual([
      ['Issuer', 'https://drawbridge.test/sso/saml/acme/metadata'],
      ['NameID', 'alice'],
      ['SessionIndex', 'session-1'],
    ]);
    const nameId = child(root, SAML.assertion, 'NameID') as Element;
    expect(['Format', 'NameQualifier', 'SPNameQualifier'].map((name) => attribute(nameId, name))).toEqual([
      'urn:f',
      'urn:idp',
      'urn:sp',
    ]);
  });

  test('without session index asks for all sessions, and escapes what the company sent', () => {
    const bare = { value: 'a<b&"c"', format: undefined, nameQualifier: undefined, spNameQualifier: undefined };
    const other = buildLogoutRequest(logoutConnection(), {
      nameId: bare,
      sessionIndex: undefined,
      relayState: undefined,
      now: NOW,
    });
    const [, nameId, ...rest] = elements(parseXml(messageOf(other)).documentElement);
    expect([nameId?.textContent, nameId?.attributes.length, rest]).toEqual(['a<b&"c"', 0, []]);
    expect(other.method === 'redirect' && new URL(other.url).searchParams.has('RelayState')).toBe(false);
  });

  test('by redirect is signed over the query as it stands', () => {
    const query = sent.method === 'redirect' ? (sent.url.split('?')[1] ?? '') : '';
    const [covered = '', signature = ''] = query.split('&Signature=');
    const value = Buffer.from(decodeURIComponent(signature), 'base64');
    expect(verifyBytes('sha256', Buffer.from(covered), KEYS.sp.certificate, value)).toBe(true);
    expect([...new URLSearchParams(query).keys()]).toEqual(['SAMLRequest', 'RelayState', 'SigAlg', 'Signature']);
  });

  test('by POST is a form whose message is signed', () => {
    const form = buildLogoutRequest(logoutConnection(POST), asked);
    expect(form).toMatchObject({ method: 'post', url: IDP_SLO_URL, fields: { RelayState: 'state-1' } });
    const engine = new SignedXml({ publicCert: KEYS.sp.certificate });
    engine.loadSignature(child(parseXml(messageOf(form)).documentElement, SAML.ds, 'Signature') as Element);
    expect(engine.checkSignature(messageOf(form))).toBe(true);
  });

  test('refuses a RelayState of more than 80 bytes, which an answer gives back whatever its length', () => {
    const relayState = 'x'.repeat(81);
    expect(() => buildLogoutRequest(logoutConnection(), { ...asked, relayState })).toThrow(RangeError);
    const answer = buildLogoutResponse(logoutConnection(), {
      inResponseTo: '_1',
      status: 'success',
      relayState,
      now: NOW,
    });
    expect(answer.method === 'redirect' && new URL(answer.url).searchParams.get('RelayState')).toBe(relayState);
  });
});

describe('our LogoutResponse', () => {
  test.each([
    ['success', 'urn:oasis:names:tc:SAML:2.0:status:Success'],
    ['failed', 'urn:oasis:names:tc:SAML:2.0:status:Responder'],
  ] as const)('of %s goes to the address for answers and names the request', (status, code) => {
    const options = { inResponseTo: '_theirs', status, relayState: 'theirs', now: NOW };
    const sent = buildLogoutResponse(logoutConnection(), options);
    expect(sent.url).toMatch(/^https:\/\/idp\.acme\.test\/slo\/answers\?SAMLResponse=/);
    const root = parseXml(messageOf(sent)).documentElement;
    expect([attribute(root, 'InResponseTo'), attribute(root, 'Destination')]).toEqual([
      '_theirs',
      `${IDP_SLO_URL}/answers`,
    ]);
    expect(root.getElementsByTagNameNS(SAML.protocol, 'StatusCode')[0]?.getAttribute('Value')).toBe(code);
  });
});

const lowerCaseHex = (text: string) =>
  encodeURIComponent(text).replace(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase());
const elliptic = { certificates: [KEYS.idp.certificate, KEYS.elliptic.certificate] };
const ECDSA = 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256';
const encryptedId = encryptedElement(`<saml:NameID xmlns:saml="${SAML.assertion}" Format="urn:f">alice</saml:NameID>`, {
  certificate: KEYS.sp.certificate,
  wrapper: 'EncryptedID',
});

const REQUESTS: readonly (readonly [
  what: string,
  message: () => LogoutMessage,
  connection?: Parameters<typeof verifyRequest>[1],
])[] = [
  ['by redirect', () => byRedirect(requestXml())],
  ['by redirect, with RelayState', () => byRedirect(requestXml(), { relayState: 'a b/c' })],
  ['by redirect, escapes in lower case', () => byRedirect(requestXml(), { encode: lowerCaseHex })],
  ['by redirect, base64 with its own + and /', () => byRedirect(requestXml(), { encode: (text) => text })],
  [
    'by redirect, parameters in another order',
    () => {
      const message = byRedirect(requestXml());
      const query = message.binding === 'redirect' ? message.rawQuery : '';
      return { binding: 'redirect', rawQuery: `?${query.split('&').reverse().join('&')}&foreign=1` };
    },
  ],
  [
    'by redirect, the encoding named',
    () => {
      const message = byRedirect(requestXml());
      const encoding = 'SAMLEncoding=urn%3Aoasis%3Anames%3Atc%3ASAML%3A2.0%3Abindings%3AURL-Encoding%3ADEFLATE';
      return { binding: 'redirect', rawQuery: `${encoding}&${message.binding === 'redirect' ? message.rawQuery : ''}` };
    },
  ],
  [
    'by redirect, the second certificate signs',
    () => byRedirect(requestXml(), { key: KEYS.next.privateKey }),
    { certificates: [KEYS.idp.certificate, KEYS.next.certificate] },
  ],
  ['by redirect, ECDSA', () => byRedirect(requestXml(), { key: KEYS.elliptic.privateKey, algorithm: ECDSA }), elliptic],
  [
    'by redirect, SHA-1 where the connection allows it',
    () => byRedirect(requestXml(), { algorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1', hash: 'sha1' }),
    { allowSha1: true },
  ],
  ['by POST', () => byPost(requestXml())],
  ['by POST, an end in the future', () => byPost(requestXml({ notOnOrAfter: '2026-11-21T12:10:00Z' }))],
  [
    'by POST, line ends in the base64',
    () => {
      const message = byPost(requestXml());
      const text = message.binding === 'post' ? String(message.body.SAMLRequest) : '';
      return { binding: 'post', body: { SAMLRequest: text.replace(/.{76}/g, '$&\r\n') } };
    },
  ],
];

describe('their LogoutRequest is accepted', () => {
  for (const [what, message, connection] of REQUESTS) {
    test(what, () => {
      expect(verifyRequest(message(), connection)).toMatchObject({
        ok: true,
        id: '_logout-1',
        nameId: ALICE,
        sessionIndexes: ['session-1'],
      });
    });
  }

  test('with the RelayState to give back, and the time until which its ID must be remembered', () => {
    expect(verifyRequest(byRedirect(requestXml(), { relayState: 'a b/c' }))).toMatchObject({
      relayState: 'a b/c',
      until: new Date('2026-11-21T12:07:00Z'),
    });
    expect(verifyRequest(byPost(requestXml({ notOnOrAfter: '2026-11-21T12:01:00Z' })))).toMatchObject({
      relayState: undefined,
      until: new Date('2026-11-21T12:03:00Z'),
    });
  });

  test('without session index for all sessions, or with several', () => {
    const nameId = SUBJECT.slice(0, SUBJECT.indexOf('<samlp:SessionIndex'));
    expect(verifyRequest(byPost(requestXml({ content: nameId })))).toMatchObject({ sessionIndexes: [] });
    const two = `${SUBJECT}<samlp:SessionIndex>session-2</samlp:SessionIndex>`;
    expect(verifyRequest(byRedirect(requestXml({ content: two })))).toMatchObject({
      sessionIndexes: ['session-1', 'session-2'],
    });
  });

  test.each([
    ['redirect', byRedirect],
    ['POST', byPost],
  ] as const)('with an encrypted NameID by %s', (_binding, send) => {
    expect(verifyRequest(send(requestXml({ content: encryptedId })))).toMatchObject({
      ok: true,
      nameId: { value: 'alice', format: 'urn:f' },
    });
  });
});

describe('their LogoutResponse is accepted', () => {
  test.each([
    ['redirect', byRedirect],
    ['POST', byPost],
  ] as const)('by %s', (_binding, send) => {
    expect(verifyAnswer(send(responseXml()))).toMatchObject({ ok: true, partial: false });
  });

  const partial = '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:PartialLogout"/>';
  test.each(['Success', 'Responder'])('as partial, below %s', (top) => {
    const content = SUCCESS.replace('Success"/>', `${top}">${partial}</samlp:StatusCode>`);
    expect(verifyAnswer(byRedirect(responseXml({ content })))).toMatchObject({ ok: true, partial: true });
  });

  test('to our own request, sent by us and read as another would', () => {
    const sent = buildLogoutRequest(logoutConnection(), asked);
    expect(sent.id).not.toBe(OUR_REQUEST);
    const mirrored = logoutConnection({
      sloUrl: IDP_SLO_URL,
      idpEntityId: logoutConnection().spEntityId,
      certificates: [KEYS.sp.certificate],
    });
    const rawQuery = sent.method === 'redirect' ? (sent.url.split('?')[1] ?? '') : '';
    expect(verifyRequest({ binding: 'redirect', rawQuery }, mirrored)).toMatchObject({ ok: true, nameId: ALICE });
  });
});

describe('a connection', () => {
  const record = {
    orgId: 'o',
    id: 'acme',
    displayName: 'Acme',
    status: 'active',
    directoryId: undefined,
    version: 1,
    createdAt: NOW,
    protocol: 'saml',
    secret: { privateKey: pem(KEYS.sp), certificate: KEYS.sp.certificate },
  } as const;
  const idp = {
    idpEntityId: parts().issuer,
    ssoUrl: 'https://idp.acme.test/sso',
    ssoBinding: 'redirect',
    certificates: [KEYS.idp.certificate],
    sloUrl: IDP_SLO_URL,
    sloBinding: 'post',
  } as const;
  const settings = {
    protocol: 'saml',
    domains: [],
    preset: 'generic',
    jit: 'off',
    absentGroups: 'hold',
    signedPart: 'assertion',
    authnContexts: [],
    allowSha1: false,
    encryption: 'off',
    signRequests: false,
    idp: { ...idp, certificates: [...idp.certificates] },
  } as const;

  test('with a logout address and a key takes part in logout; answers go where requests do unless told otherwise', () => {
    expect(samlLogout('https://drawbridge.test', { ...record, settings } as never)).toMatchObject({
      sloUrl: SLO_URL,
      idp: { requestUrl: IDP_SLO_URL, responseUrl: IDP_SLO_URL, binding: 'post' },
    });
  });

  test('without either does not', () => {
    const without = { ...settings, idp: { ...settings.idp, sloUrl: undefined } };
    expect(samlLogout('https://drawbridge.test', { ...record, settings: without } as never)).toBeUndefined();
    expect(samlLogout('https://drawbridge.test', { ...record, settings, secret: undefined } as never)).toBeUndefined();
  });
});
