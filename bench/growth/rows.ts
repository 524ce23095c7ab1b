// The rows of a population, as lines of COPY's text format: what stands in the tables once a directory has pushed these
// users, everybody was admitted, and the projection has caught up (no marks are left).
import {
  hasSignedIn,
  idOf,
  isInLargeGroup,
  largeGroupOf,
  type Population,
  smallGroupOf,
  smallGroupsOf,
  TEAMS,
  teamNumberAt,
  userAt,
} from './population.ts';

export type TableRows = {
  readonly table: string;
  readonly columns: string;
  lines(populations: readonly Population[]): Iterable<string>;
};

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';

type EachUser = (population: Population, index: number) => string | undefined;

/** A table with at most one row for each user. */
function ofUsers(table: string, columns: string, line: EachUser): TableRows {
  return {
    table,
    columns,
    *lines(populations) {
      for (const population of populations)
        for (let index = 0; index < population.users; index += 1) {
          const text = line(population, index);
          if (text !== undefined) yield text;
        }
    },
  };
}

function ofTeams(table: string, columns: string, line: EachUser): TableRows {
  return {
    table,
    columns,
    *lines(populations) {
      for (const population of populations) for (let n = 0; n < TEAMS; n += 1) yield line(population, n) as string;
    },
  };
}

const connectionOf = ({ first }: Population) => idOf('connection', first);
const teamOf = ({ first }: Population, n: number) => idOf('team', first + n);
const ruleOf = ({ first }: Population, n: number) => idOf('rule', first + n);

