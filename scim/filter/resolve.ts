// Names of a filter -> places in our storage. An attribute that the resource type does not have is refused, never taken
// for "all" or "none"; values are read by their attribute's type.
import type { DirectoryFilter, DirectoryOrder, FilterValue, Target } from '../../src/directory/directory-filter.ts';
import { DomainError } from '../../src/errors.ts';
import { resolveFilterName } from '../quirks/unqualified-names.ts';
import { type Attribute, findAttribute, type ResourceType, valueKind } from '../schema/attribute.ts';
import { type AttributePath, keysOf, resolveAttribute } from '../schema/attribute-path.ts';
import type { FilterNode, Literal } from './filter.ts';

type Compare = FilterNode & { kind: 'compare' | 'present' };
/** How the names of one level are looked up. */
type Level = { resolve(node: Compare): DirectoryFilter; element(name: string, of: FilterNode): DirectoryFilter };

/** Throws `invalid_filter`. */
export function resolveFilter(type: ResourceType, node: FilterNode): DirectoryFilter {
  return walk(node, {
    resolve: (term) => resolveTerm(type, term),
    element(name, of) {
      const path = resolveFilterName(type, name);
      if (!path || path.sub || !(path.attribute.multiValued || path.attribute.type === 'complex')) {
        throw refusal(`${name} has no parts that could be filtered`);
      }
      if (!path.attribute.multiValued) return resolvePartsFilter(type, name, of);
      return someElement(path, resolveElementFilter(path.attribute, of, type.baseUrl));
    },
  });
}

/** `name[familyName eq "x"]`: a single complex attribute is its only element. */
function resolvePartsFilter(type: ResourceType, name: string, node: FilterNode): DirectoryFilter {
  return walk(node, {
    resolve: (term) => resolveTerm(type, { ...term, name: `${name}.${term.name}` }),
    element: refuseNested,
  });
}

/**
 * A filter whose names are the sub-attributes of one element, as between the brackets of a path. Addresses in it are
 * compared where `baseUrl` says what they begin with.
 */
export function resolveElementFilter(attribute: Attribute, node: FilterNode, baseUrl?: string): DirectoryFilter {
  return walk(node, {
    resolve(term) {
      if (attribute.type !== 'complex') {
        if (term.name.toLowerCase() !== 'value') throw refusal(`${attribute.name} has no ${term.name}`);
        return condition(term, attribute, { path: [], kind: valueKind(attribute) });
      }
      const sub = findAttribute(attribute.subAttributes, term.name);
      if (!sub) throw refusal(`${attribute.name} has no ${term.name}`);
      return condition(term, sub, targetInElement(attribute, sub, baseUrl));
    },
    element: refuseNested,
  });
}

function refuseNested(name: string): never {
  throw refusal(`${name}[…] stands inside another bracket`);
}

/** Throws `invalid_value` where the attribute is unknown or has no order. */
export function resolveOrder(type: ResourceType, sortBy: string, descending: boolean): DirectoryOrder {
  const path = resolveAttribute(type, sortBy);
  const attribute = path && (path.sub ?? defaultSub(path.attribute) ?? path.attribute);
  const list = path?.attribute.multiValued ? path.attribute : undefined;
  const column = list ? list.sortColumn : attribute?.column;
  if (!path || !attribute || attribute.type === 'complex' || (list && !column) || isNeverShown(path)) {
    throw new DomainError('invalid_value', `Resources cannot be sorted by ${sortBy}.`);
  }
  const keys = path.sub || path.attribute !== attribute ? [...keysOf(path), attribute.name] : keysOf(path);
  const target: Target = column ? { column } : { path: keys, kind: valueKind(attribute) };
  return { target, descending };
}

function walk(node: FilterNode, level: Level): DirectoryFilter {
  switch (node.kind) {
    case 'and':
    case 'or':
      return { op: node.kind, of: node.of.map((part) => walk(part, level)) };
    case 'not':
      return { op: 'not', of: walk(node.of, level) };
    case 'element':
      return level.element(node.name, node.of);
    default:
      return level.resolve(node);
  }
}

