// What a directory's profile changes. Every dialect is understood in every profile; only this differs.
import type { DirectoryProfile } from '../../src/directory/directory.ts';
import type { PatchRules } from '../patch/apply.ts';

const RULES: Readonly<Record<DirectoryProfile, PatchRules>> = {
  // Entra repeats a removal after a restart of its cycle, and counts every 4xx towards quarantine
  entra: { refusesMissingTarget: false },
  // Okta removes members and values that another of its jobs has removed already
  okta: { refusesMissingTarget: false },
  // RFC 7644 section 3.5.2.2
  generic: { refusesMissingTarget: true },
};

export function patchRules(profile: DirectoryProfile): PatchRules {
  return RULES[profile];
}

/** Entra's documents ask for 204 after a PATCH of a group and Okta reads no body; others may go on from the answer. */
export function wantsPatchedGroup(profile: DirectoryProfile): boolean {
  return profile === 'generic';
}
