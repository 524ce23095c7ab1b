// A directory's group as it comes in, and what became of it. Pure types.
import type { ResourceTimes } from './resource-times.ts';

/** A group's own attributes; `resource` is JSON text without id, meta and members. */
export type DirectoryGroupInput = {
  readonly displayName: string;
  readonly externalId: string | undefined;
  readonly resource: string;
};

/** A change of members by difference; with `replace`, exactly those of `add` are left. */
export type MemberChange = {
  readonly replace: boolean;
  readonly add: readonly string[];
  readonly remove: readonly string[];
};

export type DirectoryGroupMade = ResourceTimes & { readonly id: string; readonly version: number };

export type DirectoryGroupChange = {
  readonly version: number;
  readonly modified_at: Date;
  readonly outcome: 'updated' | 'unchanged' | 'version_mismatch';
};
