// No client of the realm may send a password to the token endpoint (RFC 9700 section 2.4): it would go round the
// browser flow, and with it round single sign-on and the second factor. A client's own switch can be flipped back.
import { differences } from './differences.ts';
import { changeAll, type RealmStep } from './realm-step.ts';

const NAME = 'drawbridge-no-password-grant';
const PROFILE = {
  name: NAME,
  executors: [{ executor: 'reject-ropc-grant', configuration: { 'auto-configure': false } }],
};
const POLICY = {
  name: NAME,
  enabled: true,
  conditions: [{ condition: 'any-client', configuration: {} }],
  profiles: [NAME],
};

/** Adds our profile and policy beside those that are there. */
export async function ensureClientPolicies(step: RealmStep): Promise<void> {
  const { admin } = step;
  const { profiles = [] } = await admin.call((api) => api.clientPolicies.listProfiles({}));
  await changeAll(step, 'client profile', missing(PROFILE, profiles), () =>
    admin.call((api) => api.clientPolicies.createProfiles({ profiles: [...others(profiles), PROFILE] })),
  );
  const { policies = [] } = await admin.call((api) => api.clientPolicies.listPolicies({}));
  await changeAll(step, 'client policy', missing(POLICY, policies), () =>
    admin.call((api) => api.clientPolicies.updatePolicy({ policies: [...others(policies), POLICY] })),
  );
}

function missing(desired: { name: string }, present: readonly { name?: string }[]): string[] {
  return differences(desired, present.find(({ name }) => name === NAME) ?? {}, NAME);
}

function others<T extends { name?: string }>(present: readonly T[]): T[] {
  return present.filter(({ name }) => name !== NAME);
}
