// Makes the realm what Drawbridge needs, with an administrator's rights, at deploy (design sections 4 and 9). Every step
// compares and writes only differences; then all of them run once more without writing, so that a setting that did not
// take is an error and not a hope.
import { createKeycloakAdmin, type KeycloakAdmin } from './admin.ts';
import { invitationProvider, notesMapper, providerDifferences, writeProvider } from './identity-provider.ts';
import { ensureClientPolicies } from './realm/client-policies.ts';
import { ensureClientScopes } from './realm/client-scopes.ts';
import { ensureApplication, ensureClients } from './realm/clients.ts';
import { ensureFlows } from './realm/flows.ts';
import { bindFlows, ensureRealmSettings } from './realm/realm-settings.ts';
import { changeAll, type RealmConfig, type RealmStep } from './realm/realm-step.ts';
import { ensureRequiredActions } from './realm/required-actions.ts';
import { ensureRoles } from './realm/roles.ts';
import { ensureTokenLives } from './realm/token-lives.ts';
import { ensureUserProfile } from './realm/user-profile.ts';

const TIMEOUT_MS = 60_000;

export type { RealmConfig };

export type AdminAccess = {
  /** Keycloak's address, as `http://127.0.0.1:8180`. */
  readonly adminUrl: string;
  readonly adminUser: string;
  readonly adminPassword: string;
  readonly realm: string;
};

/** The order is that of need: flows name roles, providers name flows, the realm binds flows that exist. */
const STEPS: readonly ((step: RealmStep) => Promise<unknown>)[] = [
  ensureRealmSettings,
  ensureUserProfile,
  ensureRequiredActions,
  ensureRoles,
  ensureFlows,
  bindFlows,
  ensureClientPolicies,
  ensureClientScopes,
  ensureInvitationProvider,
  ensureTokenLives,
  ensureClients,
];

/** An administrator's client for one realm, as bootstrap and the demo's company realms use it. */
export function administratorOf(access: AdminAccess): KeycloakAdmin {
  const credentials = { username: access.adminUser, password: access.adminPassword };
  return createKeycloakAdmin({ url: access.adminUrl, realm: access.realm, credentials, timeoutMs: TIMEOUT_MS });
}

/**
 * Brings the realm to the wished state. `changed` names every difference that was found and removed (none when all was
 * as wished); `secrets` are those of our clients by client id. Throws when a setting did not take.
 */
export async function bootstrapRealm(
  options: AdminAccess & { readonly config: RealmConfig },
): Promise<{ changed: string[]; secrets: Record<string, string> }> {
  const admin = administratorOf(options);
  const changed: string[] = [];
  const apply: RealmStep = {
    admin,
    config: options.config,
    async change(difference, write) {
      changed.push(difference);
      await write();
    },
  };
  for (const ensure of STEPS) await ensure(apply);
  const { differences, secrets } = await inspectRealm(admin, options.config);
  if (differences.length > 0) throw new Error(`Keycloak did not take these settings: ${differences.join('; ')}`);
  return { changed, secrets };
}

/** What differs from the wished state, in words, without changing anything. The realm must exist. */
async function inspectRealm(
  admin: KeycloakAdmin,
  config: RealmConfig,
): Promise<{ differences: string[]; secrets: Record<string, string> }> {
  const differences: string[] = [];
  const step: RealmStep = {
    admin,
    config,
    change(difference) {
      differences.push(difference);
      return Promise.resolve();
    },
  };
  for (const ensure of STEPS.slice(0, -1)) await ensure(step);
  return { secrets: await ensureClients(step), differences };
}

/** A public client with PKCE for an application (the demo's, in development). */
export async function ensureApplicationClient(
  access: AdminAccess,
  application: {
    readonly clientId: string;
    readonly name: string;
    readonly url: string;
    readonly redirectUris: string[];
  },
): Promise<void> {
  const step: RealmStep = {
    admin: administratorOf(access),
    config: { baseUrl: application.url, providerSecret: '' },
    change: async (_difference, write) => void (await write()),
  };
  await ensureApplication(step, application);
}

async function ensureInvitationProvider(step: RealmStep): Promise<void> {
  const { admin } = step;
  const desired = invitationProvider(step.config);
  const actual = await admin.find((api) => api.identityProviders.findOne({ alias: desired.alias }));
  await changeAll(step, `identity provider ${desired.alias}`, providerDifferences(desired, actual), () =>
    writeProvider(admin, desired, actual),
  );
  const mapper = await notesMapper(admin, desired.alias);
  if (!mapper.asWished) await step.change(`mapper of identity provider ${desired.alias}`, mapper.write);
}
