// The user profile: people can see their names and address here, and only Drawbridge can change them (design
// section 9); `person_id` is ours. Nothing is required, since a directory may not say it.
import type {
  UserProfileAttribute,
  UserProfileConfig,
} from '@keycloak/keycloak-admin-client/lib/defs/userProfileMetadata.js';
import { differences } from './differences.ts';
import { changeAll, type RealmStep } from './realm-step.ts';

const ADMIN_ONLY = { view: ['admin'], edit: ['admin'] };
const SHOWN = { view: ['admin', 'user'], edit: ['admin'] };

// Keycloak's checks on characters in names are left out: a directory's "Smith & Sons" must not stop a projection.
const ATTRIBUTES: UserProfileAttribute[] = [
  { name: 'username', displayName: 'User name', validations: { length: { min: 1, max: 255 } }, permissions: SHOWN },
  {
    name: 'email',
    displayName: 'E-mail address',
    validations: { email: {}, length: { max: 255 } },
    permissions: SHOWN,
  },
  { name: 'firstName', displayName: 'Given name', validations: { length: { max: 255 } }, permissions: SHOWN },
  { name: 'lastName', displayName: 'Family name', validations: { length: { max: 255 } }, permissions: SHOWN },
  { name: 'person_id', displayName: 'Person id', validations: { length: { max: 64 } }, permissions: ADMIN_ONLY },
];

/** Replaces the whole profile when one attribute, permission or the policy for undeclared attributes differs. */
export async function ensureUserProfile(step: RealmStep): Promise<void> {
  const actual = await step.admin.call((api) => api.users.getProfile());
  const found = ATTRIBUTES.flatMap((desired) => {
    const present = actual.attributes?.find(({ name }) => name === desired.name);
    const required = present?.required ? [`${desired.name}.required`] : [];
    return [...required, ...differences(desired, present, desired.name ?? '')];
  });
  for (const { name } of actual.attributes ?? []) {
    if (!ATTRIBUTES.some((attribute) => attribute.name === name)) found.push(`${name} is not ours`);
  }
  if (actual.unmanagedAttributePolicy) found.push('unmanagedAttributePolicy');
  const profile: UserProfileConfig = { attributes: ATTRIBUTES, groups: actual.groups ?? [] };
  await changeAll(step, 'user profile', found, () => step.admin.call((api) => api.users.updateProfile(profile)));
}
