// What an IT administrator does through a set-up link: each step is one of the use cases that REST has, with the link as
// the actor and its scopes as the rights, and reaches only what the same link has made.
import type { RequestContext } from '../../src/context.ts';
import { createDirectory } from '../../src/directory/create-directory.ts';
import type { DirectoryProfile } from '../../src/directory/directory.ts';
import { findDirectory } from '../../src/directory/directory-queries.ts';
import { issueDirectoryToken } from '../../src/directory/issue-directory-token.ts';
import { deactivateDirectory } from '../../src/directory/switch-directory.ts';
import { DomainError } from '../../src/errors.ts';
import { claimDomain } from '../../src/orgs/claim-domain.ts';
import type { Domain } from '../../src/orgs/organization.ts';
import { listDomains } from '../../src/orgs/organizations-queries.ts';
import type { ResolveTxt } from '../../src/orgs/resolve-txt.ts';
import { proveDomain } from '../../src/orgs/verify-domain.ts';
import { beginTest } from '../connection-tests/begin-test.ts';
import type { Connection } from '../connections/connection.ts';
import { createConnectionSchema, updateConnectionSchema } from '../connections/connection-input.ts';
import { getConnection } from '../connections/connection-queries.ts';
import { createConnection } from '../connections/create-connection.ts';
import { withProvider } from '../connections/read-provider.ts';
import { updateConnection } from '../connections/update-connection.ts';
import type { SsoDeps } from '../deps.ts';
import type { GuardedFetch } from '../outbound/guarded-fetch.ts';
import { rightsOf, type SetupLink, type SetupScope } from './setup-link.ts';
import { listSetupItems, noteSetupItem } from './setup-link-store.ts';

export type SetupDeps = Pick<SsoDeps, 'db' | 'clock' | 'config' | 'log'> & {
  readonly outbound: GuardedFetch;
  readonly resolveTxt: ResolveTxt;
};

/** Who acts, and by which link. */
export type Setup = { readonly link: SetupLink; readonly ctx: RequestContext };

/** What a form sent, every field as text; '' for what is not there. */
export type Form = (field: string) => string;

/** Makes a draft for the chosen provider; its addresses are shown next. */
export async function chooseProvider(deps: SetupDeps, { link, ctx }: Setup, form: Form): Promise<void> {
  requireScope(link, 'connection');
  const [preset, protocol] = form('provider').split(' ');
  const parsed = createConnectionSchema.safeParse({ displayName: 'Company sign-in', preset, protocol });
  if (!parsed.success) throw new DomainError('invalid_value', 'Choose a provider.');
  const domains = (await listDomains(deps.db, link.orgId)).filter(isUsable).map(({ domain }) => domain);
  await deps.db.inSharedTransaction(link.orgId, async (tx) => {
    const made = await createConnection(deps, ctx, link.orgId, { ...parsed.data, domains });
    await noteSetupItem(tx, link.id, 'connection', made.id, deps.clock.now());
  });
}

/** Takes what the provider's side gave: metadata by address or text, or issuer, client and secret. */
export async function giveProvider(deps: SetupDeps, setup: Setup, form: Form): Promise<void> {
  const connection = await requireDraft(deps, setup);
  const fields = connection.protocol === 'saml' ? SAML_FIELDS : OIDC_FIELDS;
  const given = fields.map((field) => [field, form(field).trim()] as const).filter(([, value]) => value !== '');
  if (given.length === 0) throw new DomainError('invalid_value', 'Fill in what your provider gives you.');
  if (fields === SAML_FIELDS && given.length > 1) {
    throw new DomainError(
      'invalid_value',
      'Give the address of the metadata or the metadata itself: empty one of the two.',
    );
  }
  const parsed = updateConnectionSchema.safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new DomainError(
      'invalid_value',
      `${String(issue?.path[0])} cannot be taken: ${issue?.message}. Correct it and save.`,
    );
  }
  const change = await withProvider(deps.outbound, parsed.data);
  await changeDraft(deps, setup, connection, change);
}

const SAML_FIELDS = ['metadataUrl', 'metadataXml'] as const;
const OIDC_FIELDS = ['issuer', 'clientId', 'clientSecret'] as const;

/** Gives the address of a test sign-in, for this browser to open. */
export async function askForTest(deps: SetupDeps, setup: Setup): Promise<string> {
  const { id } = await requireDraft(deps, setup);
  return (await beginTest(deps, setup.ctx, setup.link.orgId, id)).url;
}

