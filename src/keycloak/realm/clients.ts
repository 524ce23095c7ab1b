// The clients of the realm: two service accounts of least right, our own login client, and applications.
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import { DRAWBRIDGE_SCOPE, LOGIN_CLIENT, ORGANIZATION_SCOPE } from './client-scopes.ts';
import { differences, merged } from './differences.ts';
import { changeAll, type RealmStep } from './realm-step.ts';

const RUNTIME_CLIENT = 'drawbridge-runtime';
export const CONNECTIONS_CLIENT = 'drawbridge-connections';

const RUNTIME_RIGHTS = ['manage-users', 'manage-organizations', 'view-events'];
const CONNECTIONS_RIGHTS = [...RUNTIME_RIGHTS, 'manage-identity-providers'];

type Client = ClientRepresentation & { readonly clientId: string };

/** Makes and repairs our own clients and their rights; gives the secrets by client id, as Keycloak holds them. */
export async function ensureClients(step: RealmStep): Promise<Record<string, string>> {
  const { config } = step;
  const runtime = config.runtimeClientId ?? RUNTIME_CLIENT;
  const wishes = [
    { client: serviceAccount(runtime, config.runtimeClientSecret), rights: RUNTIME_RIGHTS },
    { client: serviceAccount(CONNECTIONS_CLIENT, config.connectionsClientSecret), rights: CONNECTIONS_RIGHTS },
    { client: loginClient(config.baseUrl, config.appUrl, config.loginClientSecret), rights: undefined },
  ];
  const secrets: Record<string, string> = {};
  for (const { client, rights } of wishes) {
    const present = await ensureClient(step, client);
    if (!present?.id) continue;
    secrets[client.clientId] = present.secret ?? '';
    if (rights) await ensureRights(step, client.clientId, present.id, rights);
    else await ensureScopesOf(step, client.clientId, present.id);
  }
  await ensureNoPasswordClient(step);
  return secrets;
}

/** A public client with PKCE (RFC 7636) for an application in the browser; asks for scope `organization:*`. */
export async function ensureApplication(
  step: RealmStep,
  application: {
    readonly clientId: string;
    readonly name: string;
    readonly url: string;
    readonly redirectUris: string[];
  },
): Promise<void> {
  const present = await ensureClient(step, {
    clientId: application.clientId,
    name: application.name,
    baseUrl: application.url,
    redirectUris: application.redirectUris,
    webOrigins: ['+'],
    publicClient: true,
    ...INTERACTIVE,
    attributes: { 'pkce.code.challenge.method': 'S256', 'post.logout.redirect.uris': '+' },
  });
  if (present?.id) await ensureScopesOf(step, application.clientId, present.id);
}

const INTERACTIVE = {
  protocol: 'openid-connect',
  enabled: true,
  standardFlowEnabled: true,
  implicitFlowEnabled: false,
  directAccessGrantsEnabled: false,
  serviceAccountsEnabled: false,
  consentRequired: false,
  fullScopeAllowed: false,
} satisfies ClientRepresentation;

function loginClient(baseUrl: string, appUrl: string | undefined, secret: string | undefined): Client {
  return {
    clientId: LOGIN_CLIENT,
    name: 'Drawbridge',
    // The way back on Keycloak's error pages: to the application, if there is one.
    baseUrl: appUrl ?? baseUrl,
    redirectUris: [`${baseUrl}/*`],
    webOrigins: [],
    publicClient: false,
    ...INTERACTIVE,
    attributes: { 'pkce.code.challenge.method': 'S256', 'post.logout.redirect.uris': '+' },
    ...(secret && { secret }),
  };
}

// Full scope is needed here: the admin API grants a right only if the client may carry it, too.
function serviceAccount(clientId: string, secret: string | undefined): Client {
  return {
    clientId,
    ...INTERACTIVE,
    standardFlowEnabled: false,
    serviceAccountsEnabled: true,
    fullScopeAllowed: true,
    publicClient: false,
    redirectUris: [],
    ...(secret && { secret }),
  };
}

