// The bare floor: what node:http and pg can do at most with the same durable work, one statement a request. It checks
// the token and keeps a user with its mark and its audit row, as Drawbridge must; it knows no organization, no rule, no
// schema, no version check and no access. One process, a pool of ten connections, prepared statements.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';

const SCHEMA = `
  create table floor_user (
    id uuid primary key default uuidv7(),
    user_name_key text collate "C" not null unique,
    external_id text collate "C" unique,
    resource jsonb not null,
    created_at timestamptz not null default now(),
    modified_at timestamptz not null default now()
  ) with (fillfactor = 80);
  create table floor_group (id uuid primary key default uuidv7(), resource jsonb not null);
  create table floor_group_member (group_id uuid, user_id uuid, primary key (group_id, user_id));
  create table floor_mark (
    user_id uuid primary key, since timestamptz not null default now(), attempts integer not null default 0
  ) with (fillfactor = 70);
  create table floor_audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    action text not null,
    subject_id uuid not null
  );
`;

const MARK_AND_RECORD = (from: string, action: string) => `
  marked as (insert into floor_mark (user_id) select id from ${from}
    on conflict (user_id) do update set attempts = 0),
  recorded as (insert into floor_audit (action, subject_id) select '${action}', id from ${from})`;

const STATEMENTS = {
  create: `with made as (insert into floor_user (user_name_key, external_id, resource)
      values (lower($1), $2, $3) returning id, resource, created_at, modified_at),
    ${MARK_AND_RECORD('made', 'created')} select * from made`,
  find: 'select id, resource, created_at, modified_at from floor_user where user_name_key = lower($1)',
  get: 'select id, resource, created_at, modified_at from floor_user where id = $1',
  patch: `with made as (update floor_user set resource = jsonb_set(resource, '{name,givenName}', to_jsonb($2::text)),
        modified_at = now() where id = $1 returning id, resource, created_at, modified_at),
    ${MARK_AND_RECORD('made', 'updated')} select * from made`,
  list: 'select id, resource, created_at, modified_at from floor_user order by id limit $1 offset $2',
  createGroup: 'insert into floor_group (resource) values ($1) returning id',
  members: 'select user_id from floor_group_member where group_id = $1',
  addMembers: `with made as (insert into floor_group_member (group_id, user_id) select $1, unnest($2::uuid[])
      on conflict do nothing returning user_id as id), ${MARK_AND_RECORD('made', 'joined')} select * from made`,
  removeMembers: `with made as (delete from floor_group_member where group_id = $1 and user_id = any ($2::uuid[])
      returning user_id as id), ${MARK_AND_RECORD('made', 'left')} select * from made`,
  deactivate: `with made as (update floor_user set resource = jsonb_set(resource, '{active}', 'false'), modified_at = now()
      where id = $1 returning id, resource, created_at, modified_at),
    ${MARK_AND_RECORD('made', 'deactivated')} select * from made`,
  delete: `with made as (delete from floor_user where id = $1 returning id),
    ${MARK_AND_RECORD('made', 'deleted')} select * from made`,
} as const;

type UserRow = { id: string; resource: Record<string, unknown>; created_at: Date; modified_at: Date };
type Body = {
  userName: string;
  externalId: string;
  Operations: readonly { readonly op: string; readonly path: string; readonly value: unknown }[];
};

export type FloorSettings = { readonly databaseUrl: string; readonly token: string };

async function serve(settings: FloorSettings): Promise<string> {
  const pool = new pg.Pool({ connectionString: settings.databaseUrl, max: 10 });
  await pool.query(SCHEMA);
  let users = 0;
  let base = '';

  async function run<Row extends pg.QueryResultRow>(name: keyof typeof STATEMENTS, ...values: unknown[]) {
    return (await pool.query<Row>({ name, text: STATEMENTS[name], values })).rows;
  }
  const render = (row: UserRow) => ({
    ...row.resource,
    id: row.id,
    meta: {
      resourceType: 'User',
      created: row.created_at,
      lastModified: row.modified_at,
      location: `${base}/Users/${row.id}`,
    },
  });
  const page = (rows: UserRow[], total: number, startIndex: number) => ({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    totalResults: total,
    itemsPerPage: rows.length,
    startIndex,
    Resources: rows.map(render),
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers.authorization !== `Bearer ${settings.token}`) return end(response, 401, {});
    const url = new URL(request.url ?? '/', base);
    const [, type, id] = url.pathname.split('/');
    if (request.method === 'GET' && type === 'Groups') {
      const rows = await run<{ user_id: string }>('members', id);
      return end(response, 200, { id, members: rows.map((row) => ({ value: row.user_id })) });
    }
    if (request.method === 'GET' && id !== undefined) {
      const [row] = await run<UserRow>('get', id);
      return row === undefined ? end(response, 404, {}) : end(response, 200, render(row));
    }
    if (request.method === 'GET') {
      const filter = /^userName eq "([^"]*)"$/.exec(url.searchParams.get('filter') ?? '');
      if (filter !== null) {
        const rows = await run<UserRow>('find', filter[1]);
        return end(response, 200, page(rows, rows.length, 1));
      }
      const startIndex = Number(url.searchParams.get('startIndex'));
      const rows = await run<UserRow>('list', Number(url.searchParams.get('count')), startIndex - 1);
      return end(response, 200, page(rows, users, startIndex));
    }
    if (request.method === 'DELETE') {
      const [row] = await run('delete', id);
      return end(response, row === undefined ? 404 : 204, row === undefined ? {} : undefined);
    }
    const body = await read(request);
    if (request.method === 'POST') {
      if (type === 'Groups') return end(response, 201, { id: (await run<{ id: string }>('createGroup', body))[0]?.id });
      const [row] = await run<UserRow>('create', body.userName, body.externalId, body);
      users += 1;
      return end(response, 201, render(row as UserRow));
    }
    const operation = body.Operations[0];
    if (type === 'Users') {
      const [row] =
        operation?.path === 'active'
          ? await run<UserRow>('deactivate', id)
          : await run<UserRow>('patch', id, operation?.value);
      return row === undefined ? end(response, 404, {}) : end(response, 200, render(row));
    }
    const named = (operation?.value as { value: string }[] | undefined)?.map(({ value }) => value);
    if (operation?.op === 'add') await run('addMembers', id, named);
    else await run('removeMembers', id, named ?? [/"([^"]*)"/.exec(operation?.path ?? '')?.[1]]);
    return end(response, 204);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => end(response, 500, { detail: error.message }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return base;
}

function read(request: IncomingMessage): Promise<Body> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', reject);
    request.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Body));
  });
}

function end(response: ServerResponse, status: number, body?: unknown): void {
  if (body === undefined) {
    response.writeHead(status).end();
    return;
  }
  const text = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/scim+json', 'content-length': text.length }).end(text);
}

process.on('message', (settings: FloorSettings) => {
  serve(settings).then(
    (baseUrl) => process.send?.({ baseUrl }),
    (error: Error) => process.send?.({ error: error.message }),
  );
});
process.on('disconnect', () => process.exit(0));
