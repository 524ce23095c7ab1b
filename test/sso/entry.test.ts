// Who may enter by a connection: access grants, just-in-time creation by them, the two gates, and the page that says why.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ScriptedBrowser, textOf } from '../../src/dev/scripted-browser.ts';
import { OPERATOR_RIGHTS, type Rights } from '../../src/roles/rights.ts';
import { type Bridge, startBridge } from './support/bridge.ts';
import { type SamlCompany, startSamlCompany } from './support/saml-company.ts';

let bridge: Bridge;
let company: SamlCompany;
let count = 0;

beforeAll(async () => {
  bridge = await startBridge();
  company = await startSamlCompany({ nameId: 'nobody' });
});

afterAll(async () => {
  await company?.stop();
  await bridge?.[Symbol.asyncDispose]();
});

beforeEach(() => {
  company.changes = () => ({});
});

const GRANTS = '/connections/{connection}/access-grants';

/** An organization whose people sign in by one SAML connection. */
async function setting(settings: Record<string, unknown>) {
  count += 1;
  const org = await bridge.make.organization(`entry${count}`, `entry${count}.test`);
  const directoryId = await bridge.make.directory(org.id);
  const connection = await bridge.make.connection(org.id, {
    protocol: 'saml',
    metadataXml: company.metadataXml(),
    ...settings,
  });
  return {
    ...org,
    directoryId,
    connection,
    grant: (body: object, rights?: Rights) =>
      bridge.call<{ id: string }>('post', GRANTS, org.id, {
        params: { connection },
        body,
        ...(rights ? { rights } : {}),
      }),
    revoke: (accessGrant: string) =>
      bridge.call('delete', `${GRANTS}/{accessGrant}`, org.id, { params: { connection, accessGrant } }),
    switchTo: (status: 'disable' | 'activate', body: object) =>
      bridge.call('post', `/connections/{connection}/${status}`, org.id, { params: { connection }, body }),
    roleOf: async (memberId: string) =>
      (await bridge.one<{ role_key: string }>('select role_key from member where id = $1', [memberId]))?.role_key,
    /** Signs somebody of the domain in; gives the member, or the refusal's page. */
    async signIn(name: string, groups: readonly string[] | undefined) {
      company.employee = { nameId: name, email: `${name}@${org.domain}`, ...(groups ? { groups } : {}) };
      const { answer, page } = await bridge.signIn(new ScriptedBrowser(), `sso-${org.key}`);
      const member = await bridge.one<{ id: string; role_key: string; status: string }>(
        'select id, role_key, status from member where org_id = $1 and address = $2',
        [org.id, `${name}@${org.domain}`],
      );
      return { isIn: answer !== undefined && !answer.error, page: textOf(page), member };
    },
  };
}

