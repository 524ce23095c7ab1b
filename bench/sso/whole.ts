// Whole sign-ins as a browser makes them, from Keycloak's request to the ID token: processor time of Drawbridge's web
// process and of Postgres per sign-in, and how many one second holds beside the load on the same cores.
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LocalPostgres } from '../../src/dev/postgres.ts';
import { ScriptedBrowser } from '../../src/dev/scripted-browser.ts';
import { newSecrets } from '../../src/dev/secrets.ts';
import { idpClientSecret } from '../../src/keycloak/idp-secret.ts';
import { startSamlCompany } from '../../test/sso/support/saml-company.ts';
import { cpuOf } from '../projection/cpu.ts';
import { type SignInPlace, startSignInPlace } from './place.ts';

export type WholeCost = {
  readonly signIns: number;
  readonly perSecond: number;
  /** Undefined where the system does not tell. */
  readonly webMs: number | undefined;
  readonly postgresMs: number | undefined;
};

const BROWSERS = 4;
const PEOPLE = 40;
const WARM_UP_MS = 3_000;
const WITHIN_MS = 10_000;
const BROKER_PATH = '/realms/bench/broker/sso-bench/endpoint';

/** By SAML, people who are known and linked; each sign-in in a browser that has signed in before. */
export async function measureWhole(postgres: LocalPostgres, folder: string): Promise<WholeCost> {
  const secrets = newSecrets();
  const company = await startSamlCompany({ nameId: 'nobody' });
  const settings = {
    protocol: 'saml',
    domains: ['bench.test'],
    idp: { idpEntityId: company.entityId, ssoUrl: company.ssoUrl, certificates: [company.key.certificate] },
  };
  const keycloak = await startNobody();
  const place = await startSignInPlace({
    postgres,
    database: 'bench_sso',
    folder,
    secrets,
    settings,
    keycloak: { url: keycloak.url, realm: 'bench' },
  });
  const redirectUri = `${keycloak.url}${BROKER_PATH}`;
  try {
    for (let n = 0; n < PEOPLE; n += 1) await pushPerson(place, n);
    const browsers = Array.from({ length: BROWSERS }, () => new ScriptedBrowser());
    const during = async (withinMs: number): Promise<number> => {
      const until = performance.now() + withinMs;
      let count = 0;
      const lane = async (browser: ScriptedBrowser) => {
        while (performance.now() < until) {
          // read when the company answers, one browser after the other; which of the people it is plays no part
          const n = count % PEOPLE;
          company.employee = { nameId: `person-${n}`, email: `person-${n}@bench.test`, groups: ['Engineering'] };
          await signIn(place, browser, redirectUri, secrets.keycloakProvider);
          count += 1;
        }
      };
      await Promise.all(browsers.map(lane));
      return count;
    };
    await during(WARM_UP_MS);
    const [web, pg] = [[place.pid], [postgres.pid]];
    const before = [cpuOf(web), cpuOf(pg)];
    const began = performance.now();
    const signIns = await during(WITHIN_MS);
    const seconds = (performance.now() - began) / 1000;
    const used = (now: number | undefined, then: number | undefined) =>
      now === undefined || then === undefined ? undefined : (now - then) / signIns;
    return {
      signIns,
      perSecond: signIns / seconds,
      webMs: used(cpuOf(web), before[0]),
      postgresMs: used(cpuOf(pg), before[1]),
    };
  } finally {
    await place.stop();
    await company.stop();
    keycloak.stop();
  }
}

/** Where Keycloak would be: the browser ends there with its code, and projections are told to come back later. */
async function startNobody(): Promise<{ readonly url: string; stop(): void }> {
  const server = createServer((request, response) => {
    response.statusCode = request.url?.startsWith(BROKER_PATH) ? 200 : 503;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop: () => server.close() };
}

async function pushPerson({ scim }: SignInPlace, n: number): Promise<void> {
  const answer = await fetch(`${scim.url}/Users`, {
    method: 'POST',
    headers: { authorization: `Bearer ${scim.token}`, 'content-type': 'application/scim+json' },
    body: JSON.stringify({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: `person-${n}@bench.test`,
      emails: [{ value: `person-${n}@bench.test`, primary: true }],
    }),
  });
  if (answer.status !== 201) throw new Error(`a person was not made: ${answer.status} ${await answer.text()}`);
}

/** What Keycloak asks of us and does with the answer. */
async function signIn(
  { baseUrl }: SignInPlace,
  browser: ScriptedBrowser,
  redirectUri: string,
  providerSecret: string,
): Promise<void> {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    client_id: 'keycloak-bench',
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid email profile',
    state: 'state',
    nonce: 'nonce',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const page = await browser.open(`${baseUrl}/oidc/auth?${query}`);
  const code = new URL(page.url).searchParams.get('code');
  if (code === null) throw new Error(`the sign-in ended at ${page.url}: ${page.html.slice(0, 500)}`);
  const answer = await fetch(`${baseUrl}/oidc/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      client_id: 'keycloak-bench',
      client_secret: idpClientSecret(providerSecret, 'keycloak-bench'),
      code_verifier: verifier,
    }),
  });
  const tokens = (await answer.json()) as { id_token?: string };
  if (tokens.id_token === undefined) throw new Error(`no ID token: ${answer.status} ${JSON.stringify(tokens)}`);
}
