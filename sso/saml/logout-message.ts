// Our logout messages to a company's identity provider: "this session has ended", and the answer to its own. Always
// signed, by the binding that the connection names. SAML core 3.7, profiles 4.4.
import { randomUUID } from 'node:crypto';
import type { SamlNameId } from './assertion.ts';
import type { SamlLogoutConnection } from './connection.ts';
import { escapeXml } from './dom.ts';
import { NS, STATUS_RESPONDER, STATUS_SUCCESS } from './names.ts';
import { type OutgoingMessage, postForm, redirectUrl } from './send-message.ts';

/** Where the browser goes: to `url`, or with a form of `fields` posted to it. */
export type LogoutToSend =
  | { readonly id: string; readonly method: 'redirect'; readonly url: string }
  | {
      readonly id: string;
      readonly method: 'post';
      readonly url: string;
      readonly fields: Readonly<Record<string, string>>;
    };

/** How long a LogoutRequest of ours counts. */
const LIFE_MS = 5 * 60 * 1000;

/**
 * Asks the identity provider to end a session. The caller stores `id`: the answer must name it.
 *
 * @param options.nameId exactly as the assertion gave it, format and qualifiers included
 * @param options.sessionIndex the session to end; undefined ends all of that person
 * @param options.relayState an opaque key of ours, at most 80 bytes
 */
export function buildLogoutRequest(
  connection: SamlLogoutConnection,
  options: {
    readonly nameId: SamlNameId;
    readonly sessionIndex: string | undefined;
    readonly relayState: string | undefined;
    readonly now: Date;
  },
): LogoutToSend {
  const { value, format, nameQualifier, spNameQualifier } = options.nameId;
  const attributes = { Format: format, NameQualifier: nameQualifier, SPNameQualifier: spNameQualifier };
  const written = Object.entries(attributes).map(([name, text]) =>
    text === undefined ? '' : ` ${name}="${escapeXml(text)}"`,
  );
  const index = options.sessionIndex;
  return send(connection, options, {
    element: 'LogoutRequest',
    to: connection.idp.requestUrl,
    attributes: ` NotOnOrAfter="${new Date(options.now.getTime() + LIFE_MS).toISOString()}"`,
    content: [
      `<saml:NameID${written.join('')}>${escapeXml(value)}</saml:NameID>`,
      index === undefined ? '' : `<samlp:SessionIndex>${escapeXml(index)}</samlp:SessionIndex>`,
    ].join(''),
  });
}

/**
 * Answers the identity provider's LogoutRequest.
 *
 * @param options.inResponseTo the request's ID, from a request that has been verified
 * @param options.relayState the request's own, given back as it came
 */
export function buildLogoutResponse(
  connection: SamlLogoutConnection,
  options: {
    readonly inResponseTo: string;
    readonly status: 'success' | 'failed';
    readonly relayState: string | undefined;
    readonly now: Date;
  },
): LogoutToSend {
  const status = options.status === 'success' ? STATUS_SUCCESS : STATUS_RESPONDER;
  return send(connection, options, {
    element: 'LogoutResponse',
    to: connection.idp.responseUrl,
    attributes: ` InResponseTo="${escapeXml(options.inResponseTo)}"`,
    content: `<samlp:Status><samlp:StatusCode Value="${status}"/></samlp:Status>`,
  });
}

function send(
  { idp, spEntityId, signing }: SamlLogoutConnection,
  { relayState, now }: { readonly relayState: string | undefined; readonly now: Date },
  {
    element,
    to,
    attributes,
    content,
  }: Pick<OutgoingMessage, 'element' | 'to'> & Record<'attributes' | 'content', string>,
): LogoutToSend {
  const id = `_${randomUUID()}`;
  const xml = [
    `<samlp:${element} xmlns:samlp="${NS.protocol}" xmlns:saml="${NS.assertion}" ID="${id}" Version="2.0"`,
    ` IssueInstant="${now.toISOString()}" Destination="${escapeXml(to)}"${attributes}>`,
    `<saml:Issuer>${escapeXml(spEntityId)}</saml:Issuer>${content}</samlp:${element}>`,
  ].join('');
  const message: OutgoingMessage = { element, xml, to, relayState, signing };
  if (idp.binding === 'redirect') return { id, method: 'redirect', url: redirectUrl(message) };
  const { action, fields } = postForm(message);
  return { id, method: 'post', url: action, fields };
}
