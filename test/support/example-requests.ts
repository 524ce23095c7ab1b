// One of each thing of an organization, and for every endpoint with a body a request that is well formed: so that a test
// can walk all endpoints. An endpoint that is missing here fails test/http/tenancy.test.ts.
import type { Endpoint } from '../../src/http/endpoint.ts';
import type { Connection } from '../../sso/connections/connection.ts';
import type { SsoDeps } from '../../sso/deps.ts';
import { keepDocument } from '../../sso/sign-in/sign-in-document.ts';
import { beginTrace, writeTrace } from '../../sso/sign-in/sign-in-trace.ts';
import { type Json, type MadeOrganization, type Setup, TEST_SECRET_KEY } from './server.ts';

export type Things = {
  /** By the name of the path parameter that it may stand in. */
  readonly ids: Readonly<Record<string, string>>;
  /** By `nameOf(endpoint)`; every id in them is of this organization. */
  readonly bodies: Readonly<Record<string, Json>>;
};

export const nameOf = ({ method, path }: Pick<Endpoint, 'method' | 'path'>): string =>
  `${method} ${path.replace('/v1/organizations/{org}', '')}`;

/** The endpoint's address, with what `values` do not name left as it is. */
export function fillPath(path: string, values: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** Makes one of each, over the API. */
export async function makeThings(t: Setup, org: MadeOrganization): Promise<Things> {
  const base = `/v1/organizations/${org.id}`;
  const post = async (path: string, body: object): Promise<Json> => {
    const answer = await t.call('POST', base + path, { key: org.ownerKey, body });
    if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const team = await t.make.team(org, 'Secret Lab');
  const member = await t.make.member(org, { name: 'hidden-person', teams: [team.key] });
  await t.make.member(org, { role: 'owner' });
  const { id: key } = await t.make.key(org, ['member.view']);
  const rule = await post('/mapping-rules', ruleTo(team.id));
  const directory = await post('/directories', { displayName: 'Directory' });
  const token = await post(`/directories/${directory.id}/tokens`, { displayName: 'Token' });
  const invitation = await post('/invitations', inviteTo(`invited@${org.key}.test`, team.id));
  const connection = await post('/connections', { ...OIDC, displayName: 'Connection', directoryId: directory.id });
  const accessGrant = await post(`/connections/${connection.id}/access-grants`, { value: 'Hidden' });
  const test = await post(`/connections/${connection.id}/test`, {});
  const plan = await post('/mapping-plans', { changes: [{ op: 'create', rule: ruleTo(team.id) }] });
  const setupLink = await post('/setup-links', {});
  const extensionSchema = await post('/extension-schemas', schemaOf('urn:hidden:schema'));
  const domain = `${org.key}.test`;
  const ids = {
    team: team.id,
    member: member.id,
    key,
    rule: rule.id,
    directory: directory.id,
    extensionSchema: extensionSchema.id,
    token: token.id,
    entry: directory.id,
    invitation: invitation.id,
    connection: connection.id,
    test: test.id,
    setupLink: setupLink.id,
    accessGrant: accessGrant.id,
    plan: plan.id,
    held: await makeHeldChange(t, org, team.id, member.id),
    signIn: await makeSignIn(t, org, connection.id),
    domain,
  };
  return { ids, bodies: bodiesWith(ids, domain) };
}

/** A member whom the brake holds in a team; gives the change's id. */
async function makeHeldChange({ db }: Setup, org: MadeOrganization, teamId: string, memberId: string): Promise<string> {
  const [row] = await db.query<{ id: string }>(org.id, {
    text: `with held as (insert into held_change (org_id, team_id, actor) values ($1, $2, '{}') returning id),
      reason as (insert into access_grant (org_id, member_id, target_kind, target, source, ref, held_by)
        select $1, $3, 'team', $4, 'scim', $2 || ':' || $2, id from held)
      select id from held`,
    values: [org.id, teamId, memberId, teamId],
  });
  return row?.id ?? '';
}

/** A refused sign-in whose document was kept; gives its id. */
async function makeSignIn({ db }: Setup, org: MadeOrganization, connectionId: string): Promise<string> {
  const trace = beginTrace(org.id, connectionId);
  const keeping = { settings: { keepDocuments: true } } as Connection;
  keepDocument({ config: { secretKey: TEST_SECRET_KEY } as SsoDeps['config'] }, trace, keeping, '<Response/>');
  await db.inOrg(org.id, (tx) =>
    writeTrace(tx, trace, { outcome: 'refused', refusal: 'person_unknown', detail: 'x' }, new Date()),
  );
  return trace.id;
}

/** A connection whose provider nobody has to reach. */
export const OIDC = {
  protocol: 'oidc',
  issuer: 'https://idp.test',
  discovery: {
    authorization_endpoint: 'https://idp.test/authorize',
    token_endpoint: 'https://idp.test/token',
    jwks_uri: 'https://idp.test/jwks',
  },
  clientId: 'drawbridge',
  clientSecret: 'a-secret-of-the-idp',
};

const ruleTo = (team: string) => ({ source: 'scim.group', match: 'display_name', value: 'Hidden', target: { team } });
const schemaOf = (urn: string) => ({ urn, name: 'Hidden', attributes: [{ name: 'badge' }] });
const inviteTo = (email: string, team: string) => ({ email, role: 'member', teamIds: [team] });

function bodiesWith(ids: Record<string, string>, domain: string): Record<string, Json> {
  return {
    'patch ': { displayName: 'Another name' },
    'post /domains': { domain: `other.${domain}` },
    'patch /domains/{domain}': { includeSubdomains: true },
    'post /setup-links': { scopes: ['domain'] },
    'post /members': { address: `x@${domain}`, teams: [ids.team] },
    'patch /members/{member}': { role: 'member' },
    'put /members/{member}/teams': { teams: [ids.team] },
    'post /members/{member}/suspend': { reason: 'x' },
    'post /members/{member}/override-block': { directoryId: ids.directory, reason: 'x' },
    'post /teams': { displayName: 'Another' },
    'patch /teams/{team}': { displayName: 'Another' },
    'post /mapping-rules': ruleTo(ids.team ?? ''),
    'patch /mapping-rules/{rule}': { target: { team: ids.team } },
    'post /mapping-plans': { changes: [{ op: 'delete', id: ids.rule }] },
    'put /mapping-policy': { conflicts: 'union' },
    'post /connections/{connection}/disable': { grants: 'release' },
    'post /api-keys': { displayName: 'x', permissions: [], memberId: ids.member },
    'post /directories': { displayName: 'x' },
    'patch /directories/{directory}': { displayName: 'x' },
    'post /directories/{directory}/deactivate': { grants: 'keep' },
    'post /directories/{directory}/tokens': { displayName: 'x' },
    'post /extension-schemas': schemaOf('urn:other:schema'),
    'put /extension-schemas/{extensionSchema}': schemaOf('urn:hidden:schema'),
    'post /invitations': inviteTo(`other@${domain}`, ids.team ?? ''),
    'post /invitations/{invitation}/resend': { expiresInHours: 48 },
    'post /connections': { ...OIDC, displayName: 'x', directoryId: ids.directory },
    'post /connections/{connection}/activate': { untested: true },
    'patch /connections/{connection}': { displayName: 'x', directoryId: ids.directory },
    'post /connections/{connection}/access-grants': { value: 'Other', role: 'member' },
    'patch /sign-in-policy': { guests: 'held' },
    'post /sign-in-policy/break-glass': { memberId: ids.member },
    'post /connections/{connection}/approvals': { memberId: ids.member },
  };
}
