// A directory's user as it comes in, and what became of it. Pure types.
import type { ResourceTimes } from './resource-times.ts';

/** What a directory states about one of its users. */
export type DirectoryUserInput = {
  readonly userName: string;
  readonly externalId: string | undefined;
  readonly active: boolean;
  /** The address that decides who this is (design, section 3). */
  readonly address: string | undefined;
  readonly displayName: string | undefined;
  readonly givenName: string | undefined;
  readonly familyName: string | undefined;
  /** The primary or first e-mail, as the sort key of `emails`. */
  readonly email: string | undefined;
  /** The resource as JSON text, without id, meta and groups. */
  readonly resource: string;
};

export type DirectoryUserChange = ResourceTimes & {
  readonly member_id: string;
  readonly version: number;
  readonly outcome: 'created' | 'reactivated' | 'updated' | 'unchanged' | 'version_mismatch';
  /** As in a DirectoryUserRow, where the change was read back with them. */
  readonly groups?: string | null;
};
