// Connections as an administrator keeps them: drafts from metadata or by hand, secrets sealed, one active at a time.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DomainError } from '../../src/errors.ts';
import type { Endpoint } from '../../src/http/endpoint.ts';
import { claimDomain } from '../../src/orgs/claim-domain.ts';
import { OPERATOR_RIGHTS, type Rights } from '../../src/roles/rights.ts';
import { openBytes, sealBytes } from '../../src/seal.ts';
import type { SamlConnectionRecord } from '../../sso/connections/connection.ts';
import { getConnection } from '../../sso/connections/connection-queries.ts';
import { samlConnection, samlSignOn } from '../../sso/connections/protocol-view.ts';
import { readCertificate } from '../../sso/saml/certificate.ts';
import { type Bridge, startBridge } from './support/bridge.ts';
import { type SamlCompany, startSamlCompany } from './support/saml-company.ts';

let bridge: Bridge;
let company: SamlCompany;
let count = 0;

beforeAll(async () => {
  bridge = await startBridge();
  company = await startSamlCompany({ nameId: 'alice' });
});

afterAll(async () => {
  await company?.stop();
  await bridge?.[Symbol.asyncDispose]();
});

type Made = {
  id: string;
  status: string;
  settings: Record<string, unknown>;
  missing: string | null;
  hasSecret: boolean;
  ownCertificates: { fingerprint: string; signs: boolean }[];
};

/** Calls an endpoint as the HTTP layer does, once the body has been parsed by its schema. */
async function call(
  method: Endpoint['method'],
  path: string,
  orgId: string,
  sent: { id?: string; body?: unknown; rights?: Rights } = {},
) {
  const found = bridge
    .sso()
    .endpoints.find((one) => one.method === method && one.path === `/v1/organizations/{org}/connections${path}`)!;
  const answer = await found.handle({
    params: { connection: sent.id },
    query: undefined,
    body: found.body?.parse(sent.body),
    orgId,
    rights: sent.rights ?? OPERATOR_RIGHTS,
    principal: { kind: 'operator', id: 'test' },
    ctx: bridge.ctx,
  } as unknown as Parameters<Endpoint['handle']>[0]);
  return answer.body as Made & { items: Made[] };
}

async function organization() {
  count += 1;
  return bridge.make.organization(`c${count}`, `c${count}.test`);
}

const activate = (orgId: string, id: string, rights?: Rights) =>
  call('post', '/{connection}/activate', orgId, { id, body: { untested: true }, ...(rights && { rights }) });

const saml = { protocol: 'saml', displayName: 'Company' };
/** A provider given by hand, so that nothing is asked of it. */
const provider = (issuer: string) => ({
  issuer,
  discovery: {
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
  },
});
const oidc = { protocol: 'oidc', displayName: 'Company', clientId: 'x', ...provider('https://idp.test') };

const code = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'done',
    (error: unknown) => (error instanceof DomainError ? error.code : String(error)),
  );

