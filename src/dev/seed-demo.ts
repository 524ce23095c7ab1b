// The demo's data, made as customers make theirs: organizations, teams, rules and connections over REST, people and
// groups pushed over SCIM, and a Keycloak realm that plays each company's identity provider. Goes on where it was.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Database } from '../db/database.ts';
import { createOperatorKey } from '../keys/operator-keys.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { ensureCompanyRealm, externalIdOf } from './company-realms.ts';
import { DEMO_COMPANIES, type DemoCompany, TEAMS } from './demo-companies.ts';
import type { LocalFacts } from './local-facts.ts';

const PROJECTED_WITHIN_MS = 60_000;
const POLL_MS = 100;

export type SeedInput = {
  readonly baseUrl: string;
  readonly appDatabaseUrl: string;
  /** Where secrets that are shown once are kept between starts; absent for a system that lives once. */
  readonly stateFile?: string;
  /** Added to the realms' names, where several systems share one Keycloak. */
  readonly realmSuffix?: string;
  /** The Keycloak that plays the companies' providers, under another site than ours; absent without Java. */
  readonly company:
    | {
        readonly url: string;
        readonly adminUser: string;
        readonly adminPassword: string;
        readonly oidcClientSecret: string;
      }
    | undefined;
};

type Seeded = Pick<LocalFacts, 'organizations' | 'scim' | 'scimOther' | 'api' | 'company'>;

type Founded = {
  readonly id: string;
  readonly ownerKey: string;
  readonly directoryId: string;
  readonly scimToken: string;
  readonly connectionId: string;
};

type State = { operatorKey?: string; organizations: Record<string, Founded> };

