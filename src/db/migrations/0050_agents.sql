-- Agents and agentic applications that a directory states (draft-abbey-scim-agent-extension-00): kept, versioned and given
-- back. Neither is a member, so nothing follows from them: no account, no team, no role, no seat.

create table directory_agent (
  org_id uuid not null,
  directory_id uuid not null,
  kind text not null constraint directory_agent_kind check (kind in ('Agent', 'AgenticApplication')),
  id uuid not null,
  name_key text collate "C" not null,
  external_id text collate "C",
  resource jsonb not null,
  version integer not null default 1,
  created_at timestamptz not null,
  modified_at timestamptz not null,
  primary key (org_id, directory_id, kind, id),
  foreign key (org_id, directory_id) references directory on delete cascade,
  constraint directory_agent_name_taken unique (org_id, directory_id, kind, name_key)
);
comment on table directory_agent is 'an agent or an agentic application as its directory states it';

select isolate_by_organization('directory_agent');