async function ensureClient(step: RealmStep, desired: Client): Promise<ClientRepresentation | undefined> {
  const { admin } = step;
  const { clientId } = desired;
  const read = async () => (await admin.call((api) => api.clients.find({ clientId })))[0];
  const actual = await read();
  if (!actual)
    await step.change(`client ${clientId} is missing`, () => admin.call((api) => api.clients.create(desired)));
  else {
    const found = differences(desired, actual);
    await changeAll(step, `client ${clientId}`, found, () =>
      admin.call((api) => api.clients.update({ id: actual.id! }, merged(actual, desired))),
    );
    if (found.length === 0) return actual;
  }
  return read();
}

/** A PUT of a client ignores its scopes, so they are linked one by one. */
async function ensureScopesOf(step: RealmStep, clientId: string, id: string): Promise<void> {
  const { admin } = step;
  const scopes = await admin.call((api) => api.clientScopes.find());
  const idOf = (name: string) => scopes.find((scope) => scope.name === name)?.id;
  const defaults = await admin.call((api) => api.clients.listDefaultClientScopes({ id }));
  const ours = idOf(DRAWBRIDGE_SCOPE);
  if (ours && !defaults.some(({ name }) => name === DRAWBRIDGE_SCOPE)) {
    await step.change(`client ${clientId} lacks scope ${DRAWBRIDGE_SCOPE}`, () =>
      admin.call((api) => api.clients.addDefaultClientScope({ id, clientScopeId: ours })),
    );
  }
  const optional = await admin.call((api) => api.clients.listOptionalClientScopes({ id }));
  const organization = idOf(ORGANIZATION_SCOPE);
  if (organization && !optional.some(({ name }) => name === ORGANIZATION_SCOPE)) {
    await step.change(`client ${clientId} lacks scope ${ORGANIZATION_SCOPE}`, () =>
      admin.call((api) => api.clients.addOptionalClientScope({ id, clientScopeId: organization })),
    );
  }
}

/** Exactly these rights of `realm-management`: more would be more than the run-time needs. */
async function ensureRights(step: RealmStep, clientId: string, id: string, rights: readonly string[]): Promise<void> {
  const { admin } = step;
  const [management] = await admin.call((api) => api.clients.find({ clientId: 'realm-management' }));
  const user = await admin.call((api) => api.clients.getServiceAccountUser({ id }));
  const where = { id: user.id!, clientUniqueId: management!.id! };
  const present = await admin.call((api) => api.users.listClientRoleMappings(where));
  const surplus = present.filter(({ name }) => !rights.includes(name ?? ''));
  const missing = rights.filter((right) => !present.some(({ name }) => name === right));
  if (missing.length > 0) {
    await step.change(`${clientId} lacks ${missing.join(', ')}`, async () => {
      const all = await admin.call((api) => api.clients.listRoles({ id: management!.id! }));
      const roles = all
        .filter(({ name }) => missing.includes(name ?? ''))
        .map((role) => ({ id: role.id!, name: role.name! }));
      await admin.call((api) => api.users.addClientRoleMappings({ ...where, roles }));
    });
  }
  if (surplus.length > 0) {
    const roles = surplus.map((role) => ({ id: role.id!, name: role.name! }));
    await step.change(`${clientId} has ${roles.map(({ name }) => name).join(', ')} too much`, () =>
      admin.call((api) => api.users.delClientRoleMappings({ ...where, roles })),
    );
  }
}

/** Keycloak's own command line client would take a password; the client policy refuses it, this says so twice. */
async function ensureNoPasswordClient(step: RealmStep): Promise<void> {
  const desired = { clientId: 'admin-cli', directAccessGrantsEnabled: false };
  const [actual] = await step.admin.call((api) => api.clients.find({ clientId: desired.clientId }));
  if (!actual?.id) return;
  const id = actual.id;
  await changeAll(step, 'client admin-cli', differences(desired, actual), () =>
    step.admin.call((api) => api.clients.update({ id }, { ...actual, ...desired })),
  );
}
