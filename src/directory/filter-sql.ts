// Directory filter -> SQL, one tenant's rows only. Columns compare on their stored keys, so that equality, ranges and
// prefixes use an index under row-level security (only leakproof operators do); the rest is evaluated on the resource.
import type { Comparison, DirectoryFilter, FilteredResource, FilterValue, Target } from './directory-filter.ts';

type ColumnKind = 'uuid' | 'key' | 'text' | 'boolean' | 'time';
type Column = { readonly sql: string; readonly kind: ColumnKind };
type Columns = Readonly<Record<string, Column>>;

/** Where names are looked up while compiling: the columns at hand and the JSON that paths start from. */
type Scope = { readonly columns: Columns; readonly json: string | undefined };

/** The user that a user's manager reference leads to, where there is one. */
const MANAGER = `directory_user m where m.org_id = d.org_id and m.directory_id = d.directory_id
  and m.member_id = manager_of(d.resource) and m.deleted_at is null`;

/** What every kind of resource has. */
const COMMON_COLUMNS = {
  externalId: { sql: 'd.external_id', kind: 'text' },
  created: { sql: `date_trunc('milliseconds', d.created_at)`, kind: 'time' },
  lastModified: { sql: `date_trunc('milliseconds', d.modified_at)`, kind: 'time' },
  version: { sql: `('W/"' || d.version || '"')`, kind: 'text' },
} as const satisfies Columns;

const COLUMNS: Readonly<Record<FilteredResource, Columns>> = {
  user: {
    ...COMMON_COLUMNS,
    id: { sql: 'd.member_id', kind: 'uuid' },
    userName: { sql: 'd.user_name_key', kind: 'key' },
    displayName: { sql: 'd.display_name_key', kind: 'key' },
    givenName: { sql: 'd.given_name_key', kind: 'key' },
    familyName: { sql: 'd.family_name_key', kind: 'key' },
    primaryEmail: { sql: 'd.email_key', kind: 'key' },
    active: { sql: 'd.active', kind: 'boolean' },
    managerId: { sql: `(select m.member_id from ${MANAGER})`, kind: 'uuid' },
    managerName: {
      sql: `(select fold_key(coalesce(m.resource ->> 'displayName', m.user_name)) from ${MANAGER})`,
      kind: 'key',
    },
  },
  group: {
    ...COMMON_COLUMNS,
    id: { sql: 'd.id', kind: 'uuid' },
    displayName: { sql: 'd.display_name_key', kind: 'key' },
  },
  agent: { ...COMMON_COLUMNS, id: { sql: 'd.id', kind: 'uuid' }, name: { sql: 'd.name_key', kind: 'key' } },
};

/** Joined by `where` alone: with a condition in `on`, Postgres would ask about each row instead of joining. */
const COLLECTIONS = {
  members: {
    from: `group_member gm, directory_user u where gm.org_id = d.org_id and gm.group_id = d.id and u.org_id = gm.org_id
      and u.directory_id = d.directory_id and u.member_id = gm.member_id and u.deleted_at is null`,
    columns: {
      value: { sql: 'gm.member_id', kind: 'uuid' },
      display: { sql: `fold_key(coalesce(u.resource ->> 'displayName', u.user_name))`, kind: 'key' },
      type: { sql: `'user'`, kind: 'key' },
    },
  },
  groups: {
    from: `group_member gm, directory_group g where gm.org_id = d.org_id and gm.member_id = d.member_id
      and g.org_id = gm.org_id and g.directory_id = d.directory_id and g.id = gm.group_id`,
    columns: {
      value: { sql: 'gm.group_id', kind: 'uuid' },
      display: { sql: 'g.display_name_key', kind: 'key' },
      type: { sql: `'direct'`, kind: 'key' },
    },
  },
} as const satisfies Record<string, { from: string; columns: Columns }>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const ORDER_OPERATORS = { gt: '>', ge: '>=', lt: '<', le: '<=' } as const;
const LAST_CHARACTER = '\u{10FFFF}';

/** Appends parameters to `values` and answers the condition on the row `d` of `resource`. */
export function filterToSql(filter: DirectoryFilter, resource: FilteredResource, values: unknown[]): string {
  return compile(filter, { columns: COLUMNS[resource], json: 'd.resource' }, values);
}

/** The condition on one membership, `gm` joined to its user `u`: for a PATCH that selects members by more than their id. */
export function memberFilterToSql(filter: DirectoryFilter, values: unknown[]): string {
  return compile(filter, { columns: COLLECTIONS.members.columns, json: undefined }, values);
}

