// What people can do to their own account from any Keycloak page (`kc_action`): passwords and one-time codes, nothing
// that changes who they are or that opens another way in (field notes 12.3).
import type { RealmStep } from './realm-step.ts';

const ACTIONS: Readonly<Record<string, boolean>> = {
  UPDATE_PASSWORD: true,
  CONFIGURE_TOTP: true,
  UPDATE_PROFILE: false,
  VERIFY_PROFILE: false,
  UPDATE_EMAIL: false,
  delete_account: false,
  idp_link: false,
  'webauthn-register': false,
  'webauthn-register-passwordless': false,
  TERMS_AND_CONDITIONS: false,
};

/** Switches each required action of the table on or off, and none of them into one for everybody. */
export async function ensureRequiredActions(step: RealmStep): Promise<void> {
  const actions = await step.admin.call((api) => api.authenticationManagement.getRequiredActions());
  for (const action of actions) {
    const alias = action.alias ?? '';
    const enabled = ACTIONS[alias] ?? action.enabled ?? false;
    if (action.enabled === enabled && !action.defaultAction) continue;
    await step.change(`required action ${alias} (enabled ${enabled})`, () =>
      step.admin.call((api) =>
        api.authenticationManagement.updateRequiredAction({ alias }, { ...action, enabled, defaultAction: false }),
      ),
    );
  }
}
