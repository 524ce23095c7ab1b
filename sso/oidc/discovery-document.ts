// A provider's discovery document (OpenID Connect Discovery 1.0, section 3), as read from its issuer or given by hand.
// What is kept of it is bounded and pruned; the checks say in words what an administrator has to change. Pure.

/** Names as in the specification; only texts, truth values and lists of texts. */
export type DiscoveryDocument = Readonly<Record<string, string | boolean | string[]>>;

export type ReadDiscovery =
  | { readonly ok: true; readonly issuer: string; readonly document: DiscoveryDocument }
  | { readonly ok: false; readonly detail: string };

/** Where a document is, after its issuer (Discovery 4). */
export const WELL_KNOWN = '/.well-known/openid-configuration';
const NEEDED = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const;
const MAX_TEXT = 2048;
const MAX_LIST = 100;
/** Microsoft's issuers for several tenants write the tenant as a place to fill. */
const TENANT_PLACE = '{tenantid}';
const SHARED_TENANTS = /^https:\/\/login\.microsoftonline\.com\/(common|organizations|consumers)\//;

/** Whether an issuer signs people of every tenant in, so that a connection must say whose are meant. */
export function servesEveryTenant(issuer: string): boolean {
  return SHARED_TENANTS.test(issuer) || issuer.includes(TENANT_PLACE);
}

/** Where an issuer's document is (Discovery 4.1). */
export function discoveryUrlOf(issuer: string): string {
  return issuer.replace(/\/+$/, '') + WELL_KNOWN;
}

/** An issuer as it was meant: without the document's own path, which people copy along. */
export function issuerOf(given: string): string {
  return given.endsWith(WELL_KNOWN) ? given.slice(0, -WELL_KNOWN.length) : given;
}

/**
 * Reads a document.
 *
 * @param expected the issuer that was asked for; undefined takes the document's word
 * @returns `issuer`: as the document writes it, but for Microsoft's shared ones
 */
export function readDiscovery(text: string, expected: string | undefined): ReadDiscovery {
  const found = parseObject(text);
  if (!found) {
    return fault('The answer is no discovery document (no JSON object). Is this the issuer, and not a sign-in page?');
  }
  const { issuer } = found;
  if (typeof issuer !== 'string' || !isWebAddress(issuer))
    return fault('The discovery document names no usable issuer.');
  const shared = expected !== undefined && SHARED_TENANTS.test(expected) && issuer.includes(TENANT_PLACE);
  if (expected !== undefined && !shared && withoutSlash(issuer) !== withoutSlash(expected)) {
    return fault(
      `The discovery document names the issuer "${issuer.slice(0, 300)}", not "${expected}". Give the issuer exactly as the document writes it.`,
    );
  }
  for (const name of NEEDED) {
    const address = found[name];
    if (typeof address !== 'string' || !isWebAddress(address)) {
      return fault(`The discovery document has no usable ${name}.`);
    }
  }
  const algorithms = found.id_token_signing_alg_values_supported;
  if (Array.isArray(algorithms) && !algorithms.some((one) => /^(RS|PS|ES|EdDSA|Ed)/.test(String(one)))) {
    return fault(
      'The provider signs ID tokens only by shared secrets or not at all. Have it sign with RS256 or ES256.',
    );
  }
  return { ok: true, issuer: shared ? expected : issuer, document: prune(found) };
}

/** How many keys of a key set (RFC 7517) can have signed something; undefined when it is none. */
export function countSigningKeys(text: string): number | undefined {
  const keys = parseObject(text)?.keys;
  if (!Array.isArray(keys)) return undefined;
  return keys.filter((key) => ['RSA', 'EC', 'OKP'].includes(key?.kty) && key.use !== 'enc').length;
}

/** Where the provider serves what: the document's endpoints and the address of its keys. */
export function endpointsOf(document: DiscoveryDocument): Record<string, string> {
  const endpoints = Object.entries(document).filter(([name]) => /_endpoint$|^jwks_uri$/.test(name));
  return Object.fromEntries(endpoints.map(([name, address]) => [name, String(address)]));
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function prune(found: Record<string, unknown>): DiscoveryDocument {
  const kept: Record<string, string | boolean | string[]> = {};
  for (const [name, value] of Object.entries(found)) {
    if (!/^[a-z][a-z0-9_]{0,99}$/.test(name)) continue;
    if (typeof value === 'boolean' || isText(value)) kept[name] = value;
    else if (Array.isArray(value) && value.length <= MAX_LIST && value.every(isText)) kept[name] = value;
  }
  return kept;
}

function isWebAddress(text: string): boolean {
  return isText(text) && /^https?:$/.test(URL.parse(text)?.protocol ?? '');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}

function withoutSlash(address: string): string {
  return address.replace(/\/+$/, '');
}

function fault(detail: string): ReadDiscovery {
  return { ok: false, detail };
}