describe('just-in-time creation by access grants', () => {
  test('lets in whoever has a granted group, with the grant’s role, and nobody else', async () => {
    const s = await setting({ jit: 'granted' });
    await s.grant({ value: 'Engineering', role: 'admin' });
    await s.grant({ value: 'research' });
    expect(await s.signIn('ada', ['ENGINEERING', 'other'])).toMatchObject({
      isIn: true,
      member: { role_key: 'admin', status: 'active' },
    });
    expect(await s.signIn('bob', ['Research'])).toMatchObject({ isIn: true, member: { role_key: 'member' } });
    const refused = await s.signIn('eve', ['Sales']);
    expect(refused.isIn).toBe(false);
    expect(refused.page).toContain('You are not a member here yet');
    expect(refused.member).toBeUndefined();
    expect((await s.signIn('mallory', undefined)).isIn).toBe(false);
  });

  test('looks at a named attribute too', async () => {
    const s = await setting({ jit: 'granted' });
    await s.grant({ attribute: 'email', value: `VIP@${s.domain}` });
    expect((await s.signIn('vip', [])).isIn).toBe(true);
    expect((await s.signIn('other', [])).isIn).toBe(false);
  });

  test('takes the role back with the group, and keeps it while no list comes', async () => {
    const s = await setting({ jit: 'granted' });
    await s.grant({ value: 'Admins', role: 'admin' });
    await s.grant({ value: 'Everybody' });
    expect((await s.signIn('ada', ['Admins'])).member?.role_key).toBe('admin');
    expect((await s.signIn('ada', undefined)).member?.role_key).toBe('admin');
    expect((await s.signIn('ada', ['Everybody'])).member?.role_key).toBe('member');
  });

  test('takes the role of a deleted grant back at once', async () => {
    const s = await setting({ jit: 'granted' });
    const { id } = await s.grant({ value: 'Admins', role: 'admin' });
    await s.grant({ value: 'Everybody' });
    const { member } = await s.signIn('ada', ['Admins', 'Everybody']);
    expect(member?.role_key).toBe('admin');
    await s.revoke(id);
    expect(await s.roleOf(member!.id)).toBe('member');
    expect((await s.signIn('ada', ['Admins', 'Everybody'])).member?.role_key).toBe('member');
  });

  test.each([
    ['release', 'member'],
    ['keep', 'admin'],
  ])('with its connection switched off to %s what it gave, leaves the role of %s', async (grants, role) => {
    const s = await setting({ jit: 'granted' });
    await s.grant({ value: 'Admins', role: 'admin' });
    const { member } = await s.signIn('ada', ['Admins']);
    await s.switchTo('disable', { grants });
    expect(await s.roleOf(member!.id)).toBe(role);
    await s.switchTo('activate', { untested: true });
    expect((await s.signIn('ada', ['Admins'])).member?.role_key).toBe('admin');
  });

  test('brings somebody in who is invited, if a grant matches', async () => {
    const s = await setting({ jit: 'granted' });
    await s.grant({ value: 'Engineering' });
    const invite = (name: string) =>
      bridge.rows(
        `insert into member (org_id, status, role_key, address, address_key)
          values ($1, 'invited', 'member', $2, fold_key($2))`,
        [s.id, `${name}@${s.domain}`],
      );
    await Promise.all([invite('ada'), invite('eve')]);
    expect(await s.signIn('ada', ['Engineering'])).toMatchObject({ isIn: true, member: { status: 'active' } });
    const refused = await s.signIn('eve', ['Sales']);
    expect(refused).toMatchObject({ isIn: false, member: { status: 'invited' } });
    expect(refused.page).toContain('You have an open invitation');
  });

  test('does not revive somebody whom a directory has deactivated', async () => {
    const s = await setting({ jit: 'granted' });
    await s.grant({ value: 'Engineering' });
    await bridge.make.directoryUser(s.id, s.directoryId, { address: `gone@${s.domain}`, active: false });
    const refused = await s.signIn('gone', ['Engineering']);
    expect(refused.isIn).toBe(false);
    expect(refused.member?.status).not.toBe('active');
  });
});

describe('an access grant', () => {
  test('is not given beyond its author’s rights', async () => {
    const s = await setting({});
    const author: Rights = { permissions: new Set(['connection.manage']), fullControl: false, memberId: undefined };
    await expect(s.grant({ value: 'x', role: 'owner' }, author)).rejects.toMatchObject({ code: 'role_ceiling' });
    await expect(s.grant({ value: 'x', role: 'admin' }, author)).rejects.toMatchObject({ code: 'role_ceiling' });
  });

  test('is refused twice, case aside', async () => {
    const s = await setting({});
    await s.grant({ value: 'Engineering' });
    await expect(s.grant({ value: 'ENGINEERING' })).rejects.toMatchObject({ code: 'uniqueness' });
  });
});

describe('the gate', () => {
  test('of access grants stops known members too, on a page that says why and whom to ask', async () => {
    const s = await setting({ gate: 'granted', contact: 'IT desk, it@entry.test' });
    await s.grant({ value: 'Engineering' });
    await bridge.make.directoryUser(s.id, s.directoryId, { address: `ada@${s.domain}` });
    expect((await s.signIn('ada', ['Engineering'])).isIn).toBe(true);
    const refused = await s.signIn('ada', ['Sales']);
    expect(refused.isIn).toBe(false);
    expect(refused.page).toContain('none of your groups may use this application');
    expect(refused.page).toContain('Whom to ask: IT desk, it@entry.test');
    expect(refused.page).toContain('Reference: entry_refused');
    expect((await bridge.lastTrace(s.id))?.refusal).toBe('entry_refused');
  });

  test('of mapping rules refuses whom no rule matches, and what they have lost is lost', async () => {
    const s = await setting({ gate: 'mapped', jit: 'on' });
    await bridge.make.team(s.id, 'engineering', 'Engineering');
    const first = await s.signIn('ada', ['Engineering']);
    expect(first.isIn).toBe(true);
    expect(await bridge.teamsOf(first.member!.id)).toEqual(['engineering']);
    expect((await s.signIn('ada', ['Sales'])).isIn).toBe(false);
    expect(await bridge.teamsOf(first.member!.id)).toEqual([]);
    const stranger = await s.signIn('eve', ['Sales']);
    expect(stranger.isIn).toBe(false);
    expect(stranger.member).toBeUndefined();
  });

  test('takes the directory’s groups where the provider had too many to send', async () => {
    const s = await setting({ gate: 'granted', preset: 'entra' });
    await bridge.rows('update connection set directory_id = $2 where id = $1', [s.connection, s.directoryId]);
    await s.grant({ value: 'group-object-id' });
    const member = await bridge.make.directoryUser(s.id, s.directoryId, { address: `ada@${s.domain}` });
    await bridge.rows(
      `with made as (insert into directory_group (org_id, directory_id, display_name, display_name_key, external_id, resource)
          values ($1, $2, 'Engineering', 'engineering', 'group-object-id', '{}') returning id)
        insert into group_member (org_id, group_id, member_id) select $1, id, $3 from made`,
      [s.id, s.directoryId, member],
    );
    const overage =
      '<saml:Attribute Name="http://schemas.microsoft.com/claims/groups.link"><saml:AttributeValue>x</saml:AttributeValue></saml:Attribute>';
    const address = `<saml:Attribute Name="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"><saml:AttributeValue>ada@${s.domain}</saml:AttributeValue></saml:Attribute>`;
    company.changes = () => ({ attributes: overage + address });
    expect((await s.signIn('ada', undefined)).isIn).toBe(true);
    expect((await bridge.lastTrace(s.id))?.detail.evidence).toBe('overage');
  });
});