function resolveTerm(type: ResourceType, term: Compare): DirectoryFilter {
  const path = resolveFilterName(type, term.name);
  if (!path) throw refusal(`${term.name} is no attribute of a ${type.name}`);
  if (isNeverShown(path)) throw refusal(`${term.name} is never returned, so nobody is found by it`);
  const { attribute } = path;
  if (attribute.multiValued) return resolveListTerm(type, path, term);
  if (attribute.type !== 'complex') {
    return keyed(attribute, condition(term, attribute, targetOf(attribute, keysOf(path))));
  }
  const sub = path.sub ?? (term.kind === 'compare' ? defaultSub(attribute) : undefined);
  if (sub) return resolvePart(type, path, sub, term);
  if (term.kind === 'compare') throw refusal(`${attribute.name} has parts; compare one of them`);
  if (attribute.name === 'meta') return always();
  return { op: 'present', target: { path: keysOf(path), kind: 'text' } };
}

function resolvePart(type: ResourceType, path: AttributePath, sub: Attribute, term: Compare): DirectoryFilter {
  const known = metaCondition(type, path.attribute, sub, term);
  if (known) return known;
  const target = targetOf(sub, [...keysOf(path), sub.name]);
  if (!sub.addressOf) return keyed(sub, condition(term, sub, target));
  // the address as it was stated, else ours
  const ours = addressIn(sub.addressOf, type.baseUrl, term);
  const stated: DirectoryFilter = { op: 'present', target };
  return {
    op: 'or',
    of: [
      { op: 'and', of: [stated, condition(term, sub, target)] },
      { op: 'and', of: [{ op: 'not', of: stated }, condition(term, sub, ours)] },
    ],
  };
}

function resolveListTerm(type: ResourceType, path: AttributePath, term: Compare): DirectoryFilter {
  const { attribute } = path;
  const list = attribute.collection ?? keysOf(path);
  if (attribute.type !== 'complex') {
    const where = condition(term, attribute, { path: [], kind: valueKind(attribute) });
    return { op: 'some', in: list, where };
  }
  const sub = path.sub ?? (term.kind === 'compare' ? defaultSub(attribute) : undefined);
  if (sub) return someElement(path, condition(term, sub, targetInElement(attribute, sub, type.baseUrl)));
  if (term.kind === 'compare') throw refusal(`${attribute.name} of a ${type.name} has parts; compare one of them`);
  return { op: 'some', in: list };
}

/** One element satisfies `where`; begins at the keys where that names a value that is kept as one. */
function someElement(path: AttributePath, where: DirectoryFilter): DirectoryFilter {
  const filter: DirectoryFilter = { op: 'some', in: path.attribute.collection ?? keysOf(path), where };
  const terms = where.op === 'and' ? where.of : [where];
  for (const term of terms) {
    if (term.op !== 'eq' || !('path' in term.target)) continue;
    const sub = findAttribute(path.attribute.subAttributes, term.target.path.join('.'));
    if (sub?.place) return keyedBy(sub, term.value, filter);
  }
  return filter;
}

function keyed(attribute: Attribute, filter: DirectoryFilter): DirectoryFilter {
  return attribute.place && filter.op === 'eq' ? keyedBy(attribute, filter.value, filter) : filter;
}

/** Beyond it, stored keys are cut. */
const LONGEST_KEY = 256;

function keyedBy({ place, caseExact }: Attribute, value: FilterValue, of: DirectoryFilter): DirectoryFilter {
  const text = String(value);
  return text.length > LONGEST_KEY ? of : { op: 'keyed', place: place!, value: text, isFolded: !caseExact, of };
}

function isNeverShown({ attribute, sub }: AttributePath): boolean {
  return attribute.returned === 'never' || sub?.returned === 'never';
}

