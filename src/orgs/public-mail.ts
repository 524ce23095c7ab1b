// Mail providers whose domains nobody can prove: whoever owned gmail.com would own everybody.
import domains from './public-mail-domains.json' with { type: 'json' };

const PUBLIC = new Set<string>(domains);

/** Whether anybody can get an address there; subdomains of such a provider count (`company.onmicrosoft.com`). */
export function isPublicMailDomain(domain: string): boolean {
  const labels = domain.split('.');
  return labels.some((_, at) => PUBLIC.has(labels.slice(at).join('.')));
}
