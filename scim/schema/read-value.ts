// One value of a body -> the value that is kept (RFC 7643 section 2.3): its type is checked, nulls and empty lists mean
// nothing is stated, what the attribute does not have is dropped and noted. What directories send a little differently
// is straightened by quirks/lenient-values.ts.
import { DomainError } from '../../src/errors.ts';
import { straighten } from '../quirks/lenient-values.ts';
import { type Attribute, findAttribute, LONGEST_STRING } from './attribute.ts';

/** JSON as kept. */
export type Json = string | number | boolean | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** What a request carried that is not kept, for the journal. */
export type Dropped = Set<string>;

/** Years and zones as Postgres reads them too, which compares the value later on. */
const DATE_TIME = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-](0\d|1[0-4]):\d\d)$/i;
const BASE64 = /^[A-Za-z0-9+/_\-\s]*={0,2}$/;
/** Of one attribute; members stand in a table of their own. Lists are compared element by element, on one thread for all. */
const MOST_VALUES = 1_000;

/** Undefined where nothing is stated. Throws `invalid_value`, naming `at`. */
export function readValue(attribute: Attribute, raw: unknown, at: string, dropped: Dropped): Json | undefined {
  if (!attribute.multiValued) {
    const single = Array.isArray(raw) && raw.length <= 1 ? raw[0] : raw;
    return readSingle(attribute, single, at, dropped);
  }
  if (raw === null || raw === undefined) return undefined;
  if (Array.isArray(raw)) refuseMany(raw, at);
  const elements = (Array.isArray(raw) ? raw : [raw])
    .map((element) => readSingle(attribute, element, at, dropped))
    .filter((element) => element !== undefined);
  refuseTwoPrimaries(elements, at);
  return elements.length > 0 ? elements : undefined;
}

function readSingle(attribute: Attribute, raw: unknown, at: string, dropped: Dropped): Json | undefined {
  if (raw === null || raw === undefined) return undefined;
  const value = straighten(attribute, raw);
  if (value === null || value === undefined) return undefined;
  if (attribute.type === 'complex') return readComplex(attribute, value, at, dropped);
  return readSimple(attribute, value, at);
}

function readComplex(attribute: Attribute, value: unknown, at: string, dropped: Dropped): JsonObject | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(at, 'an object', value);
  const kept: JsonObject = {};
  for (const [key, raw] of Object.entries(value)) {
    const sub = findAttribute(attribute.subAttributes, key);
    if (!sub || sub.mutability === 'readOnly') {
      if (!sub) dropped.add(`${at}.${key}`);
      continue;
    }
    const read = readValue(sub, raw, `${at}.${sub.name}`, dropped);
    if (read !== undefined) kept[sub.name] = read;
  }
  return Object.keys(kept).length > 0 ? kept : undefined;
}

function readSimple(attribute: Attribute, value: unknown, at: string): Json {
  switch (attribute.type) {
    case 'boolean':
      if (typeof value !== 'boolean') throw wrongType(at, 'true or false', value);
      return value;
    case 'integer':
      if (!Number.isSafeInteger(value)) throw wrongType(at, 'a whole number', value);
      return value as number;
    case 'decimal':
      if (typeof value !== 'number' || !Number.isFinite(value)) throw wrongType(at, 'a number', value);
      return value;
    default:
      return readString(attribute, value, at);
  }
}

function readString(attribute: Attribute, value: unknown, at: string): string {
  if (typeof value !== 'string') throw wrongType(at, 'a string', value);
  const longest = attribute.longest ?? LONGEST_STRING;
  if (value.length > longest) throw invalid(`${at} is longer than ${longest} characters.`);
  if (!value.isWellFormed() || value.includes('\0')) throw invalid(`${at} has a character that no text can have.`);
  if (attribute.type === 'dateTime' && !(DATE_TIME.test(value) && !Number.isNaN(Date.parse(value)))) {
    throw wrongType(at, 'a time such as 2026-01-31T12:00:00Z', value);
  }
  if (attribute.type === 'binary' && !BASE64.test(value)) throw wrongType(at, 'base64 text', value);
  return value;
}

/** Throws `invalid_value` for a list that is longer than one may be. */
export function refuseMany(list: readonly unknown[], at: string): void {
  if (list.length > MOST_VALUES) throw invalid(`${at} has ${list.length} values; at most ${MOST_VALUES} are kept.`);
}

function refuseTwoPrimaries(elements: readonly Json[], at: string): void {
  const primaries = elements.filter(
    (element) => typeof element === 'object' && 'primary' in element && element.primary === true,
  );
  if (primaries.length > 1) throw invalid(`${at} has ${primaries.length} primary values; at most one can be primary.`);
}

function wrongType(at: string, wanted: string, value: unknown): DomainError {
  const got = value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value;
  return invalid(`${at} must be ${wanted}, not ${got === 'string' ? 'this text' : got}.`);
}

function invalid(detail: string): DomainError {
  return new DomainError('invalid_value', detail);
}
