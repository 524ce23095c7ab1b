// The groups of one Keycloak organization: one for each team, named by its key, and one for each role below `roles`.
// Their paths are what the `organization` claim shows (field notes 12.6).
import type GroupRepresentation from '@keycloak/keycloak-admin-client/lib/defs/groupRepresentation.js';
import type { KeycloakAdmin } from './admin.ts';
import type { OrganizationProjection } from './projection.ts';
import { type GroupId, roleGroupId } from './projection-store.ts';
import { differences } from './realm/differences.ts';

const PAGE = 100;
const ROLES = 'roles';

type Found = { readonly id: string; readonly name: string; readonly attributes: Record<string, string[]> };

export type GroupState = {
  readonly teams: readonly Found[];
  readonly roles: readonly Found[];
  readonly rolesParent: Found | undefined;
};

/** Reads all groups of an organization, two levels deep. */
export async function readGroups(admin: KeycloakAdmin, organizationId: string): Promise<GroupState> {
  const top = await readPages((first) =>
    admin.call((api) =>
      api.organizations.groups(organizationId).find({ first, max: PAGE, briefRepresentation: false }),
    ),
  );
  const parent = top.find(({ name }) => name === ROLES);
  const roles = parent
    ? await readPages((first) =>
        admin.call((api) =>
          api.organizations.groups(organizationId).listSubGroups({ parentId: parent.id, first, max: PAGE }),
        ),
      )
    : [];
  return { teams: top.filter((group) => group !== parent), roles, rolesParent: parent };
}

/** What differs, in words. */
export function groupDifferences(wished: OrganizationProjection, { teams, roles, rolesParent }: GroupState): string[] {
  const missingTeams = wished.teams.filter(({ key }) => !teams.some(({ name }) => name === key));
  const renamed = wished.teams.filter((team) =>
    teams.some((found) => found.name === team.key && !showsName(found, team)),
  );
  const missingRoles = wished.roles.filter((key) => !roles.some(({ name }) => name === key));
  return [
    ...missingTeams.map(({ key }) => `has no group /${key}`),
    ...renamed.map(({ key }) => `shows another name for /${key}`),
    ...(rolesParent ? [] : [`has no group /${ROLES}`]),
    ...missingRoles.map((key) => `has no group /${ROLES}/${key}`),
    ...surplus(
      wished.teams.map(({ key }) => key),
      teams,
    ).map(({ name }) => `has a group /${name} that is no team`),
    ...surplus(wished.roles, roles).map(({ name }) => `has a group /${ROLES}/${name} that is no role`),
  ];
}

/** Makes the groups equal and gives their ids; deleting one ends its memberships. */
export async function writeGroups(
  admin: KeycloakAdmin,
  organizationId: string,
  wished: OrganizationProjection,
  { teams, roles, rolesParent }: GroupState,
): Promise<GroupId[]> {
  const { orgId } = wished;
  const api = <T>(work: (groups: ReturnType<Groups>) => Promise<T>) =>
    admin.call((client) => work(client.organizations.groups(organizationId)));
  const dropped = [
    ...surplus(
      wished.teams.map(({ key }) => key),
      teams,
    ),
    ...surplus(wished.roles, roles),
  ];
  for (const { id } of dropped) await admin.remove((client) => client.organizations.groups(organizationId).del({ id }));
  const result: GroupId[] = [];
  for (const team of wished.teams) {
    const wish = { name: team.key, attributes: { display_name: [team.displayName] } };
    const found = teams.find(({ name }) => name === team.key);
    if (found && !showsName(found, team)) await api((groups) => groups.update({ id: found.id }, wish));
    const keycloakId = found?.id ?? (await api((groups) => groups.create(wish))).id;
    result.push({ kind: 'team', id: team.id, path: `/${team.key}`, keycloakId });
  }
  const parent = rolesParent?.id ?? (await api((groups) => groups.create({ name: ROLES }))).id;
  result.push({ kind: 'role', id: roleGroupId(orgId, `/${ROLES}`), path: `/${ROLES}`, keycloakId: parent });
  for (const key of wished.roles) {
    const found = roles.find(({ name }) => name === key);
    const keycloakId = found?.id ?? (await api((groups) => groups.createChildGroup({ id: parent }, { name: key }))).id;
    const path = `/${ROLES}/${key}`;
    result.push({ kind: 'role', id: roleGroupId(orgId, path), path, keycloakId });
  }
  return result;
}

type Groups = import('@keycloak/keycloak-admin-client').default['organizations']['groups'];

function surplus(wished: readonly string[], found: readonly Found[]): Found[] {
  return found.filter(({ name }) => !wished.includes(name));
}

function showsName(found: Found, team: { readonly displayName: string }): boolean {
  return differences({ display_name: [team.displayName] }, found.attributes).length === 0;
}

async function readPages(read: (first: number) => Promise<GroupRepresentation[]>): Promise<Found[]> {
  const all: Found[] = [];
  for (;;) {
    const page = await read(all.length);
    all.push(
      ...page.map(({ id, name, attributes }) => ({
        id: id!,
        name: name!,
        attributes: (attributes ?? {}) as Record<string, string[]>,
      })),
    );
    if (page.length < PAGE) return all;
  }
}
