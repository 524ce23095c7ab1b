// Domains that nobody can own: of public mail providers (whoever owned gmail.com would own everybody) and of registries.
import { getDomain } from 'tldts';
import domains from './public-mail-domains.json' with { type: 'json' };

const PUBLIC = new Set<string>(domains);

/** Whether anybody can get an address there; subdomains of such a provider count (`company.onmicrosoft.com`). */
export function isPublicMailDomain(domain: string): boolean {
  const labels = domain.split('.');
  return labels.some((_, at) => PUBLIC.has(labels.slice(at).join('.')));
}

/**
 * Whether a domain is one under which a registry or a host lets anybody register (`co.uk`, `github.io`), by the public
 * suffix list: nobody can own everything below it.
 */
export function isPublicSuffix(domain: string): boolean {
  return getDomain(domain, { allowPrivateDomains: true }) === null;
}
