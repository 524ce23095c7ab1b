-- Who comes, goes and returns: what administrators decide about it (design, sections 3 and 5).

create index access_grant_retained on access_grant (org_id) where retained;
alter table invitation add column confirms_address boolean not null default false;
comment on column invitation.confirms_address is
  'no offer: asks somebody who waits (a directory''s user with a foreign address) to prove the address; grants and carries nothing';

-- An administrator approves that a directory takes a member over: what it has said since then takes effect at once. One
-- declined before is adopted when the directory sends the user again. Answers what became of it; null = no such request.
create function approve_adoption(p_org uuid, p_directory uuid, p_member uuid, p_actor jsonb) returns text language plpgsql as $$
declare
  d directory_user;
begin
  select * into d from directory_user where org_id = p_org and directory_id = p_directory and member_id = p_member
    and adoption in ('waiting', 'declined') and (adoption = 'declined' or deleted_at is null) for update;
  if not found then return null; end if;
  if adoption_hindrance(p_org, p_member) = 'break_glass' then
    perform refuse('break_glass_not_adopted', 'This member is a break-glass owner: no directory may hold them. End that first.');
  end if;
  perform record_audit(p_org, p_actor, 'adoption.approved', 'member', p_member,
    jsonb_build_object('directory', p_directory, 'reason', d.adoption_reason));
  if d.adoption = 'declined' then
    update directory_user set adoption = 'approved' where org_id = p_org and directory_id = p_directory and member_id = p_member;
    return 'approved';
  end if;
  update directory_user set adoption = null, adoption_reason = null, adoption_address = null
  where org_id = p_org and directory_id = p_directory and member_id = p_member;
  perform apply_directory_user(p_org, p_directory, p_member, p_actor, true, false, d.adoption_address, d.active);
  perform reconcile_grants(p_org, array[p_member], p_actor);
  return 'adopted';
end $$;

-- Declined: the directory's user is gone, and sending it again is refused until somebody approves.
create function decline_adoption(p_org uuid, p_directory uuid, p_member uuid, p_actor jsonb) returns text language plpgsql as $$
begin
  update directory_user set adoption = 'declined', deleted_at = now(), version = version + 1, adoption_address = null
  where org_id = p_org and directory_id = p_directory and member_id = p_member and adoption = 'waiting' and deleted_at is null;
  if not found then return null; end if;
  delete from group_member gm using directory_group g
  where gm.org_id = p_org and gm.member_id = p_member and g.org_id = p_org and g.id = gm.group_id and g.directory_id = p_directory;
  perform record_audit(p_org, p_actor, 'adoption.declined', 'member', p_member, jsonb_build_object('directory', p_directory));
  perform count_directory(p_org, p_directory, -1, 0);
  return 'declined';
end $$;

do $$
declare
  v_function regprocedure;
begin
  foreach v_function in array array['approve_adoption(uuid, uuid, uuid, jsonb)', 'decline_adoption(uuid, uuid, uuid, jsonb)']::regprocedure[]
  loop
    execute format('revoke execute on function %s from public', v_function);
    execute format('grant execute on function %s to drawbridge_app, drawbridge_worker', v_function);
  end loop;
end $$;
