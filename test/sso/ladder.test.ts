// The ladder and the use case behind every sign-in, on a real database: who is found, who is refused, who is made.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimDomain } from '../../src/orgs/claim-domain.ts';
import { releaseDomain } from '../../src/orgs/release-domain.ts';
import { OPERATOR_RIGHTS } from '../../src/roles/rights.ts';
import { approveLink } from '../../sso/connections/approve-link.ts';
import type { Connection } from '../../sso/connections/connection.ts';
import { getConnection } from '../../sso/connections/connection-queries.ts';
import { disableConnection } from '../../sso/connections/update-connection.ts';
import { completeSignIn } from '../../sso/sign-in/complete-sign-in.ts';
import { SignInRefused } from '../../sso/sign-in/refusals.ts';
import { beginTrace } from '../../sso/sign-in/sign-in-trace.ts';
import type { UpstreamPerson } from '../../sso/sign-in/upstream-person.ts';
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

type Said = { subject?: string; immutableId?: string; userName?: string; address?: string };

/** What a company said, verified. */
function says(said: Said): UpstreamPerson {
  return {
    issuer: 'https://idp.test',
    subject: said.subject ?? `subject of ${JSON.stringify(said)}`,
    evidence: {
      groups: { state: 'absent', values: [] },
      address: said.address,
      addressVerified: false,
      givenName: 'Given',
      familyName: 'Family',
      immutableId: said.immutableId,
      userName: said.userName,
      attributes: new Map(),
    },
    attributes: new Map(),
    session: companySession('somebody'),
  };
}

/** An organization of its own with a directory and an active connection. */
async function setting(options: { jit?: 'on' | 'off'; paired?: boolean } = {}) {
  count += 1;
  const organization = await bridge.make.organization(`org${count}`, `org${count}.test`);
  const directoryId = await bridge.make.directory(organization.id);
  const id = await bridge.make.connection(organization.id, {
    protocol: 'oidc',
    issuer: 'https://idp.test',
    clientId: 'x',
    clientSecret: 'y',
    jit: options.jit ?? 'off',
    directoryId: options.paired === false ? null : directoryId,
  });
  const connection = await getConnection(bridge.deps, organization.id, id);
  const address = (name: string) => `${name}@${organization.domain}`;
  return {
    orgId: organization.id,
    directoryId,
    connection,
    address,
    push: (name: string, user: Partial<Parameters<Bridge['make']['directoryUser']>[2]> = {}) =>
      bridge.make.directoryUser(organization.id, directoryId, {
        address: address(name),
        externalId: `x-${name}`,
        ...user,
      }),
    signIn: (person: UpstreamPerson) => signIn(connection, person),
    refusal: (person: UpstreamPerson) => refusalOf(signIn(connection, person)),
  };
}

function signIn(connection: Connection, person: UpstreamPerson) {
  const trace = beginTrace(connection.orgId, connection.id);
  return completeSignIn(bridge.deps, bridge.ctx, {
    connection,
    person,
    loginHint: undefined,
    browserHash: BROWSER,
    trace,
  });
}

async function refusalOf(attempt: Promise<unknown>): Promise<string> {
  const result = await attempt.catch((error: unknown) => error);
  if (result instanceof SignInRefused) return result.code;
  if (result instanceof Error) throw result;
  return 'signed in';
}

const linkedBy = async (memberId: string) =>
  (await bridge.one<{ linked_by: string }>('select linked_by from identity where member_id = $1', [memberId]))
    ?.linked_by;

