// What a set-up page shows: how far the link's connection, domains and directory are.
import { findDirectory } from '../../src/directory/directory-queries.ts';
import type { Domain } from '../../src/orgs/organization.ts';
import { getOrganization, listDomains } from '../../src/orgs/organizations-queries.ts';
import type { ConnectionTest } from '../connection-tests/connection-test.ts';
import { listTests } from '../connection-tests/connection-test-store.ts';
import type { Connection } from '../connections/connection.ts';
import { findSetupConnection, findSetupDirectory, type SetupDeps } from './run-setup-step.ts';
import type { SetupLink } from './setup-link.ts';

export type SetupState = {
  readonly link: SetupLink;
  readonly organizationName: string;
  readonly connection: Connection | undefined;
  /** The newest finished test sign-in of the connection. */
  readonly lastTest: ConnectionTest | undefined;
  readonly domains: readonly Domain[];
  readonly directory: { readonly isActive: boolean } | undefined;
};

const TESTS_LOOKED_AT = 20;

export async function readSetup(deps: SetupDeps, link: SetupLink): Promise<SetupState> {
  const { orgId } = link;
  const [organization, domains, connection, directoryId] = await Promise.all([
    getOrganization(deps.db, orgId),
    listDomains(deps.db, orgId),
    findSetupConnection(deps, link),
    findSetupDirectory(deps, link),
  ]);
  const tests = connection
    ? await deps.db.inOrg(orgId, (tx) => listTests(tx, orgId, connection.id, TESTS_LOOKED_AT))
    : [];
  const directory = directoryId === undefined ? undefined : await findDirectory(deps, { orgId, directoryId });
  return {
    link,
    organizationName: organization.displayName,
    connection,
    lastTest: tests.find(({ outcome }) => outcome === 'passed' || outcome === 'refused'),
    domains,
    directory: directory && { isActive: directory.status === 'active' },
  };
}
