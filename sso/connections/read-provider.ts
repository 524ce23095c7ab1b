// Reads a company's side from the addresses that an administrator gave, before anything is stored: SAML metadata by its
// address, OpenID Connect by its issuer with the published keys. What is wrong is said with what to do about it.
import { DomainError } from '../../src/errors.ts';
import {
  countSigningKeys,
  type DiscoveryDocument,
  discoveryUrlOf,
  issuerOf,
  readDiscovery,
} from '../oidc/discovery-document.ts';
import type { GuardedFetch } from '../outbound/guarded-fetch.ts';
import { OutboundFault } from '../outbound/outbound-fault.ts';

type ProviderInput = {
  readonly metadataUrl?: string | null | undefined;
  readonly metadataXml?: string | undefined;
  readonly idp?: object | undefined;
  readonly issuer?: string | undefined;
  readonly discoveryUrl?: string | undefined;
  readonly discovery?: DiscoveryDocument | undefined;
};

/** What an administrator sent, with what its addresses answered. Throws invalid_value with cause and cure. */
export async function withProvider<Input extends ProviderInput>(outbound: GuardedFetch, input: Input): Promise<Input> {
  requireOneWay(input, ['metadataUrl', 'metadataXml', 'idp']);
  requireOneWay(input, ['discoveryUrl', 'discovery']);
  if (typeof input.metadataUrl === 'string') {
    return { ...input, metadataXml: await readMetadata(outbound, input.metadataUrl) };
  }
  if (input.discovery !== undefined) {
    const { issuer } = input;
    const byHand = { ...(issuer === undefined ? {} : { issuer }), ...input.discovery };
    const found = readDiscovery(JSON.stringify(byHand), issuer);
    if (!found.ok) throw invalid(found.detail);
    return { ...input, issuer: found.issuer, discovery: found.document };
  }
  if (input.issuer === undefined && input.discoveryUrl === undefined) return input;
  const asked = input.issuer === undefined ? undefined : issuerOf(input.issuer);
  const discoveryUrl = input.discoveryUrl ?? discoveryUrlOf(asked as string);
  const { issuer, document } = await discover(outbound, discoveryUrl, asked);
  return { ...input, issuer, discovery: document, discoveryUrl };
}

/** A metadata document's text. Throws invalid_value. */
export function readMetadata(outbound: GuardedFetch, url: string): Promise<string> {
  return read(outbound, url, 'Is it the address of the metadata, and public?');
}

/**
 * A provider's discovery document, whose key set answers too. Throws invalid_value.
 *
 * @param expected the issuer that was asked for; undefined takes the document's word
 */
export async function discover(
  outbound: GuardedFetch,
  discoveryUrl: string,
  expected: string | undefined,
): Promise<{ readonly issuer: string; readonly document: DiscoveryDocument }> {
  const text = await read(outbound, discoveryUrl, 'Give the issuer, as the provider writes it (no path of its pages).');
  const found = readDiscovery(text, expected);
  if (!found.ok) throw invalid(`${discoveryUrl}: ${found.detail}`);
  const keysUrl = String(found.document.jwks_uri);
  const keys = countSigningKeys(await read(outbound, keysUrl, 'The provider must publish its keys there.'));
  if (keys === undefined) throw invalid(`${keysUrl} answers no key set (JWKS).`);
  if (keys === 0) throw invalid(`${keysUrl} holds no key that can sign. Have the provider sign with RS256 or ES256.`);
  return found;
}

async function read(outbound: GuardedFetch, url: string, cure: string): Promise<string> {
  try {
    const answer = await outbound(url, { headers: { accept: '*/*', 'user-agent': 'Drawbridge' } });
    if (answer.status !== 200) throw invalid(`${url} answered ${answer.status}. ${cure}`);
    return await answer.text();
  } catch (error) {
    if (error instanceof OutboundFault) throw invalid(error.message, error);
    throw error;
  }
}

/** The company's side comes in one way: of two, one would be without effect. */
function requireOneWay(input: ProviderInput, ways: readonly (keyof ProviderInput)[]): void {
  const given = ways.filter((way) => input[way] !== undefined && input[way] !== null);
  if (given.length > 1) throw invalid(`Give one of ${given.join(' and ')}, not both.`);
}

function invalid(detail: string, cause?: unknown): DomainError {
  return new DomainError('invalid_value', detail, { cause });
}
