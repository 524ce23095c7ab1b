// Entra asks `id eq "X" and manager eq "Y"` to see whether a reference is set (how-provisioning-works): an attribute of an
// extension without its URN. In a filter such a name is looked up in the extensions too; elsewhere it names nothing.
import type { ResourceType } from '../schema/attribute.ts';
import { type AttributePath, resolveAttribute } from '../schema/attribute-path.ts';

/** The attribute that a name in a filter means, or undefined. */
export function resolveFilterName(type: ResourceType, name: string): AttributePath | undefined {
  const found = resolveAttribute(type, name);
  if (found || name.includes(':')) return found;
  for (const extension of type.extensions) {
    const inside = resolveAttribute(type, `${extension.id}:${name}`);
    if (inside) return inside;
  }
  return undefined;
}