describe('a member is found', () => {
  test.each([
    ['immutable_id', { immutableId: 'x-ada' }],
    ['user_name', { userName: 'ADA.L' }],
    ['address', { address: 'Ada@' }],
  ] as const)('by %s, and from then on by the link', async (step, said) => {
    const s = await setting();
    const ada = await s.push('ada', { userName: 'ada.l' });
    const person: Said = { ...said };
    if (person.address) person.address += s.address('').slice(1);
    expect(await s.signIn(says({ subject: 'ada', ...person }))).toMatchObject({ memberId: ada });
    expect(await linkedBy(ada)).toBe(step);
    expect(await s.signIn(says({ subject: 'ada', immutableId: 'x-renamed' }))).toMatchObject({ memberId: ada });
  });

  test('when all steps agree', async () => {
    const s = await setting();
    const ada = await s.push('ada');
    const person = says({ immutableId: 'x-ada', userName: s.address('ada'), address: s.address('ada') });
    expect(await s.signIn(person)).toMatchObject({ memberId: ada });
    expect(await linkedBy(ada)).toBe('immutable_id');
  });

  test('though made by hand, where no directory is paired', async () => {
    const s = await setting({ paired: false });
    const member = await bridge.make.member(s.orgId, s.address('hand'), 'member', false);
    expect(await s.signIn(says({ address: s.address('hand') }))).toMatchObject({ memberId: member });
  });

  test('once, though the same person signs in twice at the same moment', async () => {
    const s = await setting({ jit: 'on', paired: false });
    const twice = [1, 2].map(() => s.signIn(says({ subject: 'new', address: s.address('new') })));
    const [one, two] = await Promise.all(twice);
    expect(one).toMatchObject({ memberId: two?.memberId, personId: two?.personId });
    expect(await bridge.rows('select 1 from member where org_id = $1', [s.orgId])).toHaveLength(1);
    // whoever came second tried again: the trace tells of the try that counts
    const traces = await bridge.rows<{ names: string[] }>(
      `select array(select c ->> 'name' from jsonb_array_elements(detail -> 'checks') c) as names from sign_in_trace where org_id = $1`,
      [s.orgId],
    );
    expect(traces).toHaveLength(2);
    for (const { names } of traces) expect(names).toEqual([...new Set(names)]);
  });
});

