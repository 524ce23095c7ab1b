// Values that directories send a little differently from their attribute's type, each with who does so.
import type { Attribute } from '../schema/attribute.ts';
import { findAttribute } from '../schema/attribute.ts';
import { userIdOf } from '../schema/user-reference.ts';
import { objectOfText } from './wrapped-objects.ts';

type Quirk = { readonly reason: string; apply(attribute: Attribute, value: unknown): unknown };

const QUIRKS: readonly Quirk[] = [
  {
    reason: 'Entra (older) wraps single values as it does references: [{"$ref": null, "value": "False"}]',
    apply(attribute, value) {
      if (attribute.type === 'complex' || typeof value !== 'object' || value === null) return value;
      const { $ref: _, value: inner, ...rest } = value as Record<string, unknown>;
      return inner === undefined || Object.keys(rest).length > 0 ? value : inner;
    },
  },
  {
    reason: 'Entra (legacy) sends booleans as "True" and "False", also in roles[].primary',
    apply(attribute, value) {
      if (attribute.type !== 'boolean' || typeof value !== 'string') return value;
      const lower = value.toLowerCase();
      return lower === 'true' ? true : lower === 'false' ? false : value;
    },
  },
  {
    reason: 'SCIM-SDK (Java) sends objects as JSON text; a bare value that happens to be one has other keys',
    apply(attribute, value) {
      if (attribute.type !== 'complex' || typeof value !== 'string') return value;
      const object = objectOfText(value);
      if (typeof object !== 'object' || object === null) return value;
      return Object.keys(object).every((key) => findAttribute(attribute.subAttributes, key)) ? object : value;
    },
  },
  {
    reason: 'Entra sends a manager as the bare id, and list elements as bare values',
    apply(attribute, value) {
      if (attribute.type !== 'complex' || typeof value !== 'string') return value;
      return findAttribute(attribute.subAttributes, 'value') ? { value } : value;
    },
  },
  {
    reason: 'Entra (SingleAppRoleAssignment, AppRoleAssignmentsComplex) sends a role as a JSON text in value',
    apply(attribute, value) {
      if (attribute.name !== 'roles' || typeof value !== 'object' || value === null) return value;
      const inner = (value as { value?: unknown }).value;
      const role = typeof inner === 'string' ? objectOfText(inner) : undefined;
      if (typeof role !== 'object' || role === null) return value;
      const { value: name, displayName, display } = role as Record<string, unknown>;
      return typeof name === 'string' ? { ...value, value: name, display: displayName ?? display } : value;
    },
  },
  {
    reason: 'Entra names the text of a role displayName',
    apply(attribute, value) {
      if (attribute.name !== 'roles' || typeof value !== 'object' || value === null) return value;
      const { displayName, ...rest } = value as Record<string, unknown>;
      return displayName === undefined ? value : { display: displayName, ...rest };
    },
  },
  {
    reason: 'A manager may be stated by nothing but its address (RFC 7643 section 4.3 demands neither part)',
    apply(attribute, value) {
      if (attribute.name !== 'manager' || typeof value !== 'object' || value === null) return value;
      const { $ref, ...rest } = value as Record<string, unknown>;
      const id = (rest.value ?? undefined) === undefined ? userIdOf($ref) : undefined;
      return id === undefined ? value : { ...rest, value: id };
    },
  },
  {
    reason: 'Directories send the externalId of somebody who has none as an empty text; two such are not the same',
    apply: (attribute, value) => (attribute.name === 'externalId' && value === '' ? undefined : value),
  },
  {
    reason: 'Directories state an empty manager as an empty text to clear it',
    apply(attribute, value) {
      if (attribute.name !== 'manager' || typeof value !== 'object' || value === null) return value;
      return (value as { value?: unknown }).value === '' ? {} : value;
    },
  },
];

/** The value in the form that the attribute's type has, or as it came; undefined where it states nothing. */
export function straighten(attribute: Attribute, value: unknown): unknown {
  return QUIRKS.reduce((straight, quirk) => quirk.apply(attribute, straight), value);
}
