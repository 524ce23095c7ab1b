// The floor of the projection: a loop that makes, for people who do not exist, exactly the admin calls that a new person
// needs, with as many lanes as the worker has and over the same HTTP code, and nothing else: no database, no lock, no
// comparison.
import { createRequester } from '../../src/keycloak/admin-request.ts';
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

const TIMEOUT_MS = 10_000;

/** Makes people number `from` to `to - 1`; answers the milliseconds that it took. */
export async function makeBare(target: BareTarget, from: number, to: number, lanes: number): Promise<number> {
  const credentials = { clientId: 'drawbridge-runtime', clientSecret: target.clientSecret };
  const tokens = createTokenSource(target.url, target.realm, credentials, TIMEOUT_MS);
  const request = createRequester(new URL(`${target.url}/admin/realms/${target.realm}`), TIMEOUT_MS);
  const call: Call = async (method, path, body) => {
    const answer = await request({ method, path, body, token: await tokens.get() });
    if (answer.status >= 400) throw new Error(`Keycloak refused ${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.location?.split('/').at(-1);
  };
  await tokens.get();
  let next = from;
  const lane = async () => {
    for (let number = next++; number < to; number = next++) await makeOne(target, call, number);
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: lanes }, lane));
  return performance.now() - startedAt;
}

type Call = (method: 'POST' | 'PUT', path: string, body?: unknown) => Promise<string | undefined>;

async function makeOne(target: BareTarget, call: Call, number: number): Promise<void> {
  const { organizationId, groupIds, links } = target;
  const address = `bare-${number}@bench.test`;
  const person = crypto.randomUUID();
  const id = await call('POST', '/users', {
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
  await call('POST', `/organizations/${organizationId}/members`, id);
  for (const group of groupIds) await call('PUT', `/organizations/${organizationId}/groups/${group}/members/${id}`);
}
