// Reads of a directory's agents and agentic applications.
import type { Queryable } from '../db/database.ts';
import type { DirectoryDeps, DirectoryScope } from './directory.ts';
import type { AgentKind, DirectoryAgentRow } from './directory-agent.ts';
import type { PageRequest } from './directory-filter.ts';
import { filterToSql } from './filter-sql.ts';
import { markToSql, type NewPageMark } from './page-marks.ts';
import { type Listed, listed, pageToSql } from './page-sql.ts';
import { timesOf } from './resource-times.ts';
import { nameOfShape } from './statement-names.ts';

const COLUMNS = `d.id, d.version, ${timesOf('d')}, d.resource::text as resource`;
const OURS = 'd.org_id = $1 and d.directory_id = $2 and d.kind = $3';

/** One by id, which must be a UUID; `locks` it until the transaction ends. */
export async function findDirectoryAgent(
  db: Queryable,
  scope: DirectoryScope,
  kind: AgentKind,
  id: string,
  { locks = false } = {},
): Promise<DirectoryAgentRow | undefined> {
  const text = `select ${COLUMNS} from directory_agent d where ${OURS} and d.id = $4${locks ? ' for update' : ''}`;
  const values = [scope.orgId, scope.directoryId, kind, id];
  const rows = await db.query<DirectoryAgentRow>({ ...nameOfShape(text), text, values });
  return rows[0];
}

/** One page. */
export async function listDirectoryAgents(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  kind: AgentKind,
  page: PageRequest,
): Promise<Listed<DirectoryAgentRow>> {
  const values: unknown[] = [scope.orgId, scope.directoryId, kind];
  const where = page.filter ? ` and ${filterToSql(page.filter, 'agent', values)}` : '';
  const { behind, order, sortKey } = pageToSql(page, 'agent', 'd.id', values);
  values.push(page.limit, page.after === undefined ? page.offset : 0);
  const text = `select ${COLUMNS}${sortKey} from directory_agent d where ${OURS}${where}${behind}
    order by ${order} limit $${values.length - 1} offset $${values.length}`;
  return listed(await deps.db.query(scope.orgId, { ...nameOfShape(text), text, values }));
}

/** How many there are, or a filter finds; notes a mark in passing. */
export async function countDirectoryAgents(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  kind: AgentKind,
  page: Pick<PageRequest, 'filter' | 'order'>,
  mark?: NewPageMark,
): Promise<number> {
  const values: unknown[] = [scope.orgId, scope.directoryId, kind];
  const noted = mark ? markToSql(mark, page.order, 'agent', values) : '';
  const where = page.filter ? ` and ${filterToSql(page.filter, 'agent', values)}` : '';
  const text = `${noted}select count(*)::integer as total from directory_agent d where ${OURS}${where}`;
  const rows = await deps.db.query<{ total: number }>(scope.orgId, { ...nameOfShape(text), text, values });
  return rows[0]!.total;
}
