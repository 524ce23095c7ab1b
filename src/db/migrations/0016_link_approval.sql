-- An administrator's approval that a connection may link a member whom the ladder may not link by itself: one with rights
-- over others, or one whom only an address names (design, section 4).

create table link_approval (
  org_id uuid not null,
  connection_id uuid not null,
  member_id uuid not null,
  approved_by jsonb not null,
  expires_at timestamptz not null,
  primary key (org_id, connection_id, member_id),
  foreign key (org_id, connection_id) references connection on delete cascade,
  foreign key (org_id, member_id) references member on delete cascade
);
comment on table link_approval is 'used up by the first link; given by somebody with full control';

select isolate_by_organization('link_approval');
