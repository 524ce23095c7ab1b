// A directory: one SCIM source of an organization, and who speaks for it. Pure types.
import type { CoreDeps } from '../db/core-deps.ts';
import type { ExtensionSchema } from './extension-schema.ts';

/** Which vendor's dialect a directory is known to speak; every dialect is understood in every profile. */
export type DirectoryProfile = 'entra' | 'okta' | 'generic';

/** The vendors that give themselves away by what they send. */
export type DetectedProfile = Exclude<DirectoryProfile, 'generic'>;

/** What becomes of that which a directory gave when it is switched off or deleted, as the administrator chooses. */
export type GrantsAfter = 'release' | 'keep';

/** An administrator's change of a directory; what is undefined stays. */
export type DirectoryChange = {
  readonly displayName?: string | undefined;
  /** null = as detected. */
  readonly profile?: DirectoryProfile | null | undefined;
  /** How many days an entry of the journal is kept. */
  readonly journalDays?: number | undefined;
  /** Whole requests are kept until then; null = none are. */
  readonly keepBodiesUntil?: Date | null | undefined;
};

/** The tenant and the directory that every read and write of its users and groups is scoped to. */
export type DirectoryScope = { readonly orgId: string; readonly directoryId: string };

/** A directory that has proved who it is with one of its tokens. */
export type DirectoryCaller = DirectoryScope & {
  /** The chosen one, else the detected one, else generic. */
  readonly profile: DirectoryProfile;
  /** An administrator chose the profile: detection does not change it. */
  readonly isProfileChosen: boolean;
  readonly detectedProfile: DetectedProfile | undefined;
  /** Switched off: its requests are refused. */
  readonly isInactive: boolean;
  /** Until then, whole requests are kept, encrypted, for replays. */
  readonly keepBodiesUntil: Date | undefined;
  readonly tokenId: string;
  /** What its organization has declared; NO_EXTENSIONS for nothing. */
  readonly extensions: readonly ExtensionSchema[];
};

/** What reading and writing a directory needs. */
export type DirectoryDeps = CoreDeps;

/** The actor of the audit events that a directory causes. */
export function actorOf(scope: DirectoryScope): string {
  return JSON.stringify({ kind: 'directory', id: scope.directoryId });
}
