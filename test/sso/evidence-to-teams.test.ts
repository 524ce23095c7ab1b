// Evidence becomes teams by rules, and only a list (also an empty one) may take a team away (design, section 4).
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reconcileGrants, replaceManualTeams } from '../../src/grants/grants-store.ts';
import { getConnection } from '../../sso/connections/connection-queries.ts';
import type { GroupEvidence } from '../../sso/evidence.ts';
import { completeSignIn } from '../../sso/sign-in/complete-sign-in.ts';
import { beginTrace } from '../../sso/sign-in/sign-in-trace.ts';
import { type Bridge, startBridge } from './support/bridge.ts';
import { BROWSER, companySession } from './support/company-session.ts';

let bridge: Bridge;
let count = 0;

beforeAll(async () => {
  bridge = await startBridge();
});

afterAll(async () => {
  await bridge?.[Symbol.asyncDispose]();
});

/** A member who signs in with one evidence after another. */
async function setting(absentGroups: 'hold' | 'empty' = 'hold') {
  count += 1;
  const organization = await bridge.make.organization(`teams${count}`, `teams${count}.test`);
  const id = await bridge.make.connection(organization.id, {
    protocol: 'oidc',
    issuer: 'https://idp.test',
    clientId: 'x',
    clientSecret: 'y',
    jit: 'on',
    absentGroups,
  });
  await bridge.make.team(organization.id, 'engineering', 'Engineering');
  await bridge.make.team(organization.id, 'research', 'Research');
  const connection = await getConnection(bridge.deps, organization.id, id);
  let memberId = '';
  return {
    orgId: organization.id,
    connectionId: id,
    memberId: () => memberId,
    async teamsAfter(state: GroupEvidence['state'], ...values: string[]) {
      const signedIn = await completeSignIn(bridge.deps, bridge.ctx, {
        connection,
        loginHint: undefined,
        browserHash: BROWSER,
        trace: beginTrace(organization.id, id),
        person: {
          issuer: 'https://idp.test',
          subject: 'ada',
          attributes: new Map(),
          session: companySession('ada'),
          evidence: {
            groups: { state, values },
            address: `ada@${organization.domain}`,
            addressVerified: false,
            givenName: undefined,
            familyName: undefined,
            immutableId: undefined,
            userName: undefined,
            attributes: new Map(),
          },
        },
      });
      memberId = signedIn.memberId;
      return bridge.teamsOf(memberId);
    },
  };
}

test('a list gives the teams whose rules match, case aside, and takes the others away', async () => {
  const s = await setting();
  expect(await s.teamsAfter('list', 'ENGINEERING', 'unmapped')).toEqual(['engineering']);
  expect(await s.teamsAfter('list', 'Research')).toEqual(['research']);
  expect(await s.teamsAfter('list', 'Engineering', 'Research')).toEqual(['engineering', 'research']);
});

test('an empty list takes them away', async () => {
  const s = await setting();
  await s.teamsAfter('list', 'Engineering');
  expect(await s.teamsAfter('empty')).toEqual([]);
});

test.each(['absent', 'overage', 'invalid'] as const)('%s changes nothing, and is remembered', async (state) => {
  const s = await setting();
  await s.teamsAfter('list', 'Engineering');
  expect(await s.teamsAfter(state)).toEqual(['engineering']);
  const [evidence] = await bridge.rows(
    `select state, array(select value from claim_value v where v.id = any (e.value_ids)) as groups from sso_evidence e
      where member_id = $1`,
    [s.memberId()],
  );
  expect(evidence).toEqual({ state, groups: ['Engineering'] });
});

test('absent means none where the connection says so', async () => {
  const s = await setting('empty');
  await s.teamsAfter('list', 'Engineering');
  expect(await s.teamsAfter('absent')).toEqual([]);
});

test('a team given by hand stays whatever the company says', async () => {
  const s = await setting();
  await s.teamsAfter('list', 'Research');
  const [team] = await bridge.rows<{ id: string }>(`select id from team where org_id = $1 and key = 'engineering'`, [
    s.orgId,
  ]);
  await bridge.deps.db.inOrg(s.orgId, async (tx) => {
    await replaceManualTeams(tx, s.memberId(), [team?.id ?? ''], 'test');
    await reconcileGrants(tx, bridge.ctx, [s.memberId()]);
  });
  expect(await s.teamsAfter('empty')).toEqual(['engineering']);
});

test('the change, its audit event and its projection mark are committed together', async () => {
  const s = await setting();
  await s.teamsAfter('list', 'Engineering');
  const personId = await bridge.personOf(s.memberId());
  await bridge.rows('delete from projection_due where subject_id = $1', [personId]);
  await s.teamsAfter('empty');
  expect(await bridge.rows('select priority from projection_due where subject_id = $1', [personId])).toEqual([
    { priority: 0 },
  ]);
  const [event] = await bridge.rows<{ actor: { kind: string } }>(
    `select actor from audit_event where subject_id = $1 and action = 'member.teams_changed' order by id desc limit 1`,
    [s.memberId()],
  );
  expect(event?.actor).toMatchObject({ requestId: 'test' });
});
