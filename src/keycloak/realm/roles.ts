// Two realm roles that our flows ask for, and what every account may do by itself: look, not manage.
import type { RealmStep } from './realm-step.ts';

/** The person must sign in through the company; the browser flow refuses the password. */
export const SSO_ENFORCED = 'sso-enforced';
/** The person must have a second factor. */
export const MFA_REQUIRED = 'mfa-required';
/** What the projection gives and takes; sorted. Other roles are not ours to judge. */
export const OUR_ROLES = [MFA_REQUIRED, SSO_ENFORCED];

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  [SSO_ENFORCED]: 'Must sign in through the company',
  [MFA_REQUIRED]: 'Must sign in with a second factor',
};

/** Makes the two roles, and takes `manage-account` (unlinking, account deletion) out of what everybody gets. */
export async function ensureRoles(step: RealmStep): Promise<void> {
  const { admin } = step;
  for (const [name, description] of Object.entries(DESCRIPTIONS)) {
    if (await admin.find((api) => api.roles.findOneByName({ name }))) continue;
    await step.change(`role ${name} is missing`, () => admin.call((api) => api.roles.create({ name, description })));
  }
  const everybody = await admin.find((api) => api.roles.findOneByName({ name: `default-roles-${admin.realm}` }));
  const id = everybody?.id;
  if (!id) return;
  const parts = await admin.call((api) => api.roles.getCompositeRoles({ id }));
  const surplus = parts.filter(({ name }) => name?.startsWith('manage-account') || name === 'delete-account');
  if (surplus.length === 0) return;
  await step.change(`default roles (${surplus.map(({ name }) => name).join(', ')})`, () =>
    admin.call((api) => api.roles.delCompositeRoles({ id }, surplus)),
  );
}
