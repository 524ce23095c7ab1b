// Assignments on a resource (RFC 7644 section 3.5.2.1 to 3.5.2.3). Adding what is there changes nothing. A filter that
// matches no element makes one with the filter's own values, which Entra relies on.
import { DomainError } from '../../src/errors.ts';
import { matches } from '../filter/evaluate.ts';
import type { FilterNode } from '../filter/filter.ts';
import { resolveElementFilter } from '../filter/resolve.ts';
import { type Attribute, findAttribute, type ResourceType } from '../schema/attribute.ts';
import { immutableValues, refuseImmutableChange, requireAll, requireExtension } from '../schema/read-resource.ts';
import { type Dropped, type Json, type JsonObject, readValue, refuseMany } from '../schema/read-value.ts';
import type { Assignment, PatchStep } from './assignments.ts';
import { addElements, clearOtherPrimaries, isSameElement } from './elements.ts';

export type PatchRules = {
  /** Removing what a filter does not find: refused (`noTarget`), or nothing, as Entra and Okta expect. */
  readonly refusesMissingTarget: boolean;
};

/** Changes `resource` in place; throws `no_target`, `mutability`, `invalid_value`, and the resource is then to be dropped. */
export function applySteps(
  type: ResourceType,
  resource: JsonObject,
  steps: readonly PatchStep[],
  rules: PatchRules,
  dropped: Dropped,
): void {
  const before = immutableValues(type, resource);
  for (const step of steps) {
    if ('extension' in step) delete resource[step.extension.id];
    else assign(resource, step, rules, dropped);
  }
  requireAll(type, resource);
  for (const step of steps) {
    if ('target' in step && step.target.extension) requireExtension(step.target.extension, resource);
  }
  refuseImmutableChange(before, resource);
}

function assign(resource: JsonObject, step: Assignment, rules: PatchRules, dropped: Dropped): void {
  const { extension, attribute, sub } = step.target;
  if (extension) resource[extension.id] ??= {};
  const holder = extension ? asObject(resource[extension.id]!) : resource;
  const isRemoval = step.op === 'remove' || (step.value === null && !attribute.multiValued);
  if (isRemoval && attribute.required && !sub) {
    throw new DomainError('mutability', `${attribute.name} is required and cannot be removed.`);
  }
  if (attribute.multiValued) assignInList(holder, step, rules, dropped);
  else if (sub) assignPart(holder, attribute, sub, isRemoval ? undefined : readPart(step, sub, dropped));
  else assignWhole(holder, attribute, isRemoval ? undefined : readPart(step, attribute, dropped));
  if (extension && Object.keys(holder).length === 0) delete resource[extension.id];
}

function readPart(step: Assignment, attribute: Attribute, dropped: Dropped): Json | undefined {
  const at = step.target.sub ? `${step.target.attribute.name}.${attribute.name}` : attribute.name;
  return readValue(attribute, step.value, at, dropped);
}

function assignWhole(holder: JsonObject, attribute: Attribute, value: Json | undefined): void {
  const present = holder[attribute.name];
  if (value === undefined) delete holder[attribute.name];
  else if (attribute.type === 'complex' && present !== undefined && !isReference(attribute)) {
    holder[attribute.name] = { ...asObject(present), ...asObject(value) };
  } else holder[attribute.name] = value;
}

/** A reference such as `manager` is one thing: a new one takes nothing over from the one before. */
function isReference(attribute: Attribute): boolean {
  return findAttribute(attribute.subAttributes, '$ref') !== undefined;
}

function assignPart(holder: JsonObject, attribute: Attribute, sub: Attribute, value: Json | undefined): void {
  const whole = { ...asObject(holder[attribute.name] ?? {}) };
  if (isReference(attribute) && sub.name === 'value' && whole.value !== value) delete whole.$ref;
  if (value === undefined) delete whole[sub.name];
  else whole[sub.name] = value;
  if (Object.keys(whole).length === 0) delete holder[attribute.name];
  else holder[attribute.name] = whole;
}

