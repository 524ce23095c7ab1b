// A role: a set of permissions with a rank. The effective role of a member is the one of highest rank that a grant gives.

export type Role = {
  readonly key: string;
  readonly displayName: string;
  readonly rank: number;
  readonly permissions: readonly string[];
  readonly fullControl: boolean;
  /** False for roles that only the system gives. */
  readonly assignable: boolean;
};
