// The effect of all migrations as one readable text (src/db/schema.sql), made from the catalogs: tables with their
// columns and rules, indexes, policies, functions by signature, and who may do what.
import type pg from 'pg';

const PARTS: readonly { readonly title: string; readonly sql: string }[] = [
  {
    title: 'tables',
    sql: `select format(E'table %s%s\\n%s%s', c.relname,
        case when c.relrowsecurity then ' -- row-level security' else '' end,
        (select string_agg(format('  %s %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
            case when a.attnotnull then ' not null' else '' end,
            coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')), E'\\n' order by a.attnum)
          from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
        coalesce((select E'\\n' || string_agg(format('  constraint %s %s', k.conname, pg_get_constraintdef(k.oid)), E'\\n' order by k.conname)
          from pg_constraint k where k.conrelid = c.oid and k.contype <> 'n'), '')) as line
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      order by c.relname`,
  },
  {
    title: 'indexes',
    sql: `select pg_get_indexdef(i.indexrelid) as line from pg_index i join pg_class c on c.oid = i.indexrelid
      join pg_class t on t.oid = i.indrelid
      where t.relnamespace = 'public'::regnamespace and not t.relispartition
        and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u'))
      order by c.relname`,
  },
  {
    title: 'policies',
    sql: `select format('%s on %s: %s', policyname, tablename, qual) as line from pg_policies where schemaname = 'public'
      order by tablename, policyname`,
  },
  {
    title: 'functions',
    sql: `select format('%s -> %s%s%s', p.oid::regprocedure, pg_get_function_result(p.oid),
        case when p.prosecdef then ', security definer' else '' end, coalesce(', ' || array_to_string(p.proconfig, ', '), '')) as line
      from pg_proc p where p.pronamespace = 'public'::regnamespace order by p.oid::regprocedure::text`,
  },
  {
    title: 'triggers',
    sql: `select pg_get_triggerdef(t.oid) as line from pg_trigger t join pg_class c on c.oid = t.tgrelid
      where c.relnamespace = 'public'::regnamespace and not c.relispartition and not t.tgisinternal order by c.relname, t.tgname`,
  },
  {
    title: 'rights',
    sql: `select format('%s: %s on %s', grantee, string_agg(privilege_type, ', ' order by privilege_type), table_name) as line
      from information_schema.role_table_grants where table_schema = 'public' and grantee in ('drawbridge_app', 'drawbridge_worker')
        and table_name not in (select relname from pg_class where relispartition)
      group by grantee, table_name order by grantee, table_name`,
  },
];

/** The text of the database behind `client`, as any role that may read the catalogs. */
export async function describeSchema(client: pg.ClientBase): Promise<string> {
  const sections: string[] = [
    '-- The effect of all migrations. Written by `npm run schema:dump`; never edited by hand.',
  ];
  for (const part of PARTS) {
    const { rows } = await client.query<{ line: string }>(part.sql);
    sections.push(`-- ${part.title}`, rows.map((row) => row.line).join(part.title === 'tables' ? '\n\n' : '\n'));
  }
  return `${sections.join('\n\n')}\n`;
}
