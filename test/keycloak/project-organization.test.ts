// The projection of one organization on a real Keycloak.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findDrift } from '../../src/keycloak/drift.ts';
import { readGroups } from '../../src/keycloak/organization-groups.ts';
import { projectOrganization } from '../../src/keycloak/project-organization.ts';
import { type Setup, setup } from './keycloak-setup.ts';
import { createBrowser, startSignIn } from './open-session.ts';

let t: Setup;
beforeAll(async () => {
  t = await setup();
});
afterAll(() => t[Symbol.asyncDispose]());

const project = (id: string) => projectOrganization(t.keycloak, id);

async function read(key: string, name = key) {
  const found = await t.root.call((api) => api.organizations.find({ search: name, exact: true }));
  const id = found.find(({ alias }) => alias === key)!.id!;
  return (await t.root.call((api) => api.organizations.findOne({ id })))!;
}

test('makes the organization, its domains, and a group for each team and role', async () => {
  const org = await t.organization('made', 'Made & Co');
  await project(org);
  const made = await read('made', 'Made & Co');
  expect(made).toMatchObject({
    name: 'Made & Co',
    alias: 'made',
    enabled: true,
    domains: [{ name: 'made.test', verified: true }],
  });
  const { teams, roles } = await readGroups(t.root, made.id!);
  expect(teams).toMatchObject([{ name: 'engineering', attributes: { display_name: ['Engineering'] } }]);
  expect(roles.map(({ name }) => name).sort()).toEqual(['member', 'owner']);
});

test('follows renames, new and archived teams and ended domains, and keeps the rest', async () => {
  const org = await t.organization('changing', 'Before');
  await project(org);
  await t.sql(`update organization set display_name = 'After' where org_id = $1`, [org]);
  await t.sql(`update team set archived_at = now() where org_id = $1`, [org]);
  await t.sql(`insert into team (org_id, key, display_name) values ($1, 'research', 'Research')`, [org]);
  await t.sql(`update domain_claim set status = 'lost', lost_at = now() where org_id = $1`, [org]);
  await project(org);
  // whoever signs in by it goes on to, until its grace is over
  expect((await read('changing', 'After')).domains).toHaveLength(1);
  await t.sql('update domain_claim set ended_at = now() where org_id = $1', [org]);
  await project(org);
  const changed = await read('changing', 'After');
  expect(changed.redirectUrl).toBe(t.keycloak.appUrl);
  expect(changed.domains ?? []).toEqual([]);
  expect((await readGroups(t.root, changed.id!)).teams.map(({ name }) => name)).toEqual(['research']);
  await t.sql(`update team set display_name = 'Deep research' where org_id = $1`, [org]);
  await project(org);
  const { teams } = await readGroups(t.root, changed.id!);
  expect(teams).toMatchObject([{ name: 'research', attributes: { display_name: ['Deep research'] } }]);
});

test('a domain that was given up leaves Keycloak with its organization, and the others stay', async () => {
  const org = await t.organization('giving-up');
  await t.sql(
    `insert into domain_claim (domain, org_id, status, dns_token, method, verified_at)
      values ('kept.test', $1, 'verified', 'x', 'operator', now())`,
    [org],
  );
  await project(org);
  expect((await read('giving-up')).domains).toHaveLength(2);
  await t.sql(`select release_domain($1, 'giving-up.test', now())`, [org]);
  await project(org);
  expect((await read('giving-up')).domains).toMatchObject([{ name: 'kept.test' }]);
});

/** The client of ours at which a typed address ends up; undefined: Keycloak asks for a password. */
async function leadsTo(address: string): Promise<string | undefined> {
  const browser = createBrowser();
  const { page } = await browser.go((await startSignIn(t)).url);
  try {
    expect((await browser.submit(page, { username: address })).page).toContain('name="password"');
    return undefined;
  } catch (error) {
    return /client_id=([\w-]+)/.exec((error as Error).message)?.[1];
  }
}

test('the subdomains of a domain lead where it leads, if it includes them, but for those that somebody else has verified', async () => {
  const [wide, narrow] = [await t.organization('wide'), await t.organization('narrow')];
  for (const org of [wide, narrow]) await t.connection(org);
  await t.sql(
    `insert into domain_claim (domain, org_id, status, dns_token) values ('labs.wide.test', $1, 'verified', 'x')`,
    [narrow],
  );
  const follow = async (include: boolean) => {
    await t.sql('update domain_claim set include_subdomains = $1 where org_id = any ($2)', [include, [wide, narrow]]);
    for (const org of [wide, narrow]) await project(org);
  };
  const homeOf = async (domain: string) => {
    const [found] = await t.sql(
      `select 'keycloak-' || key as client from organization where org_id = organization_of_domain($1)`,
      [domain],
    );
    return found?.client;
  };
  const agree = async (expected: Record<string, string | undefined>) => {
    for (const [domain, client] of Object.entries(expected)) {
      expect([domain, await leadsTo(`ada@${domain}`), await homeOf(domain)]).toEqual([domain, client, client]);
    }
  };
  const [ours, theirs] = ['keycloak-wide', 'keycloak-narrow'];
  await follow(true);
  await agree({
    'wide.test': ours,
    'deep.mail.wide.test': ours,
    'labs.wide.test': theirs,
    'x.labs.wide.test': theirs,
    'notwide.test': undefined,
  });
  await follow(false);
  await agree({ 'wide.test': ours, 'mail.wide.test': undefined, 'labs.wide.test': theirs });
});