describe('a first link is refused', () => {
  test('when two members fit', async () => {
    const s = await setting();
    await s.push('ada');
    await s.push('bob');
    expect(await s.refusal(says({ immutableId: 'x-ada', address: s.address('bob') }))).toBe('person_ambiguous');
  });

  test('outside the connection’s domains', async () => {
    const s = await setting();
    await bridge.make.organization(`foreign${count}`, `foreign${count}.test`);
    await s.push('guest', { address: `guest@foreign${count}.test` });
    expect(await s.refusal(says({ immutableId: 'x-guest' }))).toBe('address_outside_domains');
  });

  test('outside the paired directory', async () => {
    const s = await setting();
    await bridge.make.member(s.orgId, s.address('hand'));
    expect(await s.refusal(says({ address: s.address('hand') }))).toBe('not_in_directory');
  });

  test('when another identity of the connection is linked already', async () => {
    const s = await setting();
    await s.push('ada');
    await s.signIn(says({ subject: 'first', immutableId: 'x-ada' }));
    expect(await s.refusal(says({ subject: 'second', address: s.address('ada') }))).toBe('linked_elsewhere');
  });

  test.each(['owner', 'admin'])('onto somebody whose role is %s', async (role) => {
    const s = await setting({ paired: false });
    await bridge.make.member(s.orgId, s.address('boss'), role);
    expect(await s.refusal(says({ address: s.address('boss') }))).toBe('approval_needed');
  });

  test('onto somebody with a password, where only the address speaks for it', async () => {
    const s = await setting({ paired: false });
    await bridge.make.member(s.orgId, s.address('hand'));
    expect(await s.refusal(says({ address: s.address('hand') }))).toBe('proof_needed');
  });

  test('onto a member of another organization too, where only the address speaks for it', async () => {
    const s = await setting({ paired: false });
    const other = await setting();
    const member = await bridge.make.member(s.orgId, s.address('both'), 'member', false);
    await bridge.rows(
      `insert into member (org_id, person_id, status, role_key, address, address_key)
        select $1, person_id, 'active', role_key, address, address_key from member where id = $2`,
      [other.orgId, member],
    );
    expect(await s.refusal(says({ address: s.address('both') }))).toBe('proof_needed');
  });

  test('by a second connection of the organization that asserts the owner’s address', async () => {
    const s = await setting({ paired: false });
    await bridge.make.member(s.orgId, s.address('owner'), 'owner');
    await disableConnection(bridge.deps, bridge.ctx, s.orgId, s.connection.id);
    const second = await bridge.make.connection(s.orgId, {
      protocol: 'oidc',
      issuer: 'https://second.test',
      clientId: 'x',
      clientSecret: 'y',
      jit: 'on',
    });
    const connection = await getConnection(bridge.deps, s.orgId, second);
    expect(await refusalOf(signIn(connection, says({ address: s.address('owner') })))).toBe('approval_needed');
  });

  test('by another organization’s connection that asserts the owner’s address', async () => {
    const s = await setting();
    await bridge.make.member(s.orgId, s.address('owner'), 'owner');
    const attacker = await setting({ jit: 'on', paired: false });
    expect(await attacker.refusal(says({ address: s.address('owner') }))).toBe('address_outside_domains');
    expect(await bridge.rows('select 1 from identity where org_id = $1', [attacker.orgId])).toEqual([]);
  });

  test('when the domain was lost meanwhile, though not for those who are linked', async () => {
    const s = await setting();
    const ada = await s.push('ada');
    await s.push('bob');
    await s.signIn(says({ subject: 'ada', immutableId: 'x-ada' }));
    await bridge.rows(`update domain_claim set status = 'lost' where org_id = $1`, [s.orgId]);
    expect(await s.refusal(says({ subject: 'bob', immutableId: 'x-bob' }))).toBe('address_outside_domains');
    expect(await s.signIn(says({ subject: 'ada' }))).toMatchObject({ memberId: ada });
  });

  test('when the domain was lost for good, also for those who are linked', async () => {
    const s = await setting();
    await s.push('ada');
    await s.signIn(says({ subject: 'ada', immutableId: 'x-ada' }));
    await bridge.rows(`update domain_claim set status = 'lost', lost_at = now(), ended_at = now() where org_id = $1`, [
      s.orgId,
    ]);
    expect(await s.refusal(says({ subject: 'ada' }))).toBe('domain_lost');
  });

  test('when the organization has given the domain up, though it claims it again, until it proves it', async () => {
    const s = await setting();
    const ada = await s.push('ada');
    await s.signIn(says({ subject: 'ada', immutableId: 'x-ada' }));
    const domain = s.address('ada').split('@')[1]!;
    await bridge.rows(`update connection set settings = settings || '{"domains": []}' where org_id = $1`, [s.orgId]);
    await releaseDomain(bridge.deps, bridge.ctx, s.orgId, domain);
    expect(await s.refusal(says({ subject: 'ada' }))).toBe('domain_lost');
    await claimDomain(bridge.deps, bridge.ctx, s.orgId, { domain, decided: false });
    expect(await s.refusal(says({ subject: 'ada' }))).toBe('domain_lost');
    await claimDomain(bridge.deps, bridge.ctx, s.orgId, { domain, decided: true });
    expect(await s.signIn(says({ subject: 'ada' }))).toMatchObject({ memberId: ada });
  });

  test('in a subdomain, until the domain includes its subdomains', async () => {
    const s = await setting({ jit: 'on', paired: false });
    const person = says({ address: s.address('ada').replace('@', '@mail.') });
    expect(await s.refusal(person)).toBe('address_outside_domains');
    await bridge.rows('update domain_claim set include_subdomains = true where org_id = $1', [s.orgId]);
    expect(await s.signIn(person)).toMatchObject({ memberId: expect.any(String) });
  });

  test('by a connection that was switched off meanwhile', async () => {
    const s = await setting();
    await s.push('ada');
    await disableConnection(bridge.deps, bridge.ctx, s.orgId, s.connection.id);
    expect(await s.refusal(says({ immutableId: 'x-ada' }))).toBe('connection_disabled');
  });
});

