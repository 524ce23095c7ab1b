// The members of a group as sent -> ids of users.
import { DomainError } from '../../src/errors.ts';
import { isUuid } from '../../src/ids.ts';
import { objectOfText } from '../quirks/wrapped-objects.ts';
import { userIdOf } from '../schema/user-reference.ts';

/**
 * Elements are `{value}`, `{$ref}` alone, either as JSON text, or the bare id. An id that cannot be one of ours is
 * refused, or passed over where `lenient` (removing what is not there). Throws `invalid_value`, also for nested groups, which no directory sends.
 */
export function readMemberIds(value: unknown, options: { readonly lenient?: boolean } = {}): string[] {
  if (value === undefined || value === null) return [];
  const ids: string[] = [];
  for (const element of Array.isArray(value) ? value : [value]) {
    const id = idOf(element);
    if (typeof id === 'string' && isUuid(id)) ids.push(id.toLowerCase());
    else if (!options.lenient) {
      const shown = typeof id === 'string' ? `"${id.slice(0, 64)}"` : 'An element without a value';
      throw new DomainError('invalid_value', `members: ${shown} is no user of this directory.`);
    }
  }
  return ids;
}

function idOf(raw: unknown): unknown {
  const element = objectOfText(raw);
  if (typeof element !== 'object' || element === null) return element;
  const { value, type, $ref } = element as { value?: unknown; type?: unknown; $ref?: unknown };
  if (typeof type === 'string' && type.toLowerCase() === 'group') {
    throw new DomainError(
      'invalid_value',
      'members: groups inside groups are not taken. Assign the inner group itself.',
    );
  }
  return value ?? userIdOf($ref);
}