/** meta.resourceType is the same for all of a type, and meta.location is made of the id. */
function metaCondition(
  type: ResourceType,
  attribute: Attribute,
  sub: Attribute,
  term: Compare,
): DirectoryFilter | undefined {
  if (attribute.name !== 'meta' || sub.column) return undefined;
  if (sub.name === 'location') {
    return condition(term, sub, addressIn({ endpoint: type.endpoint, column: 'id' }, type.baseUrl, term));
  }
  if (term.kind === 'present') return always();
  if (term.op !== 'eq' && term.op !== 'ne') throw refusal('meta.resourceType compares with eq and ne only');
  const isEqual = term.value.text === type.name;
  return isEqual === (term.op === 'eq') ? always() : never();
}

const always = (): DirectoryFilter => ({ op: 'and', of: [{ op: 'present', target: { column: 'id' } }] });
const never = (): DirectoryFilter => ({ op: 'not', of: always() });

/** `emails eq "x"` means its value (RFC 7643 section 2.4), and so does Entra's `manager eq "id"`. */
function defaultSub(attribute: Attribute): Attribute | undefined {
  return findAttribute(attribute.subAttributes, 'value');
}

function targetOf(attribute: Attribute, keys: readonly string[]): Target {
  return attribute.column ? { column: attribute.column } : { path: keys, kind: valueKind(attribute) };
}

function addressIn(
  { endpoint, column }: NonNullable<Attribute['addressOf']>,
  baseUrl: string | undefined,
  { name }: Pick<Compare, 'name'>,
): Target {
  if (baseUrl === undefined) throw refusal(`${name} cannot be filtered here; use the id`);
  return { column, prefix: `${baseUrl}${endpoint}/` };
}

function targetInElement(list: Attribute, sub: Attribute, baseUrl: string | undefined): Target {
  if (!list.collection) return { path: [sub.name], kind: valueKind(sub) };
  if (sub.addressOf) return addressIn(sub.addressOf, baseUrl, sub);
  if (!sub.column) throw refusal(`${list.name}.${sub.name} cannot be filtered; use ${list.name}.value`);
  return { column: sub.column };
}

function condition(term: Compare, attribute: Attribute, target: Target): DirectoryFilter {
  if (term.kind === 'present') return { op: 'present', target };
  const { op, value } = term;
  if (!value.quoted && value.text.toLowerCase() === 'null') {
    if (op === 'ne') return { op: 'present', target };
    if (op === 'eq') return { op: 'not', of: { op: 'present', target } };
    throw refusal(`Nothing is ${op} null`);
  }
  const kind = valueKind(attribute);
  const isText = kind === 'text' || kind === 'folded';
  if ((op === 'co' || op === 'sw' || op === 'ew') && !isText) throw refusal(`${attribute.name} is no text: no ${op}`);
  if (kind === 'boolean' && op !== 'eq' && op !== 'ne') throw refusal(`${attribute.name} is true or false: no ${op}`);
  return { op, target, value: readValue(value, kind, attribute) };
}

function readValue({ text }: Literal, kind: ReturnType<typeof valueKind>, attribute: Attribute): FilterValue {
  switch (kind) {
    case 'boolean': {
      const lower = text.toLowerCase();
      if (lower !== 'true' && lower !== 'false') throw refusal(`${attribute.name} is true or false, not "${text}"`);
      return lower === 'true';
    }
    case 'number': {
      const number = Number(text);
      if (text.trim() === '' || !Number.isFinite(number)) throw refusal(`${attribute.name} is a number, not "${text}"`);
      return number;
    }
    case 'time': {
      // without a zone, UTC: the same instant wherever the service runs
      const time = new Date(/^\d{4}-\d\d-\d\dT[\d:.]+$/.test(text) ? `${text}Z` : text);
      const year = time.getUTCFullYear();
      if (Number.isNaN(year) || year < 1 || year > 9999) throw refusal(`${attribute.name} is a time, not "${text}"`);
      return time.toISOString();
    }
    default:
      return text;
  }
}

function refusal(problem: string): DomainError {
  return new DomainError('invalid_filter', `${problem}.`);
}
