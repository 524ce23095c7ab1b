// Reads what an organization asks of a member's session.
import type { Database } from '../db/database.ts';
import type { SignInDemand } from './sign-in-demand.ts';

/**
 * Undefined where the person is no member. A break-glass owner, and a guest who is exempt, may come in by password. Whose
 * home the organization is stays held while a domain's proof is to be found again, as in Keycloak (person_projection).
 */
export async function findSignInDemand(
  db: Database,
  orgId: string,
  personId: string,
): Promise<SignInDemand | undefined> {
  const [row] = await db.query<{
    key: string;
    address: string | null;
    connection_ids: string[] | null;
    max_session_seconds: number | null;
    lacks_second_factor: boolean;
  }>(orgId, {
    name: 'sign_in_demand',
    text: `select o.key, p.address, o.max_session_seconds,
        case when o.sso_enforcement = 'enforced' and not is_break_glass(m.org_id, m.id)
            and (o.sso_guests = 'held' or organization_of_domain(split_part(p.address, '@', 2)) = o.org_id)
          then array(select c.id::text from connection c where c.org_id = o.org_id and c.status = 'active') end
          as connection_ids,
        o.second_factor = 'required' and not exists (select from keycloak_projected k
          where k.person_id = m.person_id and k.certain and k.desired #> '{account,roles}' ? 'mfa-required')
          as lacks_second_factor
      from member m join organization o on o.org_id = m.org_id cross join address_of_person(m.person_id) as p (address)
      where m.org_id = $1 and m.person_id = $2 and m.status not in ('removed', 'purged')`,
    values: [orgId, personId],
  });
  if (!row) return undefined;
  return {
    organizationKey: row.key,
    address: row.address ?? undefined,
    connectionIds: row.connection_ids ?? undefined,
    maxSessionSeconds: row.max_session_seconds ?? undefined,
    lacksSecondFactor: row.lacks_second_factor,
  };
}