/** Makes what is missing, waits a while until Keycloak has it, and answers the facts. */
export async function seedDemo(input: SeedInput): Promise<Seeded> {
  const state = readState(input.stateFile);
  const save = () =>
    input.stateFile && writeFileSync(input.stateFile, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  state.operatorKey ??= await newOperatorKey(input.appDatabaseUrl);
  save();
  for (const company of DEMO_COMPANIES) {
    if (!state.organizations[company.key]) {
      state.organizations[company.key] = await found(input.baseUrl, state.operatorKey, company);
      save();
    }
    const founded = state.organizations[company.key] as Founded;
    await pushPeople(createApiClient(`${input.baseUrl}/scim/v2`, founded.scimToken), company);
    if (input.company) await connectCompany(input, input.company, company, founded);
  }
  if (input.company) await untilProjected(input.baseUrl);
  return describe(input, state as Required<State>);
}

/** Who signs in before Keycloak knows the company is asked for a password. Behind a large backlog nobody waits for ever. */
async function untilProjected(baseUrl: string): Promise<void> {
  for (const deadline = Date.now() + PROJECTED_WITHIN_MS; Date.now() < deadline; await delay(POLL_MS)) {
    const metrics = await fetch(`${baseUrl}/metrics`).then((answer) => answer.text());
    if (/^drawbridge_projection_due 0$/m.test(metrics)) return;
  }
}

function readState(file: string | undefined): State {
  try {
    if (file) return JSON.parse(readFileSync(file, 'utf8')) as State;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return { organizations: {} };
}

async function newOperatorKey(url: string): Promise<string> {
  const db = new Database(url, { size: 1 });
  try {
    return (await createOperatorKey({ db })).text;
  } finally {
    await db.close();
  }
}

async function found(baseUrl: string, operatorKey: string, company: DemoCompany): Promise<Founded> {
  const operator = createApiClient(baseUrl, operatorKey);
  const { organization, ownerKey } = await operator<{ organization: { id: string }; ownerKey: string }>(
    'POST',
    '/v1/organizations',
    {
      key: company.key,
      displayName: company.displayName,
    },
  );
  const path = `/v1/organizations/${company.key}`;
  await operator('POST', `${path}/domains`, { domain: company.domain, verified: true });
  const owner = createApiClient(baseUrl, ownerKey);
  for (const team of TEAMS) {
    await owner('POST', `${path}/teams`, team);
    for (const source of ['scim.group', 'sso.groups']) {
      await owner('POST', `${path}/mapping-rules`, {
        source,
        match: 'display_name',
        value: team.displayName,
        target: { team: team.key },
      });
    }
  }
  const directory = await owner<{ id: string }>('POST', `${path}/directories`, {
    displayName: company.directory === 'entra' ? 'Microsoft Entra' : 'Okta',
    profile: company.directory,
  });
  const { token } = await owner<{ token: string }>('POST', `${path}/directories/${directory.id}/tokens`, {
    displayName: 'demo',
  });
  const connection = await owner<{ id: string }>('POST', `${path}/connections`, newConnection(company, directory.id));
  return { id: organization.id, ownerKey, directoryId: directory.id, scimToken: token, connectionId: connection.id };
}

/** A draft: the company's provider is not known yet, as in real life, where both sides need the other's addresses. */
function newConnection(company: DemoCompany, directoryId: string): Record<string, unknown> {
  const common = {
    displayName: `${company.displayName} single sign-on`,
    directoryId,
    preset: 'keycloak',
    logoutAtCompany: true,
  };
  if (company.protocol === 'saml') return { ...common, protocol: 'saml', immutableIdAttribute: 'externalId' };
  return {
    ...common,
    protocol: 'oidc',
    clientId: 'drawbridge',
    immutableIdAttribute: 'externalId',
  };
}

async function connectCompany(
  input: SeedInput,
  keycloak: NonNullable<SeedInput['company']>,
  company: DemoCompany,
  founded: Founded,
): Promise<void> {
  const { connectionId } = founded;
  const realm = await ensureCompanyRealm({
    keycloakUrl: keycloak.url,
    adminUser: keycloak.adminUser,
    adminPassword: keycloak.adminPassword,
    realm: realmOf(company, input),
    displayName: `${company.displayName} employees`,
    employees: company.employees,
    client:
      company.protocol === 'saml'
        ? {
            protocol: 'saml',
            spEntityId: `${input.baseUrl}/sso/saml/${connectionId}/metadata`,
            acsUrl: `${input.baseUrl}/sso/saml/${connectionId}/acs`,
            sloUrl: `${input.baseUrl}/sso/saml/${connectionId}/slo`,
            nameId: 'persistent',
          }
        : {
            protocol: 'oidc',
            clientId: 'drawbridge',
            clientSecret: keycloak.oidcClientSecret,
            redirectUri: `${input.baseUrl}/sso/oidc/${connectionId}/callback`,
            signedOutUri: `${input.baseUrl}/sso/oidc/${connectionId}/signed-out`,
            backchannelLogoutUri: `${input.baseUrl}/sso/oidc/${connectionId}/backchannel-logout`,
          },
  });
  const owner = createApiClient(input.baseUrl, founded.ownerKey);
  const path = `/v1/organizations/${company.key}/connections/${connectionId}`;
  const known =
    realm.protocol === 'saml'
      ? { metadataUrl: realm.metadataUrl }
      : { issuer: realm.issuer, clientId: realm.clientId, clientSecret: realm.clientSecret };
  await owner('PATCH', path, known);
  const { status } = await owner<{ status: string }>('GET', path);
  // there is nobody at a browser yet who could sign in for a test
  if (status !== 'active') await owner('POST', `${path}/activate`, { untested: true });
}

/** What the company's directory would push: everybody, then the groups with their members. */
async function pushPeople(scim: ApiClient, company: DemoCompany): Promise<void> {
  const ids = new Map<string, string>();
  for (const employee of company.employees) {
    const known = await findOne(scim, 'Users', `userName eq "${employee.email}"`);
    ids.set(employee.email, known ?? (await scim<{ id: string }>('POST', '/Users', scimUser(employee))).id);
  }
  for (const team of TEAMS) {
    if (await findOne(scim, 'Groups', `displayName eq "${team.displayName}"`)) continue;
    const members = company.employees
      .filter((employee) => employee.groups.includes(team.displayName))
      .map((employee) => ({ value: ids.get(employee.email) }));
    await scim('POST', '/Groups', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
      displayName: team.displayName,
      externalId: `${company.key}-${team.key}`,
      members,
    });
  }
}

async function findOne(scim: ApiClient, resource: string, filter: string): Promise<string | undefined> {
  const { Resources = [] } = await scim<{ Resources?: { id: string }[] }>(
    'GET',
    `/${resource}?filter=${encodeURIComponent(filter)}`,
  );
  return Resources[0]?.id;
}

/** A SCIM User as Entra and Okta send it. */
export function scimUser(person: {
  email: string;
  givenName: string;
  familyName: string;
  externalId?: string | undefined;
}): Record<string, unknown> {
  return {
    schemas: [
      'urn:ietf:params:scim:schemas:core:2.0:User',
      'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
    ],
    externalId: externalIdOf({
      email: person.email,
      ...(person.externalId === undefined ? {} : { externalId: person.externalId }),
    }),
    userName: person.email,
    active: true,
    displayName: `${person.givenName} ${person.familyName}`,
    name: { givenName: person.givenName, familyName: person.familyName },
    emails: [{ primary: true, type: 'work', value: person.email }],
  };
}

function realmOf(company: DemoCompany, input: SeedInput): string {
  return `${company.realm}${input.realmSuffix ?? ''}`;
}

function describe(input: SeedInput, state: Required<State>): Seeded {
  const founded = (key: string) => state.organizations[key] as Founded;
  const scim = (key: string) => ({ baseUrl: `${input.baseUrl}/scim/v2`, token: founded(key).scimToken });
  return {
    organizations: DEMO_COMPANIES.map(({ key, domain }) => ({ id: founded(key).id, key, domain })),
    scim: scim('acme'),
    scimOther: scim('globex'),
    api: { baseUrl: input.baseUrl, ownerKey: founded('acme').ownerKey, operatorKey: state.operatorKey },
    company: input.company
      ? DEMO_COMPANIES.map((company) => ({
          protocol: company.protocol,
          realm: realmOf(company, input),
          users: company.employees.map(({ email, password, groups }) => ({ email, password, groups })),
        }))
      : [],
  };
}
