// A logout message as it arrives: out of the query string, where a detached signature covers the parameters as they were
// sent, octet by octet, or out of a form field. SAML bindings 3.4.4.1 and 3.5.4.
import { inflateRawSync } from 'node:zlib';
import { decodeBase64 } from './base64.ts';
import { ENCODING_DEFLATE } from './names.ts';
import { quoted, Refused } from './refusals.ts';

export type LogoutMessage =
  /** What stands behind the `?` of the address, not decoded. */
  | { readonly binding: 'redirect'; readonly rawQuery: string }
  /** The form's fields. */
  | { readonly binding: 'post'; readonly body: Readonly<Record<string, unknown>> };

/** A signature over the query; the XML itself carries none. */
export type Detached = { readonly octets: string; readonly algorithm: string; readonly signature: Buffer };

export type Received = {
  readonly xml: Buffer;
  readonly relayState: string | undefined;
  readonly detached: Detached | undefined;
};

type Parameter = 'SAMLRequest' | 'SAMLResponse';

/** A logout message is a few hundred bytes, with a signature and a certificate a few thousand. */
const MAX_LOGOUT_BYTES = 64 * 1024;

const QUERY_NAMES = ['SAMLRequest', 'SAMLResponse', 'RelayState', 'SigAlg', 'Signature', 'SAMLEncoding'] as const;
type Query = ReadonlyMap<string, string>;

/** Throws Refused when the message is not there, or not as its binding demands. */
export function receiveLogout(message: LogoutMessage, parameter: Parameter): Received {
  return message.binding === 'redirect' ? fromQuery(message.rawQuery, parameter) : fromForm(message.body, parameter);
}

function fromForm(body: Readonly<Record<string, unknown>>, parameter: Parameter): Received {
  const { [parameter]: text, RelayState: relayState } = body;
  if (typeof text !== 'string' || text === '') throw new Refused('logout_missing', `no ${parameter}`);
  const xml = decoded(text);
  if (xml.length > MAX_LOGOUT_BYTES) throw new Refused('too_large', `${xml.length} bytes`);
  return { xml, relayState: typeof relayState === 'string' ? relayState : undefined, detached: undefined };
}

function fromQuery(rawQuery: string, parameter: Parameter): Received {
  const query = readQuery(rawQuery);
  const raw = query.get(parameter);
  if (raw === undefined || raw === '') throw new Refused('logout_missing', `no ${parameter}`);
  const encoding = query.get('SAMLEncoding');
  if (encoding !== undefined && percentDecoded(encoding) !== ENCODING_DEFLATE) {
    throw new Refused('query_invalid', `SAMLEncoding ${quoted(encoding)}`);
  }
  const relayState = query.get('RelayState');
  return {
    xml: inflated(decoded(percentDecoded(raw))),
    relayState: relayState === undefined ? undefined : percentDecoded(relayState.replaceAll('+', ' ')),
    detached: detachedOf(query, parameter),
  };
}

/** Each parameter once and under its plain name: another reader must not be able to find another value. */
function readQuery(rawQuery: string): Query {
  const query = new Map<string, string>();
  for (const part of rawQuery.replace(/^\?/, '').split('&')) {
    const [rawName = ''] = part.split('=', 1);
    const name = percentDecoded(rawName);
    const known = QUERY_NAMES.find((one) => one.toLowerCase() === name.toLowerCase());
    if (known === undefined) continue;
    if (rawName !== known || query.has(known)) throw new Refused('query_invalid', `${known} twice or misspelt`);
    query.set(known, part.slice(rawName.length + 1));
  }
  if (query.has('SAMLRequest') && query.has('SAMLResponse')) {
    throw new Refused('query_invalid', 'a request and a response');
  }
  return query;
}

function detachedOf(query: Query, parameter: Parameter): Detached | undefined {
  const [algorithm, signature] = [query.get('SigAlg'), query.get('Signature')];
  if (algorithm === undefined || signature === undefined) return undefined;
  const octets = [parameter, 'RelayState', 'SigAlg']
    .filter((name) => query.has(name))
    .map((name) => `${name}=${query.get(name)}`)
    .join('&');
  const value = decodeBase64(percentDecoded(signature));
  if (!value) throw new Refused('signature_shape', 'the Signature parameter is not base64');
  return { octets, algorithm: percentDecoded(algorithm), signature: value };
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refused('query_invalid', quoted(text));
  }
}

function decoded(text: string): Buffer {
  const bytes = text.length > 2 * MAX_LOGOUT_BYTES ? 'too_large' : (decodeBase64(text) ?? 'not_base64');
  if (typeof bytes === 'string') throw new Refused(bytes, `${text.length} characters`);
  return bytes;
}

/** Bounded while it runs: a few bytes can inflate to gigabytes. */
function inflated(bytes: Buffer): Buffer {
  try {
    return inflateRawSync(bytes, { maxOutputLength: MAX_LOGOUT_BYTES });
  } catch (error) {
    const isBomb = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw isBomb
      ? new Refused('too_large', `inflates to more than ${MAX_LOGOUT_BYTES} bytes`)
      : new Refused('not_deflated', `${bytes.length} bytes`);
  }
}
