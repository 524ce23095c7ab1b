// An access grant: a group or an attribute's value that lets people in by a connection, and the role that they get. Pure.
import type { UpstreamPerson } from '../sign-in/upstream-person.ts';

export type EntryGrant = {
  readonly id: string;
  readonly connectionId: string;
  /** The attribute or claim that is looked at; undefined = the groups. */
  readonly attribute: string | undefined;
  readonly value: string;
  /** What those who match get; undefined = the organization's default role. */
  readonly role: string | undefined;
  readonly createdAt: Date;
};

/** As `fold_key` in the database: NFC, case aside. */
function foldValue(value: string): string {
  return value.normalize('NFC').toLowerCase();
}

/**
 * Those that fit what the company said of this person.
 * @param groups what the sign-in named, or where it could not (overage) what the directory knows
 */
export function matchingGrants(
  grants: readonly EntryGrant[],
  person: Pick<UpstreamPerson, 'attributes'>,
  groups: readonly string[],
): EntryGrant[] {
  const folded = new Set(groups.map(foldValue));
  return grants.filter(({ attribute, value }) => {
    const wanted = foldValue(value.trim());
    if (attribute === undefined) return folded.has(wanted);
    return person.attributes.get(attribute)?.some((sent) => foldValue(sent.trim()) === wanted) ?? false;
  });
}
