// Kysely as a builder of statements whose shape depends on what is asked: lists with filters that may be absent. It only
// compiles; the statement runs through Database, on a connection scoped to the organization.
import {
  type Compilable,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import type { Statement } from './database.ts';

/** The columns of the tables that lists are built over; src/db/schema.sql has all of them. */
export type Tables = {
  member: {
    org_id: string;
    id: string;
    person_id: string | null;
    kind: 'human' | 'service' | 'group';
    status: 'invited' | 'pending' | 'active' | 'suspended' | 'removed' | 'purged';
    pending_reason: string | null;
    role_key: string;
    address: string | null;
    address_key: string | null;
    display_name: string | null;
    given_name: string | null;
    family_name: string | null;
    ends_at: Date | null;
    created_at: Date;
    updated_at: Date;
  };
  audit_event: {
    org_id: string;
    id: string;
    at: Date;
    actor: Record<string, unknown>;
    action: string;
    subject_kind: string;
    subject_id: string;
    data: Record<string, unknown>;
  };
  scim_journal: {
    org_id: string;
    id: string;
    directory_id: string;
    at: Date;
    request_id: string;
    method: string;
    path: string;
    status: number;
    latency_ms: number;
    detail: Record<string, unknown> | null;
    resource_id: string | null;
  };
  audit_personal: { org_id: string; event_id: string; personal: Record<string, unknown> };
};

export const build = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

/** What Database runs. */
export function statementOf(query: Compilable): Statement {
  const { sql, parameters } = query.compile();
  return { text: sql, values: parameters };
}
