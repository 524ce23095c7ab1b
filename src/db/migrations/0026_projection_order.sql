-- The order in which marks are claimed: without it, each claim would read and sort the whole backlog.
create index projection_due_order on projection_due (kind, priority, since);

-- One account's groups are looked up by their paths; an organization may have thousands of them.
create index keycloak_id_by_path on keycloak_id (org_id, kind, key) where org_id is not null;
drop index keycloak_id_by_org;
