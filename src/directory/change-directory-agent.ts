// A directory creates, changes or deletes one of its agents or agentic applications. Nothing else follows from it; the
// audit event is written by the same statement.
import type { Tx } from '../db/database.ts';
import { newId } from '../ids.ts';
import { noSuchResource, staleVersion } from './change-errors.ts';
import { actorOf, type DirectoryDeps, type DirectoryScope } from './directory.ts';
import type { AgentKind, DirectoryAgentInput, DirectoryAgentRow } from './directory-agent.ts';
import { findDirectoryAgent } from './directory-agent-queries.ts';
import { timesOf } from './resource-times.ts';

const WORDS = { Agent: 'agent', AgenticApplication: 'agentic application' } as const;

/** Law 5: the same whether the id never existed, was deleted, or belongs to another tenant. */
export const noSuchAgent = (kind: AgentKind, id: string) => noSuchResource(WORDS[kind], id);

const ROW = `change.id, change.version, ${timesOf('change')}, change.resource::text as resource`;

/** `change` names the rows to tell of. */
const event = (action: string) => `event as (
  insert into audit_event (org_id, actor, action, subject_kind, subject_id, data)
  select $1, $5, 'agent.${action}', 'agent', change.id, jsonb_build_object('kind', $3::text, 'version', change.version) from change)`;

/** Throws `uniqueness` for a name that the directory has given to another of its kind, or `directory_inactive`. */
export async function createDirectoryAgent(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  kind: AgentKind,
  agent: DirectoryAgentInput,
): Promise<DirectoryAgentRow> {
  const rows = await deps.db.query<DirectoryAgentRow>(scope.orgId, {
    name: 'directory_agent_create',
    text: `with change as (
        insert into directory_agent (org_id, directory_id, kind, id, name_key, external_id, resource, created_at, modified_at)
        values ($1, $2, $3, $4, fold_key($6), $7, $8, now(), now()) returning *), ${event('created')}
      select ${ROW}
      from change cross join require_active_directory($1, $2)`,
    values: [scope.orgId, scope.directoryId, kind, newId(), actorOf(scope), ...valuesOf(agent)],
  });
  return rows[0]!;
}

/**
 * Makes of a stored one what `change` answers; undefined, or what it is already, writes nothing. Throws `not_found`,
 * `uniqueness`, `directory_inactive`, or `version_mismatch` where `version` is given and is not the present one.
 */
export function changeDirectoryAgent(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  kind: AgentKind,
  id: string,
  version: number | undefined,
  change: (row: DirectoryAgentRow) => DirectoryAgentInput | undefined,
): Promise<DirectoryAgentRow> {
  return deps.db.inOrg(scope.orgId, async (tx) => {
    const row = await lockDirectoryAgent(tx, scope, kind, id, version);
    const agent = change(row);
    if (!agent) return row;
    const rows = await tx.query<DirectoryAgentRow>({
      name: 'directory_agent_update',
      text: `with change as (
          update directory_agent d set name_key = fold_key($6), external_id = $7, resource = $8, version = d.version + 1,
            modified_at = greatest(now(), d.modified_at)
          where d.org_id = $1 and d.directory_id = $2 and d.kind = $3 and d.id = $4 and d.resource <> $8::jsonb
          returning *), ${event('updated')}
        select ${ROW} from change`,
      values: [scope.orgId, scope.directoryId, kind, id, actorOf(scope), ...valuesOf(agent)],
    });
    return rows[0] ?? row;
  });
}

/** Throws `not_found`, `directory_inactive` or `version_mismatch`. */
export function deleteDirectoryAgent(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  kind: AgentKind,
  id: string,
  version: number | undefined,
): Promise<void> {
  return deps.db.inOrg(scope.orgId, async (tx) => {
    await lockDirectoryAgent(tx, scope, kind, id, version);
    await tx.query({
      name: 'directory_agent_delete',
      text: `with change as (
          delete from directory_agent where org_id = $1 and directory_id = $2 and kind = $3 and id = $4 returning *),
        ${event('deleted')} select`,
      values: [scope.orgId, scope.directoryId, kind, id, actorOf(scope)],
    });
  });
}

async function lockDirectoryAgent(
  tx: Tx,
  scope: DirectoryScope,
  kind: AgentKind,
  id: string,
  version: number | undefined,
): Promise<DirectoryAgentRow> {
  await tx.query({
    name: 'directory_require_active',
    text: 'select require_active_directory($1, $2)',
    values: [scope.orgId, scope.directoryId],
  });
  const row = await findDirectoryAgent(tx, scope, kind, id, { locks: true });
  if (!row) throw noSuchAgent(kind, id);
  if (version !== undefined && version !== row.version) throw staleVersion(row.version);
  return row;
}

function valuesOf({ name, externalId, resource }: DirectoryAgentInput): unknown[] {
  return [name, externalId, resource];
}
