// Law 1 at sign-in: commit first, then Keycloak within a time limit; what fails there leaves its mark and stops nobody.
// And the port to the invitations, whose answers go out the same way.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ScriptedBrowser, textOf } from '../../src/dev/scripted-browser.ts';
import { type Bridge, startBridge } from './support/bridge.ts';
import { type SamlCompany, startSamlCompany } from './support/saml-company.ts';

let bridge: Bridge;
let company: SamlCompany;
let alice: string;

beforeAll(async () => {
  bridge = await startBridge();
  company = await startSamlCompany({ nameId: 'alice', email: 'alice@acme.test', groups: ['Engineering'] });
  const acme = await bridge.make.organization('acme', 'acme.test');
  const directoryId = await bridge.make.directory(acme.id);
  alice = await bridge.make.directoryUser(acme.id, directoryId, { address: 'alice@acme.test' });
  await bridge.make.team(acme.id, 'engineering', 'Engineering');
  await bridge.make.connection(acme.id, { protocol: 'saml', directoryId, metadataXml: company.metadataXml() });
});

afterAll(async () => {
  await company?.stop();
  await bridge?.[Symbol.asyncDispose]();
});

afterEach(() => {
  bridge.ports.project = async () => {};
  bridge.ports.projected.length = 0;
});

const marks = async () =>
  bridge.rows('select 1 from projection_due where subject_id = $1', [await bridge.personOf(alice)]);

describe('the projection of a sign-in', () => {
  test('comes after the commit and before Keycloak is answered', async () => {
    let seen: string[] = [];
    bridge.ports.project = async () => {
      seen = await bridge.teamsOf(alice);
    };
    const { answer } = await bridge.signIn(new ScriptedBrowser(), 'sso-acme');
    expect(answer).toHaveProperty('claims');
    expect(seen).toEqual(['engineering']);
    expect(bridge.ports.projected).toEqual([await bridge.personOf(alice)]);
  });

  test('that fails stops nobody, and its mark stays', async () => {
    bridge.ports.project = async () => {
      throw new Error('Keycloak is down');
    };
    const { answer } = await bridge.signIn(new ScriptedBrowser(), 'sso-acme');
    expect(answer).toHaveProperty('claims.sub', await bridge.personOf(alice));
    expect(await marks()).toHaveLength(1);
  });

  test('that hangs is waited for no longer than the limit, and its mark stays', async () => {
    let release = () => {};
    bridge.ports.project = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const { answer } = await bridge.signIn(new ScriptedBrowser(), 'sso-acme');
    release();
    expect(answer).toHaveProperty('claims.sub', await bridge.personOf(alice));
    expect(await marks()).toHaveLength(1);
  });

  test('is not tried for a refused sign-in', async () => {
    await bridge.rows(
      `insert into block (org_id, member_id, source, ref, reason)
      select org_id, id, 'admin', id, 'test' from member where id = $1`,
      [alice],
    );
    const { page } = await bridge.signIn(new ScriptedBrowser(), 'sso-acme');
    await bridge.rows('delete from block where member_id = $1', [alice]);
    expect(textOf(page)).toContain('Reference: member_suspended');
    expect(bridge.ports.projected).toEqual([]);
  });
});

describe('a request of the invitation client', () => {
  test('is answered with the person whom the invitations name', async () => {
    const personId = (await bridge.personOf(alice))!;
    const asked: string[] = [];
    bridge.ports.invitationEntry = async ({ uid, req }) => {
      asked.push(uid, req.path);
      return { personId };
    };
    const { answer } = await bridge.signIn(new ScriptedBrowser(), 'invitation');
    expect(answer).toMatchObject({ claims: { sub: personId, email: 'alice@acme.test' } });
    expect(answer).toMatchObject({ claims: { db_connection: 'invitation' } });
    expect(asked).toEqual([expect.any(String), `/sso/interaction/${asked[0]}`]);
  });

  test('is refused in the invitations’ own words, with a way back', async () => {
    bridge.ports.invitationEntry = async () => ({
      refusal: { code: 'invitation_expired', detail: 'The <invitation> has expired.' },
    });
    const browser = new ScriptedBrowser();
    const { asked, page } = await bridge.signIn(browser, 'invitation');
    expect(page.status).toBe(403);
    expect(page.html).toContain('The &lt;invitation&gt; has expired.');
    expect(textOf(page)).toContain('invitation_expired');
    const back = await browser.submit(page, {}, '/back');
    expect(await bridge.keycloakGets(asked, back)).toEqual({ error: 'interaction_required' });
  });

  test('after a company sign-in of another person in the same browser stays the invited one', async () => {
    const acme = await bridge.one<{ id: string }>(`select org_id as id from organization where key = 'acme'`);
    const invited = await bridge.make.member(acme!.id, 'guest@elsewhere.test');
    const personId = (await bridge.personOf(invited))!;
    bridge.ports.invitationEntry = async () => ({ personId });
    const browser = new ScriptedBrowser();
    const subjects = [];
    for (const alias of ['sso-acme', 'invitation', 'sso-acme']) {
      const { answer } = await bridge.signIn(browser, alias);
      subjects.push(answer && 'claims' in answer ? answer.claims.sub : answer);
    }
    const own = await bridge.personOf(alice);
    expect(subjects).toEqual([own, personId, own]);
  });
});

test('an address of ours that nobody serves is a page that leads back to the application', async () => {
  for (const path of ['nowhere', `saml/${crypto.randomUUID()}/acs`]) {
    const page = await new ScriptedBrowser().open(`${bridge.baseUrl}/sso/${path}`);
    expect([page.status, textOf(page)]).toEqual([400, expect.stringContaining('Back to the application')]);
  }
});

describe('"sign in with your company"', () => {
  const start = (query: string) => fetch(`${bridge.baseUrl}/sso/start${query}`, { redirect: 'manual' });

  test('asks for the address', async () => {
    const answer = await start('');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-security-policy')).toContain(`default-src 'none'`);
    expect(await answer.text()).toContain('name="email"');
  });

  test('starts the application’s own sign-in with the hints of the address’s organization', async () => {
    const answer = await start('?email=Alice%40ACME.test');
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(
      'http://127.0.0.1:9/app/login?kc_idp_hint=sso-acme&login_hint=Alice%40ACME.test',
    );
  });

  test.each(['nobody@elsewhere.test', 'no address', '"><script>@x'])('says so for %s', async (address) => {
    const answer = await start(`?email=${encodeURIComponent(address)}`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toContain('"><script>');
  });
});
