// Which of Keycloak's sessions a sign-in by a company was, as Keycloak's events tell it, and how often the public logout
// addresses answer. A real Keycloak plays in test/e2e.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ScriptedBrowser } from '../../../src/dev/scripted-browser.ts';
import { type OidcCompany, startOidcCompany } from './oidc-company.ts';

let company: OidcCompany;
beforeAll(async () => {
  company = await startOidcCompany();
});
afterAll(() => company?.stop());
beforeEach(() => company.settle());

describe('a session whose own id Keycloak has told', () => {
  const told = async (session: string, alias = 'sso-globex', at = new Date()) =>
    company.bridge.rows('select note_company_sign_in($1, $2, $3, $4)', [
      await company.bridge.personOf(company.memberId),
      alias,
      session,
      at,
    ]);
  const companyEnds = async (sid: string) => {
    await company.tell(
      await company.upstream.sign(company.logoutClaims({ sid: (await company.sessionOf(sid))!.session_index })),
    );
    await company.bridge.runJobs();
  };

  test('ends by that id, too: Keycloak does not find by ours what a password had opened before', async () => {
    const browser = new ScriptedBrowser();
    await company.bridge.rows('delete from upstream_session');
    const { sid } = await company.signIn(browser);
    await told('of-this-browser');
    const other = await company.signIn();
    await told('of-the-other');
    await companyEnds(sid);
    expect(company.bridge.ports.endedSessions).toEqual(['of-this-browser']);
    await companyEnds(other.sid);
    expect(company.bridge.ports.endedSessions).toEqual(['of-this-browser', 'of-the-other']);
  });

  test('ends also where the company was faster than the event', async () => {
    await company.bridge.rows('delete from upstream_session');
    const { sid } = await company.signIn();
    await companyEnds(sid);
    expect(company.bridge.ports.endedSessions).toEqual([]);
    await told('late');
    await company.bridge.runJobs();
    expect(company.bridge.ports.endedSessions).toEqual(['late']);
  });

  test('is that of the newest sign-in: one that Keycloak has not finished does not hinder it, nor a page that took long', async () => {
    await company.bridge.rows('delete from upstream_session');
    const { sid: unfinished } = await company.signIn();
    await company.bridge.rows(`update upstream_session set started_at = now() - interval '10 minutes'`);
    const { sid } = await company.signIn();
    await told('new');
    await told('old');
    const found = await company.bridge.rows('select id, keycloak_session from upstream_session order by started_at');
    expect(found).toEqual([
      { id: unfinished, keycloak_session: 'old' },
      { id: sid, keycloak_session: 'new' },
    ]);
  });

  test('is told of each of two sign-ins that came one after the other, also where their events are read together', async () => {
    await company.bridge.rows('delete from upstream_session');
    const began = Date.now();
    const sids = [(await company.signIn()).sid, (await company.signIn()).sid];
    for (const [n, sid] of sids.entries()) {
      await company.bridge.rows('update upstream_session set started_at = $2 where id = $1', [
        sid,
        new Date(began - 9000 + n * 4000),
      ]);
    }
    await told('first', 'sso-globex', new Date(began - 8700));
    await told('second', 'sso-globex', new Date(began - 4700));
    const found = await company.bridge.rows('select id, keycloak_session from upstream_session order by started_at');
    expect(found).toEqual([
      { id: sids[0], keycloak_session: 'first' },
      { id: sids[1], keycloak_session: 'second' },
    ]);
  });

  test('is told where Keycloak’s clock is some seconds behind', async () => {
    await company.bridge.rows('delete from upstream_session');
    const { sid } = await company.signIn();
    await told('behind', 'sso-globex', new Date(Date.now() - 6000));
    expect(await company.bridge.rows('select id from upstream_session where keycloak_session is not null')).toEqual([
      { id: sid },
    ]);
  });

  test('is not guessed: of two sign-ins at once neither is told, nor one of another company or time', async () => {
    await company.bridge.rows('delete from upstream_session');
    await company.signIn();
    await told('of-another-company', 'sso-initech');
    await told('much-later', 'sso-globex', new Date(Date.now() + 3600 * 1000));
    await company.signIn();
    await told('of-either');
    expect(await company.bridge.rows('select 1 from upstream_session where keycloak_session is not null')).toEqual([]);
  });
});

test('one address that asks more than 200 times in a second is told to wait, whatever it asks for', async () => {
  company.bridge.later.stands = new Date();
  const addresses = [
    `${company.bridge.baseUrl}/sso/saml/${company.connectionId}/slo`,
    `${company.bridge.baseUrl}/sso/oidc/${company.connectionId}/signed-out`,
    `${company.bridge.baseUrl}/oidc/session/end`,
  ];
  const ask = (_none: unknown, n: number) => fetch(addresses[n % addresses.length]!, { redirect: 'manual' });
  const answers = await Promise.all(Array.from({ length: 203 }, ask));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(3);
  expect(refused[0]!.headers.get('retry-after')).toBe('1');
  expect(await refused[0]!.text()).toContain('Too many requests');
  expect((await company.tell('nonsense')).status).toBe(429);
  company.bridge.later.stands = new Date(company.bridge.later.stands.getTime() + 1000);
  expect((await ask(undefined, 0)).status).not.toBe(429);
  company.bridge.later.stands = undefined;
});
