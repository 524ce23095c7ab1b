// Reads of the requests of directories to take members over.
import type { Queryable } from '../db/database.ts';
import type { Adoption, AdoptionState } from './adoption.ts';
import type { DirectoryDeps } from './directory.ts';

type Row = {
  member_id: string;
  directory_id: string;
  adoption: AdoptionState;
  adoption_reason: string;
  user_name: string;
  external_id: string | null;
  active: boolean;
  modified_at: Date;
  address: string | null;
  status: string;
  role_key: string;
};

/** A page in the order of directory and member, of one state. A request that its directory took back is none. */
export async function listAdoptions(
  deps: DirectoryDeps,
  orgId: string,
  page: {
    readonly state: AdoptionState;
    readonly after: readonly [directoryId: string, memberId: string] | undefined;
    readonly limit: number;
  },
): Promise<Adoption[]> {
  const rows = await deps.db.query<Row>(orgId, {
    text: `select u.member_id, u.directory_id, u.adoption, u.adoption_reason, u.user_name, u.external_id, u.active,
        u.modified_at, m.address, m.status, m.role_key
      from directory_user u join member m on m.org_id = u.org_id and m.id = u.member_id
      where u.org_id = $1 and u.adoption = $2 and (u.adoption <> 'waiting' or u.deleted_at is null)
        and ($3::uuid is null or (u.directory_id, u.member_id) > ($3, $4::uuid))
      order by u.directory_id, u.member_id limit $5`,
    values: [orgId, page.state, page.after?.[0] ?? null, page.after?.[1] ?? null, page.limit],
  });
  return rows.map((row) => ({
    memberId: row.member_id,
    directoryId: row.directory_id,
    state: row.adoption,
    reason: row.adoption_reason,
    userName: row.user_name,
    externalId: row.external_id ?? undefined,
    active: row.active,
    since: row.modified_at,
    member: { address: row.address ?? undefined, status: row.status, roleKey: row.role_key },
  }));
}

/** What a decision about a request must look at; undefined where there is none to decide. */
export async function findAdoptionStakes(
  tx: Queryable,
  orgId: string,
  directoryId: string,
  memberId: string,
): Promise<{ reason: string; permissions: string[]; full_control: boolean } | undefined> {
  const rows = await tx.query<{ reason: string; permissions: string[]; full_control: boolean }>({
    text: `select u.adoption_reason as reason, r.permissions, r.full_control
      from directory_user u join member m on m.org_id = u.org_id and m.id = u.member_id
        join role r on r.org_id = m.org_id and r.key = m.role_key
      where u.org_id = $1 and u.directory_id = $2 and u.member_id = $3
        and (u.adoption = 'waiting' and u.deleted_at is null or u.adoption = 'declined')`,
    values: [orgId, directoryId, memberId],
  });
  return rows[0];
}
