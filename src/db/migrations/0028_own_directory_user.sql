-- The directory user that a person is, for the person's own requests (SCIM /Me). The person is proved by an access token,
-- so no organization is set yet. Looked at are the organizations that the token names, or all of the person's where it
-- names none. Of several: one who is active before one who is not, then the one whom a directory stated first.
create function directory_user_of_person(p_person uuid, p_org_keys text[])
  returns table (org_id uuid, directory_id uuid, member_id uuid)
  language sql stable security definer set search_path = public, pg_temp as $$
  select d.org_id, d.directory_id, d.member_id
  from member m
  join organization o on o.org_id = m.org_id and o.status = 'active'
  join directory_user d on d.org_id = m.org_id and d.member_id = m.id and d.deleted_at is null
  join directory y on y.org_id = d.org_id and y.id = d.directory_id and y.status = 'active'
  where m.person_id = p_person and m.status = 'active' and (p_org_keys is null or o.key = any (p_org_keys))
  order by d.active desc, d.created_at, d.directory_id limit 1
$$;
revoke execute on function directory_user_of_person(uuid, text[]) from public;
grant execute on function directory_user_of_person(uuid, text[]) to drawbridge_app;