/** Largest first. */
export const TABLES: readonly TableRows[] = [
  ofUsers(
    'directory_user',
    `org_id, directory_id, member_id, user_name, user_name_key, external_id, display_name_key, email_key, given_name_key,
      family_name_key, active, resource`,
    (population, index) => {
      const { id, userName, externalId, givenName, familyName } = userAt(population, index);
      const displayName = `${givenName} ${familyName}`;
      const resource = {
        schemas: [USER],
        externalId,
        userName,
        active: true,
        displayName,
        name: { givenName, familyName },
        emails: [{ type: 'work', primary: true, value: userName }],
      };
      const keys = [displayName, userName, givenName, familyName].map((text) => text.toLowerCase()).join('\t');
      const names = `${userName}\t${userName}\t${externalId}\t${keys}`;
      return `${population.orgId}\t${population.directoryId}\t${id}\t${names}\tt\t${JSON.stringify(resource)}`;
    },
  ),
  ofUsers(
    'member',
    'org_id, id, person_id, status, role_key, address, address_key, display_name, given_name, family_name',
    (population, index) => {
      const { id, userName, givenName, familyName } = userAt(population, index);
      const person = idOf('person', population.first + index);
      const names = `${givenName} ${familyName}\t${givenName}\t${familyName}`;
      return `${population.orgId}\t${id}\t${person}\tactive\tmember\t${userName}\t${userName}\t${names}`;
    },
  ),
  ofUsers('audit_event', 'org_id, actor, action, subject_kind, subject_id, data', (population, index) => {
    const actor = `{"id": "${population.directoryId}", "kind": "directory"}`;
    const { id } = userAt(population, index);
    return `${population.orgId}\t${actor}\tdirectory_user.created\tmember\t${id}\t{"status": "active"}`;
  }),
  ofUsers('person_address', 'address_key, address, person_id, proved_at', (population, index) => {
    const { userName } = userAt(population, index);
    return `${userName}\t${userName}\t${idOf('person', population.first + index)}\t2026-01-01`;
  }),
  ofUsers('carrier', 'org_id, member_id, source, ref', (population, index) => {
    return `${population.orgId}\t${userAt(population, index).id}\tdirectory\t${population.directoryId}`;
  }),
  ofUsers('person', 'id, given_name, family_name', (population, index) => {
    const { givenName, familyName } = userAt(population, index);
    return `${idOf('person', population.first + index)}\t${givenName}\t${familyName}`;
  }),
  ofUsers('group_member', 'org_id, group_id, member_id', (population, index) => {
    return `${population.orgId}\t${smallGroupOf(population, index)}\t${userAt(population, index).id}`;
  }),
  ofUsers('group_member', 'org_id, group_id, member_id', (population, index) => {
    if (population.largeGroup === 0 || !isInLargeGroup(population, index)) return undefined;
    return `${population.orgId}\t${largeGroupOf(population)}\t${userAt(population, index).id}`;
  }),
  ofUsers('identity', 'org_id, connection_id, issuer, subject, member_id, linked_by', (population, index) => {
    if (!hasSignedIn(index)) return undefined;
    const { orgId } = population;
    return `${orgId}\t${connectionOf(population)}\tissuer\tsubject-${index}\t${userAt(population, index).id}\taddress`;
  }),
  ofUsers('sso_evidence', 'org_id, connection_id, member_id, state, at', (population, index) => {
    if (!hasSignedIn(index)) return undefined;
    return `${population.orgId}\t${connectionOf(population)}\t${userAt(population, index).id}\tlist\t2026-01-01`;
  }),
  ofUsers('access_grant', 'org_id, member_id, target_kind, target, source, ref', (population, index) => {
    const team = teamNumberAt(index);
    if (team === undefined) return undefined;
    const ref = `${ruleOf(population, team)}:${smallGroupOf(population, index)}`;
    return `${population.orgId}\t${userAt(population, index).id}\tteam\t${teamOf(population, team)}\tscim\t${ref}`;
  }),
  ofUsers('team_member', 'org_id, team_id, member_id', (population, index) => {
    const team = teamNumberAt(index);
    if (team === undefined) return undefined;
    return `${population.orgId}\t${teamOf(population, team)}\t${userAt(population, index).id}`;
  }),
  ofTeams('team', 'org_id, id, key, display_name', (population, n) => {
    return `${population.orgId}\t${teamOf(population, n)}\tteam-${n}\tTeam ${n}`;
  }),
  ofTeams(
    'mapping_rule',
    'org_id, id, source, match, value, value_key, target_kind, target, created_by',
    (population, n) => {
      const target = `team\t${teamOf(population, n)}\t{}`;
      return `${population.orgId}\t${ruleOf(population, n)}\tscim.group\tdisplay_name\tGroup ${n}\tgroup ${n}\t${target}`;
    },
  ),
  ofTeams('rule_match', 'org_id, rule_id, value_id', (population, n) => {
    return `${population.orgId}\t${ruleOf(population, n)}\t${idOf('group', population.first + n)}`;
  }),
  {
    table: 'connection',
    columns: 'org_id, id, protocol, display_name, settings',
    *lines(populations) {
      for (const population of populations) yield `${population.orgId}\t${connectionOf(population)}\toidc\tCompany\t{}`;
    },
  },
  {
    table: 'directory_group',
    columns: 'org_id, directory_id, id, display_name, display_name_key, external_id, resource',
    *lines(populations) {
      for (const population of populations) {
        for (let n = 0; n < smallGroupsOf(population); n += 1)
          yield groupLine(population, idOf('group', population.first + n), `Group ${n}`);
        if (population.largeGroup > 0) yield groupLine(population, largeGroupOf(population), 'Everybody');
      }
    },
  },
  {
    table: 'directory_count',
    columns: 'org_id, directory_id, slot, users, groups',
    *lines(populations) {
      for (const population of populations) {
        const groups = smallGroupsOf(population) + (population.largeGroup > 0 ? 1 : 0);
        yield `${population.orgId}\t${population.directoryId}\t0\t${population.users}\t${groups}`;
      }
    },
  },
];

function groupLine(population: Population, id: string, name: string): string {
  const resource = JSON.stringify({ schemas: [GROUP], displayName: name, externalId: id });
  return `${population.orgId}\t${population.directoryId}\t${id}\t${name}\t${name.toLowerCase()}\t${id}\t${resource}`;
}