describe('a connection', () => {
  test('starts as a draft without the company’s side, and is completed by metadata', async () => {
    const { id: orgId, domain } = await organization();
    const draft = await call('post', '', orgId, { body: saml });
    expect(draft).toMatchObject({ status: 'draft', settings: { domains: [domain] }, missing: expect.any(String) });
    expect(draft).toMatchObject({
      serviceProvider: { acsUrl: `${bridge.baseUrl}/sso/saml/${draft.id}/acs` },
    });
    expect(await code(activate(orgId, draft.id))).toBe('conflict');
    const body = { metadataXml: company.metadataXml() };
    expect(await call('patch', '/{connection}', orgId, { id: draft.id, body })).toMatchObject({
      missing: null,
      settings: { idp: { idpEntityId: company.entityId, ssoUrl: company.ssoUrl, ssoBinding: 'redirect' } },
    });
    expect(await activate(orgId, draft.id)).toMatchObject({ status: 'active' });
  });

  test('is activated after a test of its present settings, or untested by full control, which is recorded', async () => {
    const { id: orgId } = await organization();
    const rights: Rights = { permissions: new Set(['connection.manage']), fullControl: false, memberId: undefined };
    const { id } = await call('post', '', orgId, { body: { ...oidc, clientSecret: 's' } });
    expect(await code(call('post', '/{connection}/activate', orgId, { id, rights }))).toBe('conflict');
    expect(await code(activate(orgId, id, rights))).toBe('role_ceiling');
    await bridge.rows(`update connection set status = 'tested', tested_version = trust_version where id = $1`, [id]);
    await call('patch', '/{connection}', orgId, { id, body: provider('https://next.test'), rights });
    expect(await call('get', '/{connection}', orgId, { id })).toMatchObject({ status: 'draft', tested: false });
    expect(await activate(orgId, id)).toMatchObject({ status: 'active', tested: false });
    const events = await bridge.rows<{ data: object }>(
      `select data from audit_event where subject_id = $1 and action = 'connection.activated'`,
      [id],
    );
    expect(events).toEqual([{ data: { tested: false } }]);
  });

  test('stays active when its trust changes, and shows that no test has seen the change', async () => {
    const { id: orgId } = await organization();
    const { id } = await call('post', '', orgId, { body: { ...oidc, clientSecret: 's' } });
    await bridge.rows(`update connection set status = 'tested', tested_version = trust_version where id = $1`, [id]);
    const rights: Rights = { permissions: new Set(['connection.manage']), fullControl: false, memberId: undefined };
    const active = await call('post', '/{connection}/activate', orgId, { id, rights });
    expect(active).toMatchObject({ status: 'active', tested: true });
    const patch = (body: object) => call('patch', '/{connection}', orgId, { id, body });
    expect(await patch({ displayName: 'Other name' })).toMatchObject({ status: 'active', tested: true });
    expect(await patch(provider('https://next.test'))).toMatchObject({ status: 'active', tested: false });
  });

  test('switched on or off makes Keycloak due, with an audit event, once', async () => {
    const org = await organization();
    const directory = await bridge.make.directory(org.id);
    const member = await bridge.make.directoryUser(org.id, directory, { address: `ada@${org.domain}` });
    const made = await call('post', '', org.id, { body: { ...saml, metadataXml: company.metadataXml() } });
    await bridge.rows('delete from projection_due');
    await activate(org.id, made.id);
    await activate(org.id, made.id);
    const due = await bridge.rows<{ subject_id: string }>('select subject_id from projection_due');
    expect(due.map((row) => row.subject_id).sort()).toEqual([org.id, (await bridge.personOf(member))!].sort());
    await call('post', '/{connection}/disable', org.id, { id: made.id });
    const events = await bridge.rows<{ action: string }>(
      'select action from audit_event where subject_id = $1 order by id',
      [made.id],
    );
    expect(events.map((event) => event.action)).toEqual([
      'connection.created',
      'connection.activated',
      'connection.disabled',
    ]);
  });

  test('switched off logs out whom it has signed in, and nobody else', async () => {
    const org = await organization();
    const { id } = await call('post', '', org.id, { body: { ...oidc, clientSecret: 's' } });
    await activate(org.id, id);
    const members = [
      await bridge.make.member(org.id, `ada@${org.domain}`),
      await bridge.make.member(org.id, `bob@${org.domain}`),
    ];
    const persons = await Promise.all(members.map((member) => bridge.personOf(member)));
    await bridge.rows(
      `insert into identity (org_id, connection_id, issuer, subject, member_id, linked_by) values ($1, $2, 'i', 's', $3, 'test')`,
      [org.id, id, members[0]],
    );
    await bridge.rows(
      `insert into keycloak_projected (person_id, desired, certain) select unnest($1::uuid[]), '{}', true`,
      [persons],
    );
    await call('post', '/{connection}/disable', org.id, { id });
    const due = await bridge.rows<{ person_id: string }>(
      'select person_id from keycloak_projected where logout_due and person_id = any ($1)',
      [persons],
    );
    expect(due.map((row) => row.person_id)).toEqual([persons[0]]);
  });

  test('is changed though one of its domains was lost meanwhile', async () => {
    const org = await organization();
    const { id } = await call('post', '', org.id, { body: { ...oidc, clientSecret: 's' } });
    await activate(org.id, id);
    await bridge.rows(`update domain_claim set status = 'lost' where org_id = $1`, [org.id]);
    const patch = (body: object) => code(call('patch', '/{connection}', org.id, { id, body }));
    expect(await patch({ clientSecret: 'next' })).toBe('done');
    await call('post', '/{connection}/disable', org.id, { id });
    expect(await code(activate(org.id, id))).toBe('conflict');
  });

  test('never shows its secret, and stores it sealed', async () => {
    const { id: orgId } = await organization();
    const made = await call('post', '', orgId, { body: { ...oidc, clientSecret: 'very-secret-value' } });
    expect(made.hasSecret).toBe(true);
    expect(JSON.stringify(made)).not.toContain('very-secret-value');
    const [row] = await bridge.rows<{ all: string; sealed: Buffer }>(
      'select c::text as all, sealed_secret as sealed from connection c where id = $1',
      [made.id],
    );
    expect(row?.all).not.toContain('very-secret-value');
    expect(row?.sealed.includes(Buffer.from('very-secret-value'))).toBe(false);
    expect(await getConnection(bridge.deps, orgId, made.id)).toMatchObject({
      secret: { clientSecret: 'very-secret-value' },
    });
  });

  test('gets keys of its own where requests are signed or assertions encrypted, and publishes the certificate', async () => {
    const { id: orgId } = await organization();
    const body = { ...saml, metadataXml: company.metadataXml(), signRequests: true, encryption: 'accepted' };
    const made = await call('post', '', orgId, { body });
    const xml = await (await fetch(`${bridge.baseUrl}/sso/saml/${made.id}/metadata`)).text();
    expect(xml).toContain('use="signing"');
    expect(xml).toContain('use="encryption"');
    expect(xml).toContain('AuthnRequestsSigned="true"');
  });

  test('is downloaded as metadata, a file with its own type and name', async () => {
    const { id: orgId } = await organization();
    const made = await call('post', '', orgId, { body: saml });
    const answer = await fetch(`${bridge.baseUrl}/sso/saml/${made.id}/metadata`);
    expect(answer.headers.get('content-type')).toMatch(/^application\/samlmetadata\+xml/);
    const disposition = answer.headers.get('content-disposition')?.replaceAll('"', '');
    expect(disposition).toBe(`attachment; filename=drawbridge-${made.id}.xml`);
    expect(await answer.text()).toContain(`entityID="${bridge.baseUrl}/sso/saml/${made.id}/metadata"`);
  });

  test('replaces its key in two steps, both published in between, and opens with either', async () => {
    const { id: orgId } = await organization();
    const body = { ...saml, metadataXml: company.metadataXml(), signRequests: true, encryption: 'accepted' };
    const { id, ownCertificates: first } = await call('post', '', orgId, { body });
    const published = async () => {
      const xml = await (await fetch(`${bridge.baseUrl}/sso/saml/${id}/metadata`)).text();
      const uses = [...xml.matchAll(/use="(\w+)".*?<ds:X509Certificate>([^<]+)/g)];
      return uses.map(([, use, base64 = '']) => `${use} ${readCertificate(base64)?.fingerprint}`);
    };
    const [old] = first.map(({ fingerprint }) => fingerprint);
    const finish = () => call('post', '/{connection}/key-rotation/finish', orgId, { id });
    expect(await code(finish())).toBe('conflict');
    const during = await call('post', '/{connection}/key-rotation', orgId, { id });
    expect(during.ownCertificates).toMatchObject([{ fingerprint: old, signs: true }, { signs: false }]);
    const next = during.ownCertificates[1]!.fingerprint;
    expect(await published()).toEqual([`signing ${next}`, `signing ${old}`, `encryption ${next}`, `encryption ${old}`]);
    const between = (await getConnection(bridge.deps, orgId, id)) as SamlConnectionRecord;
    expect(samlConnection(bridge.baseUrl, between)?.decryptionKeys).toHaveLength(2);
    expect(samlSignOn(bridge.baseUrl, between)?.signing?.certificate).toBe(between.secret?.certificate);
    expect(await code(call('post', '/{connection}/key-rotation', orgId, { id }))).toBe('conflict');
    expect((await finish()).ownCertificates).toMatchObject([{ fingerprint: next, signs: true }]);
    expect(await published()).toEqual([`signing ${next}`, `encryption ${next}`]);
    const without = await call('post', '', orgId, { body: saml });
    expect(await code(call('post', '/{connection}/key-rotation', orgId, { id: without.id }))).toBe('conflict');
  });

  test('may be active beside others, as long as no domain is asserted by two of them', async () => {
    const { id: orgId, domain } = await organization();
    await claimDomain(bridge.deps, bridge.ctx, orgId, { domain: `second.${domain}`, decided: true });
    const body = { ...saml, metadataXml: company.metadataXml(), domains: [domain] };
    const [one, two] = [await call('post', '', orgId, { body }), await call('post', '', orgId, { body })];
    await activate(orgId, one.id);
    await expect(activate(orgId, two.id)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(`"Company" (${one.id}) asserts ${domain}`),
    });
    const patch = (id: string, domains: string[]) => call('patch', '/{connection}', orgId, { id, body: { domains } });
    await patch(two.id, [`second.${domain}`]);
    expect(await activate(orgId, two.id)).toMatchObject({ status: 'active' });
    expect(await code(patch(one.id, [domain, `second.${domain}`]))).toBe('conflict');
    await call('post', '/{connection}/disable', orgId, { id: two.id });
    expect(await patch(one.id, [domain, `second.${domain}`])).toMatchObject({ status: 'active' });
    expect(await code(activate(orgId, two.id))).toBe('conflict');
    expect((await call('get', '', orgId)).items.map((item) => item.status)).toEqual(['active', 'disabled']);
  });

  test('of one organization does not exist for another', async () => {
    const [mine, theirs] = [await organization(), await organization()];
    const made = await call('post', '', theirs.id, { body: oidc });
    for (const [method, path, body] of [
      ['get', '/{connection}', undefined],
      ['patch', '/{connection}', { displayName: 'Mine' }],
      ['post', '/{connection}/activate', undefined],
      ['post', '/{connection}/disable', undefined],
    ] as const) {
      expect(await code(call(method, path, mine.id, { id: made.id, body }))).toBe('not_found');
    }
    expect((await call('get', '', mine.id)).items).toEqual([]);
  });

  test.each([
    ['metadata that cannot be read', { ...saml, metadataXml: '<a/>' }, 'invalid_value'],
    ['a directory of nobody', { ...oidc, directoryId: '01a20000-0000-7000-8000-000000000000' }, 'invalid_value'],
  ])('is refused with %s', async (_what, body, expected) => {
    const { id: orgId } = await organization();
    expect(await code(call('post', '', orgId, { body }))).toBe(expected);
  });

  test('cannot be activated for a domain that is not proved, nor be left incomplete while active', async () => {
    const { id: orgId } = await organization();
    const body = { ...oidc, clientSecret: 's', domains: ['unproved.test'] };
    const made = await call('post', '', orgId, { body });
    expect(await code(activate(orgId, made.id))).toBe('conflict');
    const own = await call('post', '', orgId, { body: { ...oidc, clientSecret: 's' } });
    await activate(orgId, own.id);
    expect(await code(call('patch', '/{connection}', orgId, { id: own.id, body: { domains: [] } }))).toBe('conflict');
    expect(
      await code(call('patch', '/{connection}', orgId, { id: own.id, body: { domains: ['unproved.test'] } })),
    ).toBe('conflict');
  });

  test('to an issuer of every tenant is complete only when it says whose people are meant', async () => {
    const { id: orgId } = await organization();
    const shared = provider('https://login.microsoftonline.com/organizations/v2.0');
    const made = await call('post', '', orgId, { body: { ...oidc, ...shared, clientSecret: 's' } });
    expect(made.missing).toMatch(/tenantId/);
    const body = { tenantId: '8f3a1c5e-0f6b-4d1e-9a57-2f1f7a3f5b21' };
    expect(await call('patch', '/{connection}', orgId, { id: made.id, body })).toMatchObject({ missing: null });
  });

  test('that signs administrators in is re-pointed by full control only', async () => {
    const org = await organization();
    const made = await call('post', '', org.id, { body: { ...oidc, clientSecret: 's' } });
    const rights: Rights = { permissions: new Set(['connection.manage']), fullControl: false, memberId: undefined };
    const patch = (body: unknown, by: Rights) =>
      code(call('patch', '/{connection}', org.id, { id: made.id, body, rights: by }));
    expect(await patch(provider('https://other.test'), rights)).toBe('done');
    const owner = await bridge.make.member(org.id, `owner@${org.domain}`, 'owner');
    await bridge.rows(
      `insert into identity (org_id, connection_id, issuer, subject, member_id, linked_by) values ($1, $2, 'i', 's', $3, 'test')`,
      [org.id, made.id, owner],
    );
    expect(await patch(provider('https://evil.test'), rights)).toBe('role_ceiling');
    expect(await patch({ displayName: 'New name', jit: 'on' }, rights)).toBe('done');
    expect(await patch(provider('https://next.test'), OPERATOR_RIGHTS)).toBe('done');
  });

  test('is approved for an administrator by full control only', async () => {
    const org = await organization();
    const made = await call('post', '', org.id, { body: { ...oidc, clientSecret: 's' } });
    const memberId = await bridge.make.member(org.id, `owner@${org.domain}`, 'owner');
    const stranger = await bridge.make.member((await organization()).id, 'x@x.test');
    const rights: Rights = { permissions: new Set(['connection.manage']), fullControl: false, memberId: undefined };
    const approve = (body: unknown, by = OPERATOR_RIGHTS) =>
      code(call('post', '/{connection}/approvals', org.id, { id: made.id, body, rights: by }));
    expect(await approve({ memberId }, rights)).toBe('role_ceiling');
    expect(await approve({ memberId: stranger })).toBe('invalid_value');
    expect(await approve({ memberId })).toBe('done');
  });

  test('takes no field of the other protocol', async () => {
    const { id: orgId } = await organization();
    const made = await call('post', '', orgId, { body: oidc });
    const patch = (body: unknown) => code(call('patch', '/{connection}', orgId, { id: made.id, body }));
    expect(await patch({ allowSha1: true })).toBe('invalid_value');
    expect(await patch({ metadataXml: company.metadataXml() })).toBe('invalid_value');
    expect(await patch({ tenantId: 'tenant', groupsAttribute: 'roles' })).toBe('done');
    expect(await patch({ tenantId: null, groupsAttribute: null })).toBe('done');
    expect((await call('get', '/{connection}', orgId, { id: made.id })).settings).not.toHaveProperty('tenantId');
  });
});

describe('a sealed value', () => {
  const plain = Buffer.from('a secret');

  test('opens for its purpose and key only, and not when it was changed', () => {
    const sealed = sealBytes('key of sixteen chars', 'purpose', plain);
    expect(openBytes('key of sixteen chars', 'purpose', sealed)).toEqual(plain);
    expect(() => openBytes('key of sixteen chars', 'another purpose', sealed)).toThrow(/does not open/);
    expect(() => openBytes('another key of chars', 'purpose', sealed)).toThrow(/does not open/);
    for (const at of [0, 5, 20, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[at] = changed[at]! ^ 1;
      expect(() => openBytes('key of sixteen chars', 'purpose', changed)).toThrow();
    }
  });

  test('never looks the same twice', () => {
    const seal = () => sealBytes('key of sixteen chars', 'purpose', plain).toString('hex');
    expect(seal()).not.toBe(seal());
  });
});
