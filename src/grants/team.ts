// The application's units of access.
import { slugOf } from '../matching/team-template.ts';

export type TeamKind = 'team' | 'project';

export type Team = {
  readonly id: string;
  /** Immutable, never used again; the name of the group in Keycloak. */
  readonly key: string;
  readonly displayName: string;
  readonly kind: TeamKind;
  readonly memberCount: number;
  readonly createdAt: Date;
};

/** A key made from a display name, for callers who give none: `Research & Development` -> `research-development`. */
export function teamKeyOf(displayName: string): string {
  return slugOf(displayName).slice(0, 60).replace(/-$/, '');
}
