// What an organization's policy document may say. Stored are the preset's name and the overrides; what holds is the
// preset's policy with the overrides over it. Presets are data: nothing here asks which one it is.
import { z } from 'zod';
import generic from './presets/generic.json' with { type: 'json' };

const HOUR_SECONDS = 3600;

const policySchema = z.strictObject({
  /** How long an invitation can be accepted; 1 hour to 30 days. */
  inviteLifetimeSeconds: z
    .int()
    .min(HOUR_SECONDS)
    .max(30 * 24 * HOUR_SECONDS),
});

export type Policy = z.infer<typeof policySchema>;

export const policyOverrides = policySchema.partial();
export type PolicyOverrides = z.infer<typeof policyOverrides>;

const preset = z.strictObject({
  name: z.string(),
  defaultRole: z.string(),
  roles: z.array(
    z.strictObject({
      key: z.string(),
      displayName: z.string(),
      rank: z.int(),
      fullControl: z.boolean(),
      permissions: z.array(z.string()),
    }),
  ),
  policy: policySchema,
});

export type Preset = z.infer<typeof preset>;

/** By name; a new file here is a new preset. */
export const PRESETS: Readonly<Record<string, Preset>> = Object.fromEntries(
  [generic].map((data) => [data.name, preset.parse(data)]),
);

export const DEFAULT_PRESET = generic.name;

export type StoredPolicy = { readonly preset: string; readonly overrides: PolicyOverrides };

/** What holds for an organization, from what its row stores. */
export function effectivePolicy(stored: StoredPolicy): Policy {
  const base = PRESETS[stored.preset];
  if (!base) throw new Error(`unknown preset ${stored.preset}`);
  const { inviteLifetimeSeconds } = stored.overrides;
  return { inviteLifetimeSeconds: inviteLifetimeSeconds ?? base.policy.inviteLifetimeSeconds };
}