function assignInList(holder: JsonObject, step: Assignment, rules: PatchRules, dropped: Dropped): void {
  const { attribute } = step.target;
  const present = (holder[attribute.name] as Json[] | undefined) ?? [];
  const next = nextList(present, step, rules, dropped);
  refuseMany(next, attribute.name);
  if (next.length === 0) delete holder[attribute.name];
  else holder[attribute.name] = next;
}

function nextList(present: Json[], step: Assignment, rules: PatchRules, dropped: Dropped): Json[] {
  const { attribute, sub } = step.target;
  if (step.filter || sub) return changeElements(present, step, step.filter, rules, dropped);
  if (step.op === 'remove') {
    if (step.value === undefined || step.value === null) return [];
    const gone = readElements(step, dropped);
    return present.filter((element) => !gone.some((each) => isSameElement(each, element)));
  }
  const stated = readElements(step, dropped);
  return step.op === 'replace' ? stated : addElements(attribute, present, stated);
}

function readElements(step: Assignment, dropped: Dropped): Json[] {
  const { attribute } = step.target;
  return (readValue(attribute, step.value, attribute.name, dropped) as Json[] | undefined) ?? [];
}

function changeElements(
  present: Json[],
  step: Assignment,
  filter: FilterNode | undefined,
  rules: PatchRules,
  dropped: Dropped,
): Json[] {
  const { attribute, sub } = step.target;
  const condition = filter && resolveElementFilter(attribute, filter);
  const isChosen = (element: Json) => !condition || matches(condition, element);
  const isFound = present.some(isChosen);
  if (step.op === 'remove') {
    if (!isFound && rules.refusesMissingTarget) throw noTarget(step);
    return present.flatMap((element) => (isChosen(element) ? withoutPart(element, sub) : [element]));
  }
  const value = readChange(step, dropped);
  if (!isFound) {
    const made = filter && elementOf(attribute, filter, dropped);
    if (!made) throw noTarget(step);
    return value === undefined
      ? present
      : clearOtherPrimaries([...present, change(made, value, sub, 'add')], present.length);
  }
  if (value === undefined)
    return present.flatMap((element) => (isChosen(element) ? withoutPart(element, sub) : [element]));
  let last = -1;
  const changed = present.map((element, index) => {
    if (!isChosen(element)) return element;
    last = index;
    return change(element, value, sub, step.op);
  });
  return clearOtherPrimaries(changed, last);
}

/** The new sub-attribute or element; a list of one stands for its element. */
function readChange(step: Assignment, dropped: Dropped): Json | undefined {
  const { attribute, sub } = step.target;
  if (sub) return readPart(step, sub, dropped);
  return readValue({ ...attribute, multiValued: false }, step.value, attribute.name, dropped);
}

function change(element: Json, value: Json, sub: Attribute | undefined, op: 'add' | 'replace' | 'remove'): Json {
  if (sub) return { ...asObject(element), [sub.name]: value };
  if (typeof value !== 'object' || op === 'replace') return value;
  return { ...asObject(element), ...asObject(value) };
}

function withoutPart(element: Json, sub: Attribute | undefined): Json[] {
  if (!sub) return [];
  const { [sub.name]: _, ...rest } = asObject(element);
  return Object.keys(rest).length > 0 ? [rest] : [];
}

/** The element that a filter of equalities describes, or undefined where it says anything else. */
function elementOf(attribute: Attribute, filter: FilterNode, dropped: Dropped): JsonObject | undefined {
  if (attribute.type !== 'complex') return undefined;
  const terms = filter.kind === 'and' ? filter.of : [filter];
  const element: JsonObject = {};
  for (const term of terms) {
    const sub =
      term.kind === 'compare' && term.op === 'eq' ? findAttribute(attribute.subAttributes, term.name) : undefined;
    if (!sub || term.kind !== 'compare') return undefined;
    const value = readValue(sub, term.value.text, `${attribute.name}.${sub.name}`, dropped);
    if (value !== undefined) element[sub.name] = value;
  }
  return element;
}

function asObject(value: Json): JsonObject {
  return typeof value === 'object' && !Array.isArray(value) ? value : {};
}

function noTarget(step: Assignment): DomainError {
  return new DomainError('no_target', `No element of ${step.target.attribute.name} is what the path asks for.`);
}