test('gives the second organization of a name its key beside it', async () => {
  await project(await t.organization('twin-a', 'Twin'));
  await project(await t.organization('twin-b', 'Twin'));
  expect((await read('twin-b', 'Twin (twin-b)')).name).toBe('Twin (twin-b)');
});

test('finds an organization again whose creation got no answer', async () => {
  const org = await t.organization('lost');
  await project(org);
  const before = await read('lost');
  await t.sql('delete from keycloak_id where org_id = $1', [org]);
  await project(org);
  expect((await read('lost')).id).toBe(before.id);
  expect(await t.sql(`select 1 from keycloak_id where org_id = $1 and kind = 'organization'`, [org])).toHaveLength(1);
});

test('an active connection is a provider to which a typed address leads, and nobody unprepared gets in', async () => {
  const org = await t.organization('linked');
  await t.connection(org);
  await project(org);
  const provider = await t.root.call((api) => api.identityProviders.findOne({ alias: 'sso-linked' }));
  expect(provider).toMatchObject({
    enabled: true,
    hideOnLogin: false,
    organizationId: (await read('linked')).id,
    firstBrokerLoginFlowAlias: 'first login denied',
    config: {
      clientId: 'keycloak-linked',
      'kc.org.domain': 'ANY',
      'kc.org.broker.login.hide-when-org-unknown': 'true',
    },
  });
  const start = await startSignIn(t);
  const browser = createBrowser();
  const page = await browser.go(start.url);
  expect(page.page).not.toContain('social-sso-linked');
  await expect(browser.submit(page.page, { username: 'somebody@linked.test' })).rejects.toThrow('fetch failed');
  expect(
    await t.keycloak.connections.call((api) => api.identityProviders.findMappers({ alias: 'sso-linked' })),
  ).toMatchObject([{ identityProviderMapper: 'oidc-user-session-note-idp-mapper' }]);
});

test('a disabled connection leaves a disabled provider', async () => {
  const org = await t.organization('unlinked');
  await t.connection(org);
  await project(org);
  await t.sql(`update connection set status = 'disabled' where org_id = $1`, [org]);
  await project(org);
  expect(await t.root.call((api) => api.identityProviders.findOne({ alias: 'sso-unlinked' }))).toMatchObject({
    enabled: false,
  });
  await t.sql(`update connection set status = 'active' where org_id = $1`, [org]);
  await project(org);
  expect(await t.root.call((api) => api.identityProviders.findOne({ alias: 'sso-unlinked' }))).toMatchObject({
    enabled: true,
  });
});

test('a deleted organization is disabled and has no provider and no domain', async () => {
  const org = await t.organization('ended');
  await t.connection(org);
  await project(org);
  await t.sql(`update organization set status = 'deleted' where org_id = $1`, [org]);
  await project(org);
  expect(await read('ended')).toMatchObject({ enabled: false });
  expect(await t.root.find((api) => api.identityProviders.findOne({ alias: 'sso-ended' }))).toBeUndefined();
});

test('finds what was changed by hand', async () => {
  const org = await t.organization('tampered');
  await t.connection(org);
  await project(org);
  const actual = await read('tampered');
  await t.root.call((api) => api.organizations.groups(actual.id!).create({ name: 'by-hand' }));
  const provider = await t.root.call((api) => api.identityProviders.findOne({ alias: 'sso-tampered' }));
  await t.root.call((api) =>
    api.identityProviders.update({ alias: 'sso-tampered' }, { ...provider, trustEmail: false }),
  );
  const drift = (await findDrift(t.keycloak, { repair: true })).find(({ id }) => id === org);
  expect(drift?.differences).toEqual([
    'has a group /by-hand that is no team',
    'identity provider sso-tampered: trustEmail',
  ]);
  expect(await t.sql('select 1 from projection_due where subject_id = $1', [org])).toHaveLength(1);
  await project(org);
  expect((await findDrift(t.keycloak)).find(({ id }) => id === org)).toBeUndefined();
});
