// The realm's own settings: which of Keycloak's doors are shut (design section 4), passwords, lock-out, events, theme.
import type RealmRepresentation from '@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js';
import { differences, merged } from './differences.ts';
import { BROWSER_FLOW, FIRST_LOGIN_DENIED, RESET_FLOW } from './flow-definitions.ts';
import { changeAll, type RealmConfig, type RealmStep } from './realm-step.ts';
import { ACCESS_TOKEN_SECONDS } from './token-lives.ts';

const EVENTS_KEPT_SECONDS = 30 * 86_400;

/** Texts that Keycloak shows when one of our flows says no; and where Drawbridge is, for the theme. */
function texts(config: RealmConfig): Record<string, string> {
  return {
    dbNotPrepared:
      'Your company signed you in, but there is no access prepared for you here. Ask your administrator to add you, or use the link in your invitation.',
    dbSsoRequired:
      'Your organization asks you to sign in through your company. Go back, enter your e-mail address and choose your company.',
    dbBaseUrl: config.baseUrl,
  };
}

const LOGIN_SETTINGS: RealmRepresentation = {
  enabled: true,
  organizationsEnabled: true,
  registrationAllowed: false,
  registrationEmailAsUsername: true,
  editUsernameAllowed: false,
  loginWithEmailAllowed: true,
  duplicateEmailsAllowed: false,
  verifyEmail: false,
  resetPasswordAllowed: true,
  rememberMe: false,
  userManagedAccessAllowed: false,
  passwordPolicy: 'length(12) and maxLength(128) and notUsername(undefined) and notEmail(undefined)',
  bruteForceProtected: true,
  permanentLockout: false,
  failureFactor: 8,
  waitIncrementSeconds: 30,
  maxFailureWaitSeconds: 300,
  maxDeltaTimeSeconds: 3600,
  quickLoginCheckMilliSeconds: 1000,
  minimumQuickLoginWaitSeconds: 10,
  accessTokenLifespan: ACCESS_TOKEN_SECONDS,
  loginTheme: 'drawbridge',
  emailTheme: 'drawbridge',
  eventsEnabled: true,
  eventsExpiration: EVENTS_KEPT_SECONDS,
  adminEventsEnabled: true,
  adminEventsDetailsEnabled: true,
  attributes: { adminEventsExpiration: String(EVENTS_KEPT_SECONDS) },
};

/** Only for a realm that we make: its name on the pages is the operator's to change. */
const NEW_REALM: RealmRepresentation = { displayName: 'Drawbridge', enabled: true, organizationsEnabled: true };

/** Makes the realm if it is missing and its settings as wished. */
export async function ensureRealmSettings(step: RealmStep): Promise<void> {
  const { admin } = step;
  const desired = { ...LOGIN_SETTINGS, ...smtpSettings(step.config) };
  let actual = await admin.find((api) => api.realms.findOne({ realm: admin.realm }));
  if (!actual) {
    await step.change('realm is missing', async () => {
      await admin.call((api) => api.realms.create({ ...NEW_REALM, realm: admin.realm }));
      admin.forgetToken();
    });
    actual = await admin.call((api) => api.realms.findOne({ realm: admin.realm }));
  }
  await updateRealm(step, desired, actual ?? {});
  await ensureTexts(step);
}

/** Binds our flows; the last step, since they must exist. The third is the default of every new identity provider. */
export async function bindFlows(step: RealmStep): Promise<void> {
  const actual = await step.admin.call((api) => api.realms.findOne({ realm: step.admin.realm }));
  // The client's type lacks the third, which Keycloak has had since 24.
  const desired: RealmRepresentation & { firstBrokerLoginFlow: string } = {
    browserFlow: BROWSER_FLOW.alias,
    resetCredentialsFlow: RESET_FLOW.alias,
    firstBrokerLoginFlow: FIRST_LOGIN_DENIED.alias,
  };
  await updateRealm(step, desired, actual ?? {});
}

async function updateRealm(step: RealmStep, desired: RealmRepresentation, actual: RealmRepresentation): Promise<void> {
  const { realm } = step.admin;
  await changeAll(step, 'realm settings', differences(desired, actual), () =>
    step.admin.call((api) => api.realms.update({ realm }, merged(pick(actual, desired), desired))),
  );
}

/** Only the wished keys go out: a PUT of a whole realm would write back what somebody else changed meanwhile. */
function pick(actual: RealmRepresentation, desired: RealmRepresentation): RealmRepresentation {
  return Object.fromEntries(Object.entries(actual).filter(([key]) => key in desired));
}

function smtpSettings({ smtp }: RealmConfig): RealmRepresentation {
  if (!smtp) return {};
  const url = new URL(smtp.url);
  const [, name, address] = /^(.*?)\s*<([^>]+)>$/.exec(smtp.from) ?? [undefined, '', smtp.from];
  const user = decodeURIComponent(url.username);
  return {
    smtpServer: {
      host: url.hostname,
      port: url.port || (url.protocol === 'smtps:' ? '465' : '25'),
      from: address ?? smtp.from,
      ...(name && { fromDisplayName: name }),
      ssl: String(url.protocol === 'smtps:'),
      ...(user && { auth: 'true', user }),
    },
  };
}

async function ensureTexts(step: RealmStep): Promise<void> {
  const { admin } = step;
  const actual = await admin.find((api) =>
    api.realms.getRealmLocalizationTexts({ realm: admin.realm, selectedLocale: 'en' }),
  );
  for (const [key, text] of Object.entries(texts(step.config))) {
    if ((actual as Record<string, string> | undefined)?.[key] === text) continue;
    await step.change(`text ${key}`, () =>
      admin.call((api) => api.realms.addLocalization({ realm: admin.realm, selectedLocale: 'en', key }, text)),
    );
  }
}
