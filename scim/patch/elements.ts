// Elements of multi-valued attributes: when two are the same, and that at most one is primary (RFC 7643 section 2.4,
// RFC 7644 section 3.5.2).
import { isDeepStrictEqual } from 'node:util';
import type { Attribute } from '../schema/attribute.ts';
import type { Json, JsonObject } from '../schema/read-value.ts';

/** The list with what is new in `stated`: an element that is there already takes on what is stated about it. */
export function addElements(attribute: Attribute, present: readonly Json[], stated: readonly Json[]): Json[] {
  let list = [...present];
  for (const element of stated) {
    const index = list.findIndex((each) => isSameElement(element, each));
    if (index < 0) list = clearOtherPrimaries([...list, element], list.length);
    else if (attribute.type === 'complex') {
      list[index] = { ...(list[index] as JsonObject), ...(element as JsonObject) };
      list = clearOtherPrimaries(list, index);
    }
  }
  return list;
}

/** Elements with a value are the same when value and type are (no type stated fits any); others when all of them is. */
export function isSameElement(stated: Json, present: Json): boolean {
  if (!isObject(stated) || !isObject(present)) return stated === present;
  if (stated.value === undefined) return isDeepStrictEqual(stated, present);
  return stated.value === present.value && (stated.type === undefined || stated.type === present.type);
}

/** Where the element at `index` is primary, no other stays so. */
export function clearOtherPrimaries(list: Json[], index: number): Json[] {
  const chosen = list[index];
  if (chosen === undefined || !isObject(chosen) || chosen.primary !== true) return list;
  return list.map((element, at) =>
    at !== index && isObject(element) && element.primary === true ? { ...element, primary: false } : element,
  );
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && !Array.isArray(value);
}