/** How one resource sorts: its expression, the type that its text is read back as, and whether some have no value. */
export type SortOperand = { readonly sql: string; readonly type: string; readonly isNullable: boolean };

/** What a cursor can carry in an address; only values behind a unique index are shorter by themselves. */
const LONGEST_SORT_TEXT = 256;
const BOUNDED: ReadonlySet<string> = new Set(['userName', 'name', 'externalId']);
const NEVER_NULL: ReadonlySet<string> = new Set([
  'id',
  'userName',
  'name',
  'active',
  'created',
  'lastModified',
  'version',
]);
const SORT_TYPES = {
  uuid: 'uuid',
  key: 'text',
  text: 'text',
  boolean: 'boolean',
  time: 'timestamptz',
  number: 'numeric',
};

/** The operand of an order; parameters are appended to `values`. */
export function sortOperand(target: Target | 'none', resource: FilteredResource, values: unknown[]): SortOperand {
  if (target === 'none') return { sql: 'null::text', type: 'text', isNullable: true };
  const { sql, kind } = operandOf(target, { columns: COLUMNS[resource], json: 'd.resource' }, values);
  const type = SORT_TYPES[kind];
  const column = 'column' in target ? target.column : undefined;
  const isBounded = column !== undefined && (BOUNDED.has(column) || (resource === 'group' && column === 'displayName'));
  const isNullable =
    column === undefined || !(NEVER_NULL.has(column) || (resource === 'group' && column === 'displayName'));
  return { sql: type === 'text' && !isBounded ? `left(${sql}, ${LONGEST_SORT_TEXT})` : sql, type, isNullable };
}

function compile(filter: DirectoryFilter, scope: Scope, values: unknown[]): string {
  switch (filter.op) {
    case 'and':
    case 'or':
      return `(${filter.of.map((part) => compile(part, scope, values)).join(` ${filter.op} `)})`;
    case 'not':
      // an unknown comparison is no match, so its negation is one
      return `(${compile(filter.of, scope, values)}) is not true`;
    case 'some':
      return compileSome(filter, scope, values);
    case 'keyed':
      return `(${keyCondition(filter, values)} and ${compile(filter.of, scope, values)})`;
    case 'present': {
      const { sql, kind } = operandOf(filter.target, scope, values);
      return kind === 'key' || kind === 'text' ? `${sql} <> ''` : `${sql} is not null`;
    }
    default:
      return compareTarget(filter.target, filter.op, filter.value, scope, values);
  }
}

function compileSome(filter: DirectoryFilter & { op: 'some' }, scope: Scope, values: unknown[]): string {
  if (filter.in === 'members' || filter.in === 'groups') {
    const group = filter.in === 'groups' && filter.where && idIn(filter.where);
    if (typeof group === 'string') return memberOf(group, values);
    const collection = COLLECTIONS[filter.in];
    const inner: Scope = { columns: collection.columns, json: undefined };
    const where = filter.where ? ` and ${compile(filter.where, inner, values)}` : '';
    return `exists (select from ${collection.from}${where})`;
  }
  const list = `${scope.json} #> ${bind(filter.in, values)}::text[]`;
  const where = filter.where ? ` where ${compile(filter.where, { columns: {}, json: 'e.v' }, values)}` : '';
  return `exists (select from jsonb_array_elements(case jsonb_typeof(${list}) when 'array' then ${list} end) e (v)${where})`;
}

/** The id that a filter on an element demands, where it demands nothing else. */
function idIn(where: DirectoryFilter): string | undefined {
  const isId = where.op === 'eq' && 'column' in where.target && where.target.column === 'value';
  return isId && where.target.prefix === undefined ? String(where.value) : undefined;
}

/** Walks the group's members in the order of their ids, so that a page costs what it holds however large the group is. */
function memberOf(group: string, values: unknown[]): string {
  if (!UUID.test(group)) return 'false';
  const id = `${bind(group, values)}::uuid`;
  return `(exists (select from group_member gm where gm.org_id = d.org_id and gm.group_id = ${id} and gm.member_id = d.member_id)
    and exists (select from directory_group g where g.org_id = $1 and g.directory_id = $2 and g.id = ${id}))`;
}

type Operand = { readonly sql: string; readonly kind: ColumnKind | 'number' };

