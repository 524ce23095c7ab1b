// `npm run demo`: the three journeys against the running local system, each hop printed. It sends what a directory, a
// person's browser and an administrator's program would send, to the same addresses.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readAccount } from '../keycloak/account.ts';
import { administratorOf } from '../keycloak/bootstrap.ts';
import { createApiClient } from './api-client.ts';
import { type AppClaims, acceptAsNewPerson, addressOf, describeClaims, signInByCompany } from './demo-journeys.ts';
import type { LocalFacts } from './local-facts.ts';
import { type Hop, ScriptedBrowser } from './scripted-browser.ts';
import { scimUser } from './seed-demo.ts';
import { StartTrouble } from './trouble.ts';

const FACTS = fileURLToPath(new URL('../../.drawbridge/dev.json', import.meta.url));
const WITHIN_MS = 20_000;

type RunningFacts = LocalFacts & {
  readonly keycloak: NonNullable<LocalFacts['keycloak']>;
  readonly demoApp: { readonly url: string };
};

const say = (line = ''): void => void process.stdout.write(`${line}\n`);

/** Throws StartTrouble when nothing runs, and an Error with the hop where a journey left its way. */
export async function demo(): Promise<void> {
  const facts = readFacts();
  await directoryPushes(facts);
  if (!hasKeycloak(facts)) {
    say('Sign-in and invitations need Keycloak: install Java 17 or newer and run npm start again.');
    return;
  }
  await peopleSignIn(facts);
  await adminInvites(facts);
  say('All three journeys went through.');
}

function readFacts(): LocalFacts {
  try {
    return JSON.parse(readFileSync(FACTS, 'utf8')) as LocalFacts;
  } catch (error) {
    throw new StartTrouble('start_failed', 'Nothing runs here: run `npm start` in another terminal first.', {
      cause: error,
    });
  }
}

function hasKeycloak(facts: LocalFacts): facts is RunningFacts {
  return facts.keycloak !== null && facts.demoApp !== null;
}

async function directoryPushes(facts: LocalFacts): Promise<void> {
  say('1. Entra pushes a person and a group for acme');
  const scim = createApiClient(facts.scim.baseUrl, facts.scim.token);
  const owner = createApiClient(facts.baseUrl, facts.api.ownerKey);
  const address = addressOf('dana', 'acme.test');
  const user = await scim<{ id: string }>(
    'POST',
    '/Users',
    scimUser({ email: address, givenName: 'Dana', familyName: 'Scully' }),
  );
  say(`   POST /scim/v2/Users ${address} -> ${user.id}`);
  const groups = await scim<{ Resources: { id: string }[] }>(
    'GET',
    `/Groups?excludedAttributes=members&filter=${encodeURIComponent('displayName eq "Engineering"')}`,
  );
  const change = (op: string) => ({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op, path: 'members', value: [{ value: user.id }] }],
  });
  await scim('PATCH', `/Groups/${groups.Resources[0]?.id}`, change('Add'));
  say('   PATCH /scim/v2/Groups/{Engineering} Add member -> the rule "Engineering" -> team engineering applies');
  const member = await owner<{ status: string; role: string; teams: { key: string }[] }>(
    'GET',
    `/v1/organizations/acme/members/${user.id}`,
  );
  say(
    `   Drawbridge: member ${member.status}, role ${member.role}, teams ${member.teams.map((team) => team.key).join(', ')}`,
  );
  if (hasKeycloak(facts))
    say(
      `   Keycloak:   ${await keycloakSays(facts, address, (account) => account?.enabled === true && account.groups.includes('/engineering'))}`,
    );
  await scim('PATCH', `/Users/${user.id}`, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'Replace', path: 'active', value: 'False' }],
  });
  const after = await owner<{ status: string }>('GET', `/v1/organizations/acme/members/${user.id}`);
  say(`   PATCH active=False -> member ${after.status}`);
  if (hasKeycloak(facts))
    say(`   Keycloak:   ${await keycloakSays(facts, address, (account) => account?.enabled === false)}`);
  say();
}

type KeycloakAccount = { readonly enabled: boolean; readonly groups: readonly string[] };

/** What Keycloak has of an address, once the projection has got there. */
async function keycloakSays(
  facts: RunningFacts,
  address: string,
  isThere: (account: KeycloakAccount | undefined) => boolean,
): Promise<string> {
  const { url, realm, adminUser, adminPassword } = facts.keycloak;
  const admin = administratorOf({ adminUrl: url, realm, adminUser, adminPassword });
  const deadline = Date.now() + WITHIN_MS;
  for (;;) {
    const id = await admin.call(async (api) => (await api.users.find({ email: address, exact: true }))[0]?.id);
    const found = id === undefined ? undefined : await readAccount(admin, id);
    const account = found && {
      enabled: found.account.enabled,
      groups: Object.values(found.account.organizations).flat(),
    };
    if (isThere(account))
      return account?.enabled
        ? `account enabled, groups ${account.groups.join(' ')}`
        : 'account disabled, sessions ended';
    if (Date.now() > deadline)
      throw new Error(`Keycloak did not follow within ${WITHIN_MS / 1000} s: ${JSON.stringify(account)}`);
    await delay(200);
  }
}

async function peopleSignIn(facts: RunningFacts): Promise<void> {
  for (const company of facts.company) {
    const person = company.users[0];
    if (!person) continue;
    say(`2. ${person.email} signs in through the company (${company.protocol})`);
    const browser = new ScriptedBrowser();
    const claims = await signInByCompany(browser, facts.demoApp.url, person);
    show(browser.takeHops(), claims);
  }
}

async function adminInvites(facts: RunningFacts): Promise<void> {
  const address = addressOf('guest', 'partner.test');
  say(`3. acme's owner invites ${address}`);
  const owner = createApiClient(facts.baseUrl, facts.api.ownerKey);
  const invitation = await owner<{ id: string }>('POST', '/v1/organizations/acme/invitations', {
    email: address,
    role: 'member',
    teams: ['research'],
    message: 'Welcome aboard!',
  });
  say(`   POST /v1/organizations/acme/invitations -> ${invitation.id}`);
  const browser = new ScriptedBrowser();
  const claims = await acceptAsNewPerson(browser, facts.mailbox.url, facts.demoApp.url, address, (line) =>
    say(`   ${line}`),
  );
  show(browser.takeHops(), claims);
  const { state } = await owner<{ state: string }>('GET', `/v1/organizations/acme/invitations/${invitation.id}`);
  say(`   invitation: ${state}`);
  say();
}

function show(hops: readonly Hop[], claims: AppClaims): void {
  for (const hop of hops) say(`   ${String(hop.status)} ${hop.method.padEnd(4)} ${shorten(hop.url)}`);
  for (const line of describeClaims(claims)) say(`   ${line}`);
  say();
}

/** An address without what its query carries: that may be a secret. */
function shorten(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return `${origin}${pathname}${search === '' ? '' : '?…'}`.replace(/\/invitations\/[^/?]{20,}/, '/invitations/…');
}