describe('an approval', () => {
  const approve = (s: Awaited<ReturnType<typeof setting>>, memberId: string) =>
    approveLink(bridge.deps, bridge.ctx, OPERATOR_RIGHTS, {
      orgId: s.orgId,
      connectionId: s.connection.id,
      memberId,
    });

  test.each(['owner', 'member'])('lets one first link pass onto the %s, and is used up by it', async (role) => {
    const s = await setting({ paired: false });
    const member = await bridge.make.member(s.orgId, s.address('boss'), role);
    await approve(s, member);
    expect(await s.signIn(says({ subject: 'boss', address: s.address('boss') }))).toMatchObject({ memberId: member });
    expect(await bridge.rows('select 1 from link_approval where member_id = $1', [member])).toEqual([]);
  });

  test('passes no other guard, and ends after a week', async () => {
    const s = await setting();
    const member = await bridge.make.member(s.orgId, s.address('boss'), 'owner');
    await approve(s, member);
    expect(await s.refusal(says({ address: s.address('boss') }))).toBe('not_in_directory');
    const open = await setting({ paired: false });
    const other = await bridge.make.member(open.orgId, open.address('boss'), 'owner');
    await approve(open, other);
    bridge.later.ms = 8 * 24 * 60 * 60 * 1000;
    const late = await open.refusal(says({ address: open.address('boss') }));
    bridge.later.ms = 0;
    expect(late).toBe('approval_needed');
  });
});

describe('whoever was let go stays out', () => {
  test('a suspended member, linked or not', async () => {
    const s = await setting({ jit: 'on' });
    await s.push('ada', { active: false });
    expect(await s.refusal(says({ immutableId: 'x-ada', address: s.address('ada') }))).toBe('member_suspended');
  });

  test('one who was deleted while blocked is not made anew', async () => {
    const s = await setting({ jit: 'on' });
    const ada = await s.push('ada', { active: false });
    await bridge.rows('select scim_delete_user($1, $2, $3, $4, null)', [s.orgId, s.directoryId, ada, '{}']);
    expect(await bridge.one('select status from member where id = $1', [ada])).toEqual({ status: 'removed' });
    expect(await s.refusal(says({ subject: 'new', address: s.address('ada') }))).toBe('member_suspended');
    expect(await s.refusal(says({ subject: 'n', immutableId: 'x-ada', address: s.address('other') }))).toBe(
      'member_suspended',
    );
  });
});

describe('just-in-time creation', () => {
  test('makes an active member whose carrier is the sign-in', async () => {
    const s = await setting({ jit: 'on', paired: false });
    const { memberId, personId } = await s.signIn(says({ address: s.address('new') }));
    expect(await bridge.one('select status, role_key, person_id from member where id = $1', [memberId])).toEqual({
      status: 'active',
      role_key: 'member',
      person_id: personId,
    });
    expect(await bridge.rows('select source, ref from carrier where member_id = $1', [memberId])).toEqual([
      { source: 'sign_in', ref: s.connection.id },
    ]);
    expect(await linkedBy(memberId)).toBe('created');
    expect(await bridge.rows('select 1 from projection_due where subject_id = $1', [personId])).toHaveLength(1);
  });

  test('is refused where it is off, without an address, and for other domains', async () => {
    const off = await setting();
    expect(await off.refusal(says({ address: off.address('new') }))).toBe('person_unknown');
    const on = await setting({ jit: 'on' });
    expect(await on.refusal(says({ userName: 'new' }))).toBe('address_outside_domains');
    expect(await on.refusal(says({ address: 'new@elsewhere.test' }))).toBe('address_outside_domains');
  });

  test('is refused when no seat is left', async () => {
    const s = await setting({ jit: 'on', paired: false });
    await bridge.rows('update organization set seat_limit = 0 where org_id = $1', [s.orgId]);
    expect(await s.refusal(says({ address: s.address('new') }))).toBe('seat_limit');
    expect(await bridge.rows('select 1 from member where org_id = $1', [s.orgId])).toEqual([]);
  });

  test('does not take an address that another person holds', async () => {
    const s = await setting({ jit: 'on', paired: false });
    const elsewhere = await setting();
    await bridge.make.member(elsewhere.orgId, s.address('known'));
    expect(await s.refusal(says({ address: s.address('known') }))).toBe('member_waiting');
    expect(await bridge.rows('select 1 from member where org_id = $1', [s.orgId])).toEqual([]);
  });
});
