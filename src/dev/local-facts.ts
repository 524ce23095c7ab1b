// What runs where, for people on the terminal and for programs in `.drawbridge/dev.json`.

export type LocalFacts = {
  readonly baseUrl: string;
  readonly organizations: readonly { readonly id: string; readonly key: string; readonly domain: string }[];
  readonly scim: { readonly baseUrl: string; readonly token: string };
  readonly scimOther: { readonly baseUrl: string; readonly token: string };
  readonly api: { readonly baseUrl: string; readonly ownerKey: string; readonly operatorKey: string };
  readonly mailbox: { readonly url: string };
  readonly keycloak: {
    readonly url: string;
    readonly realm: string;
    readonly adminUser: string;
    readonly adminPassword: string;
  } | null;
  readonly demoApp: { readonly url: string } | null;
  readonly company: readonly {
    readonly protocol: 'saml' | 'oidc';
    readonly realm: string;
    readonly users: readonly {
      readonly email: string;
      readonly password: string;
      readonly groups: readonly string[];
    }[];
  }[];
};

/** The block that `npm start` ends with. */
export function describeSystem(facts: LocalFacts): string {
  const person = facts.company[0]?.users[0];
  const rows: [string, string][] = [
    ['Drawbridge', `${facts.baseUrl}  (API docs at ${facts.baseUrl}/docs)`],
    ['Demo application', facts.demoApp?.url ?? 'needs Keycloak'],
    ['Mailbox', facts.mailbox.url],
    [
      'Keycloak',
      facts.keycloak
        ? `${facts.keycloak.url}  (${facts.keycloak.adminUser} / ${facts.keycloak.adminPassword})`
        : 'not running: install Java 17 or newer and start again',
    ],
    ['SCIM for acme', `${facts.scim.baseUrl}  token ${facts.scim.token}`],
    ['SCIM for globex', `${facts.scimOther.baseUrl}  token ${facts.scimOther.token}`],
    ['Owner key of acme', facts.api.ownerKey],
    ['Operator key', facts.api.operatorKey],
  ];
  for (const company of facts.company) {
    for (const user of company.users) {
      rows.push([`Employee (${company.protocol})`, `${user.email} / ${user.password}  ${user.groups.join(', ')}`]);
    }
  }
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    '',
    'Drawbridge is up.',
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    '',
    'Three things to try:',
    '  npm run demo',
    facts.demoApp && person
      ? `  open ${facts.demoApp.url} and sign in as ${person.email}`
      : '  install Java 17 or newer, then `npm start` again for sign-in',
    `  curl -H 'Authorization: Bearer ${facts.scim.token}' ${facts.scim.baseUrl}/Users`,
    '',
    'The same facts are in .drawbridge/dev.json. Ctrl-C stops everything.',
  ].join('\n');
}
