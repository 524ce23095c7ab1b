// The floor of the projection: a loop that makes, for people who do not exist, exactly the admin calls that a new person
// needs, with as many lanes as the worker has, and nothing else: no database, no lock, no comparison.
import { createTokenSource } from '../../src/keycloak/admin-token.ts';

export type BareTarget = {
  readonly url: string;
  readonly realm: string;
  readonly clientSecret: string;
  readonly organizationId: string;
  /** Every group that a new member joins. */
  readonly groupIds: readonly string[];
  /** Identity providers that the account is linked to. */
  readonly links: readonly string[];
};

/** Makes people number `from` to `to - 1`; answers the milliseconds that it took. */
export async function makeBare(target: BareTarget, from: number, to: number, lanes: number): Promise<number> {
  const credentials = { clientId: 'drawbridge-runtime', clientSecret: target.clientSecret };
  const tokens = createTokenSource(target.url, target.realm, credentials, 10_000);
  await tokens.get();
  let next = from;
  const lane = async () => {
    for (let number = next++; number < to; number = next++) await makeOne(target, tokens.get, number);
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: lanes }, lane));
  return performance.now() - startedAt;
}

async function makeOne(target: BareTarget, token: () => Promise<string>, number: number): Promise<void> {
  const { organizationId, groupIds, links } = target;
  const address = `bare-${number}@bench.test`;
  const person = crypto.randomUUID();
  const call = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const response = await fetch(`${target.url}/admin/realms/${target.realm}${path}`, {
      method,
      headers: { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Keycloak refused ${method} ${path}: ${response.status} ${text.slice(0, 200)}`);
    return response;
  };
  const made = await call('POST', '/users', {
    username: address,
    email: address,
    emailVerified: true,
    firstName: 'Bare',
    lastName: `Number ${number}`,
    enabled: true,
    attributes: { person_id: [person] },
    federatedIdentities: links.map((identityProvider) => ({ identityProvider, userId: person, userName: address })),
    requiredActions: [],
  });
  const id = made.headers.get('location')?.split('/').at(-1);
  await call('POST', `/organizations/${organizationId}/members`, id);
  for (const group of groupIds) await call('PUT', `/organizations/${organizationId}/groups/${group}/members/${id}`);
}
