// The two companies of the demo: their names, people and groups. Data only.
import type { Employee } from './company-realms.ts';

export type DemoCompany = {
  readonly key: string;
  readonly displayName: string;
  readonly domain: string;
  readonly protocol: 'saml' | 'oidc';
  /** Whose SCIM client pushes for it. */
  readonly directory: 'entra' | 'okta';
  readonly realm: string;
  readonly employees: readonly Employee[];
};

export const TEAMS = [
  { key: 'engineering', displayName: 'Engineering' },
  { key: 'research', displayName: 'Research' },
] as const;

const person = (givenName: string, familyName: string, domain: string, groups: readonly string[]): Employee => ({
  email: `${givenName.toLowerCase()}@${domain}`,
  password: `${givenName}-${domain.split('.')[0]}-2026`,
  givenName,
  familyName,
  groups,
});

export const DEMO_COMPANIES: readonly DemoCompany[] = [
  {
    key: 'acme',
    displayName: 'Acme',
    domain: 'acme.test',
    protocol: 'saml',
    directory: 'entra',
    realm: 'acme-idp',
    employees: [
      person('Ada', 'Lovelace', 'acme.test', ['Engineering']),
      person('Grace', 'Hopper', 'acme.test', ['Research']),
      person('Alan', 'Turing', 'acme.test', ['Engineering', 'Research']),
    ],
  },
  {
    key: 'globex',
    displayName: 'Globex',
    domain: 'globex.test',
    protocol: 'oidc',
    directory: 'okta',
    realm: 'globex-idp',
    employees: [
      person('Hedy', 'Lamarr', 'globex.test', ['Research']),
      person('Katherine', 'Johnson', 'globex.test', ['Engineering']),
    ],
  },
];
