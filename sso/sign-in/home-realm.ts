// Where somebody signs in: the verified domain of an address leads to its organization, and the application's own
// sign-in is started with the hints by which Keycloak comes to us.
import { providerAlias } from '../../src/keycloak/identity-provider.ts';
import type { Connection } from '../connections/connection.ts';
import type { SsoDeps } from '../deps.ts';
import { domainOf } from './find-member.ts';

/** The application's login start (`APP_URL/login`), with hints. */
export function startUrl(appUrl: string, organizationKey: string | undefined, loginHint: string | undefined): string {
  const url = new URL(`${appUrl.replace(/\/+$/, '')}/login`);
  if (organizationKey !== undefined) url.searchParams.set('kc_idp_hint', providerAlias(organizationKey));
  if (loginHint !== undefined) url.searchParams.set('login_hint', loginHint);
  return url.href;
}

/** The key of the organization that has verified the address's domain and signs in by a company connection. */
export async function findHomeRealm({ db }: Pick<SsoDeps, 'db'>, address: string): Promise<string | undefined> {
  const [found] = await db.realm<{ org_id: string | null }>({
    name: 'sso_organization_of_domain',
    text: 'select organization_of_domain($1) as org_id',
    values: [domainOf(address)],
  });
  if (!found?.org_id) return undefined;
  const [organization] = await db.query<{ key: string }>(found.org_id, {
    name: 'sso_home_realm',
    text: `select o.key from organization o where o.org_id = $1 and o.status = 'active'
      and exists (select from connection c where c.org_id = o.org_id and c.status = 'active')`,
    values: [found.org_id],
  });
  return organization?.key;
}

/**
 * The connections by which somebody may sign in: the one that asserts the address's domain, or the nearest above it, else all; several are for
 * the person to choose from.
 *
 * @param active the organization's active connections; no two of them assert one domain
 */
export function fittingConnections(active: readonly Connection[], address: string | undefined): readonly Connection[] {
  const domain = address === undefined ? undefined : domainOf(address);
  if (domain === undefined) return active;
  const claims = active.flatMap((connection) => connection.settings.domains.map((claim) => ({ claim, connection })));
  const covering = claims.filter(({ claim }) => domain === claim || domain.endsWith(`.${claim}`));
  const [nearest] = covering.sort((one, other) => other.claim.length - one.claim.length);
  return nearest ? [nearest.connection] : active;
}

export async function findOrganizationKey({ db }: Pick<SsoDeps, 'db'>, orgId: string): Promise<string | undefined> {
  const [row] = await db.query<{ key: string }>(orgId, {
    text: `select key from organization where org_id = $1 and status = 'active'`,
    values: [orgId],
  });
  return row?.key;
}