function operandOf(target: Target, scope: Scope, values: unknown[]): Operand {
  if ('column' in target) {
    const column = Object.hasOwn(scope.columns, target.column) ? scope.columns[target.column] : undefined;
    if (!column) throw new Error(`No column ${target.column} here`);
    if (target.prefix === undefined) return column;
    return { sql: `((${bind(target.prefix, values)}::text || ${column.sql}::text) collate "C")`, kind: 'text' };
  }
  if (scope.json === undefined) throw new Error('No resource to look into here');
  const at = `${bind(target.path, values)}::text[]`;
  const text = `(${scope.json} #>> ${at})`;
  const typed = (type: string, cast: string) =>
    `(case jsonb_typeof(${scope.json} #> ${at}) when '${type}' then ${text}::${cast} end)`;
  switch (target.kind) {
    case 'text':
      return { sql: `(${text} collate "C")`, kind: 'text' };
    case 'folded':
      return { sql: `(fold_key(${text}) collate "C")`, kind: 'key' };
    case 'boolean':
      return { sql: typed('boolean', 'boolean'), kind: 'boolean' };
    case 'number':
      return { sql: typed('number', 'numeric'), kind: 'number' };
    case 'time':
      // what was stored before its attribute was declared a time is none
      return {
        sql: `(case when pg_input_is_valid(${text}, 'timestamptz') then date_trunc('milliseconds', ${text}::timestamptz) end)`,
        kind: 'time',
      };
  }
}

/** Keys whose first value has a column of its own. */
const KEY_COLUMNS: Readonly<Record<string, string>> = { emails: 'd.email_key' };

/** An index condition on users: the values of every list and count begin with the organization and the directory. */
function keyCondition(filter: DirectoryFilter & { op: 'keyed' }, values: unknown[]): string {
  const text = `${bind(filter.value, values)}::text`;
  const value = filter.isFolded ? `fold_key(${text})` : text;
  // an array, since a subquery's rows would not be looked up in the index of users
  const keyed = `d.member_id = any (array(select k.member_id from directory_user_key k where k.org_id = $1
    and k.directory_id = $2 and k.key = further_key(${bind(filter.place, values)}, ${value})))`;
  const column = Object.hasOwn(KEY_COLUMNS, filter.place) ? KEY_COLUMNS[filter.place] : undefined;
  return column === undefined ? keyed : `(${column} = ${value} or ${keyed})`;
}

function compareTarget(target: Target, op: Comparison, value: FilterValue, scope: Scope, values: unknown[]): string {
  if ('column' in target && target.prefix !== undefined && (op === 'eq' || op === 'ne')) {
    // the id itself, which has an index
    const isOurs = String(value).startsWith(target.prefix);
    const id = isOurs ? String(value).slice(target.prefix.length) : '';
    return compare(operandOf({ column: target.column }, scope, values), op, id, values);
  }
  return compare(operandOf(target, scope, values), op, value, values);
}

function compare(operand: Operand, op: Comparison, value: FilterValue, values: unknown[]): string {
  switch (operand.kind) {
    case 'uuid':
      return compareId(operand.sql, op, String(value), values);
    case 'key':
      return compareText(operand.sql, op, `fold_key(${bind(String(value), values)}::text)`);
    case 'text':
      return compareText(operand.sql, op, `${bind(String(value), values)}::text`);
    case 'boolean':
      return compareOrdered(operand.sql, op, `${bind(value === true, values)}::boolean`);
    case 'number':
      return compareOrdered(operand.sql, op, `${bind(Number(value), values)}::numeric`);
    case 'time':
      return compareOrdered(operand.sql, op, `${bind(String(value), values)}::timestamptz`);
  }
}

function compareId(sql: string, op: Comparison, value: string, values: unknown[]): string {
  if (op !== 'eq' && op !== 'ne') return compareText(`(${sql}::text collate "C")`, op, `${bind(value, values)}::text`);
  if (!UUID.test(value)) return op === 'eq' ? 'false' : 'true';
  return compareOrdered(sql, op, `${bind(value, values)}::uuid`);
}

function compareText(sql: string, op: Comparison, value: string): string {
  switch (op) {
    case 'co':
      return `position(${value} in ${sql}) > 0`;
    case 'ew':
      return `right(${sql}, length(${value})) = ${value}`;
    case 'sw':
      return `(${sql} >= ${value} and ${sql} < ${value} || '${LAST_CHARACTER}')`;
    default:
      return compareOrdered(sql, op, value);
  }
}

function compareOrdered(sql: string, op: Comparison, value: string): string {
  if (op === 'eq') return `${sql} = ${value}`;
  if (op === 'ne') return `${sql} is distinct from ${value}`;
  if (op === 'co' || op === 'sw' || op === 'ew') throw new Error(`${op} compares text only`);
  return `${sql} ${ORDER_OPERATORS[op]} ${value}`;
}

function bind(value: unknown, values: unknown[]): string {
  values.push(value);
  return `$${values.length}`;
}