export async function addDomain(deps: SetupDeps, { link, ctx }: Setup, form: Form): Promise<void> {
  requireScope(link, 'domain');
  await claimDomain(deps, ctx, link.orgId, { domain: form('domain'), decided: false });
}

/** Looks for the proof; the link's connection may assert the domain from then on. */
export async function proveByDns(deps: SetupDeps, setup: Setup, form: Form): Promise<void> {
  const { link, ctx } = setup;
  requireScope(link, 'domain');
  const { domain } = await proveDomain(deps, ctx, link.orgId, form('domain').toLowerCase());
  const connection = link.scopes.includes('connection') ? await findDraft(deps, link) : undefined;
  if (!connection || connection.settings.domains.includes(domain)) return;
  await changeDraft(deps, setup, connection, { domains: [...connection.settings.domains, domain] });
}

/** Makes the directory, switched off, with its first token. The token is for the page that answers, and for nothing else. */
export async function makeDirectory(deps: SetupDeps, { link, ctx }: Setup, form: Form): Promise<string> {
  requireScope(link, 'directory');
  const profile = (['entra', 'okta'] as const).find((known) => known === form('profile'));
  return deps.db.inSharedTransaction(link.orgId, async (tx) => {
    const { orgId } = link;
    const input = { orgId, displayName: 'Company directory', profile: profile as DirectoryProfile | undefined };
    const { id: directoryId } = await createDirectory(deps, ctx, input);
    await deactivateDirectory(deps, ctx, { orgId, directoryId }, 'keep');
    await noteSetupItem(tx, link.id, 'directory', directoryId, deps.clock.now());
    return (await issueDirectoryToken(deps, ctx, { orgId, directoryId, displayName: 'Set-up link' })).token;
  });
}

/** Another token, for one that was lost, until the directory is switched on: then a token opens what is in use. */
export async function renewToken(deps: SetupDeps, { link, ctx }: Setup): Promise<string> {
  requireScope(link, 'directory');
  const directoryId = await findSetupDirectory(deps, link);
  if (directoryId === undefined) throw new DomainError('conflict', 'Make the directory first.');
  const directory = await findDirectory(deps, { orgId: link.orgId, directoryId });
  if (directory?.status === 'active') {
    throw new DomainError('conflict', 'The directory is switched on. Ask an administrator for another token.');
  }
  const input = { orgId: link.orgId, directoryId, displayName: 'Set-up link' };
  return (await issueDirectoryToken(deps, ctx, input)).token;
}

/** The link's newest connection, in whatever state. */
export async function findSetupConnection(deps: SetupDeps, link: SetupLink): Promise<Connection | undefined> {
  const [id] = await deps.db.inOrg(link.orgId, (tx) => listSetupItems(tx, link, 'connection'));
  return id === undefined ? undefined : getConnection(deps, link.orgId, id);
}

export async function findSetupDirectory(deps: SetupDeps, link: SetupLink): Promise<string | undefined> {
  return (await deps.db.inOrg(link.orgId, (tx) => listSetupItems(tx, link, 'directory')))[0];
}

/** A domain that a connection made here may assert once it is switched on. */
function isUsable({ status }: Domain): boolean {
  return status === 'verified' || status === 'proved';
}

async function findDraft(deps: SetupDeps, link: SetupLink): Promise<Connection | undefined> {
  const connection = await findSetupConnection(deps, link);
  return connection?.status === 'draft' || connection?.status === 'tested' ? connection : undefined;
}

async function requireDraft(deps: SetupDeps, { link }: Setup): Promise<Connection> {
  requireScope(link, 'connection');
  const connection = await findDraft(deps, link);
  if (!connection) throw new DomainError('conflict', 'There is no draft: it was switched on, or none was made yet.');
  return connection;
}

async function changeDraft(
  deps: SetupDeps,
  { link, ctx }: Setup,
  { id }: Connection,
  change: Parameters<typeof updateConnection>[4]['change'],
): Promise<void> {
  await updateConnection(deps, ctx, link.orgId, id, { rights: rightsOf(link), change });
}

function requireScope({ scopes }: SetupLink, scope: SetupScope): void {
  if (!scopes.includes(scope)) throw new DomainError('forbidden', 'This link is not for that.');
}
