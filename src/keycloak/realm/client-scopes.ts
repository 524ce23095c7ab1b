// Which claims tokens carry: `organization` with id, teams and roles as group paths, and in the scope `drawbridge` (in
// every client's default) `person_id`, our own marks of how the session began, and our audience (field notes 12.5, 12.6).
import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js';
import type ProtocolMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js';
import { differences, merged } from './differences.ts';
import { changeAll, type RealmStep } from './realm-step.ts';

export const DRAWBRIDGE_SCOPE = 'drawbridge';
export const ORGANIZATION_SCOPE = 'organization';
/** The audience of access tokens that Drawbridge's own API takes: the client id of its login client. */
export const LOGIN_CLIENT = 'drawbridge';

const IN_TOKENS = { 'access.token.claim': 'true', 'id.token.claim': 'true', 'introspection.token.claim': 'true' };

function mapper(name: string, type: string, config: Record<string, string>): ProtocolMapperRepresentation {
  return { name, protocol: 'openid-connect', protocolMapper: type, config };
}

const sessionNote = (note: string, type: 'String' | 'long') =>
  mapper(note, 'oidc-usersessionmodel-note-mapper', {
    'user.session.note': note,
    'claim.name': note,
    'jsonType.label': type,
    ...IN_TOKENS,
  });

const ORGANIZATION_MAPPERS = [
  mapper('organization', 'oidc-organization-membership-mapper', {
    'claim.name': 'organization',
    'jsonType.label': 'JSON',
    addOrganizationId: 'true',
    multivalued: 'true',
    ...IN_TOKENS,
  }),
  mapper('organization groups', 'oidc-organization-group-membership-mapper', {
    'claim.name': 'organization',
    ...IN_TOKENS,
  }),
];

const DRAWBRIDGE_MAPPERS = [
  mapper('person_id', 'oidc-usermodel-attribute-mapper', {
    'user.attribute': 'person_id',
    'claim.name': 'person_id',
    'jsonType.label': 'String',
    ...IN_TOKENS,
  }),
  sessionNote('db_connection', 'String'),
  sessionNote('db_login_at', 'long'),
  mapper('audience', 'oidc-audience-mapper', {
    'included.custom.audience': LOGIN_CLIENT,
    'access.token.claim': 'true',
    'introspection.token.claim': 'true',
  }),
];

/** Makes and repairs both scopes; `drawbridge` becomes a default of clients that are made later, too. */
export async function ensureClientScopes(step: RealmStep): Promise<void> {
  const { admin } = step;
  const attributes = { 'include.in.token.scope': 'false', 'display.on.consent.screen': 'false' };
  const id = await ensureScope(
    step,
    { name: DRAWBRIDGE_SCOPE, protocol: 'openid-connect', attributes },
    DRAWBRIDGE_MAPPERS,
  );
  await ensureScope(step, { name: ORGANIZATION_SCOPE, protocol: 'openid-connect' }, ORGANIZATION_MAPPERS);
  const defaults = await admin.call((api) => api.clientScopes.listDefaultClientScopes());
  if (!id || defaults.some(({ name }) => name === DRAWBRIDGE_SCOPE)) return;
  await step.change(`scope ${DRAWBRIDGE_SCOPE} is no default`, () =>
    admin.call((api) => api.clientScopes.addDefaultClientScope({ id })),
  );
}

async function ensureScope(
  step: RealmStep,
  desired: ClientScopeRepresentation & { name: string },
  mappers: readonly ProtocolMapperRepresentation[],
): Promise<string | undefined> {
  const { admin } = step;
  const read = () => admin.find((api) => api.clientScopes.findOneByName({ name: desired.name }));
  let actual = await read();
  if (!actual) {
    await step.change(`scope ${desired.name} is missing`, () => admin.call((api) => api.clientScopes.create(desired)));
    actual = await read();
  }
  const id = actual?.id;
  if (!actual || !id) return undefined;
  const found = differences(desired, actual);
  const present = actual;
  await changeAll(step, `scope ${desired.name}`, found, () =>
    admin.call((api) => api.clientScopes.update({ id }, merged(present, desired))),
  );
  for (const wished of mappers) await ensureMapper(step, id, wished, actual.protocolMappers ?? []);
  return id;
}

async function ensureMapper(
  step: RealmStep,
  id: string,
  desired: ProtocolMapperRepresentation,
  present: readonly ProtocolMapperRepresentation[],
): Promise<void> {
  const actual = present.find(({ name }) => name === desired.name);
  await changeAll(step, `mapper ${desired.name}`, actual ? differences(desired, actual) : ['missing'], () =>
    step.admin.call((api) =>
      actual?.id
        ? api.clientScopes.updateProtocolMapper({ id, mapperId: actual.id }, merged(actual, desired))
        : api.clientScopes.addProtocolMapper({ id }, desired),
    ),
  );
}