describe('the trace of a sign-in', () => {
  test('says what it changed, by which rules, and how long it took', async () => {
    const s = await setting({ jit: 'on' });
    await bridge.make.team(s.id, 'engineering', 'Engineering');
    const [rule] = await bridge.rows<{ id: string }>('select id from mapping_rule where org_id = $1', [s.id]);
    await s.signIn('ada', ['Engineering']);
    expect((await bridge.lastTrace(s.id))?.detail).toMatchObject({
      rules: [rule!.id],
      difference: {
        made: true,
        status: [null, 'active'],
        role: [null, 'member'],
        teamsAdded: ['engineering'],
      },
      groups: ['Engineering'],
      values: { email: [`a…@${s.domain}`] },
      certificate: expect.stringMatching(/^[0-9a-f:]{64,95}$/i),
      timings: { verify: expect.any(Number) },
    });
    await s.signIn('ada', []);
    expect((await bridge.lastTrace(s.id))?.detail.difference).toEqual({ teamsRemoved: ['engineering'] });
  });

  test('keeps names alone where the connection wants no values', async () => {
    const s = await setting({ jit: 'on', traceValues: 'names' });
    await s.signIn('ada', []);
    const trace = await bridge.lastTrace(s.id);
    expect(trace?.detail.values).toBeUndefined();
    expect(trace?.detail.received).toContain('email');
    expect(JSON.stringify(trace?.detail.received)).not.toContain('ada');
  });

  test('keeps the document only where the connection says so, sealed, for full control, for 72 hours', async () => {
    const s = await setting({ jit: 'on' });
    await s.signIn('ada', []);
    expect(await bridge.rows('select 1 from sign_in_document where org_id = $1', [s.id])).toEqual([]);
    await bridge.rows(`update connection set settings = settings || '{"keepDocuments": true}' where id = $1`, [
      s.connection,
    ]);
    await s.signIn('ada', []);
    const [kept] = await bridge.rows<{ trace_id: string; sealed: Buffer }>(
      'select trace_id, sealed from sign_in_document where org_id = $1',
      [s.id],
    );
    expect(kept!.sealed.includes('Assertion')).toBe(false);
    const open = (rights: Rights) =>
      bridge.call('get', '/sign-ins/{signIn}/document', s.id, { params: { signIn: kept!.trace_id }, rights });
    const some: Rights = { permissions: new Set(['connection.manage']), fullControl: false, memberId: undefined };
    await expect(open(some)).rejects.toMatchObject({ code: 'role_ceiling' });
    expect(JSON.stringify(await open(OPERATOR_RIGHTS))).toContain(`ada@${s.domain}`);
    expect(
      await bridge.rows(`select 1 from audit_event where org_id = $1 and action = 'sign_in.document_read'`, [s.id]),
    ).toHaveLength(1);
    bridge.later.ms = 73 * 3_600_000;
    await expect(open(OPERATOR_RIGHTS)).rejects.toMatchObject({ code: 'not_found' });
    await bridge.rows('select sweep_sign_in_traces($1)', [bridge.deps.clock.now()]);
    expect(await bridge.rows('select 1 from sign_in_document where org_id = $1', [s.id])).toEqual([]);
    expect(await bridge.rows('select 1 from sign_in_trace where org_id = $1', [s.id])).toHaveLength(2);
    bridge.later.ms = 31 * 24 * 3_600_000;
    await bridge.rows('select sweep_sign_in_traces($1)', [bridge.deps.clock.now()]);
    expect(await bridge.rows('select 1 from sign_in_trace where org_id = $1', [s.id])).toEqual([]);
    bridge.later.ms = 0;
  });
});
