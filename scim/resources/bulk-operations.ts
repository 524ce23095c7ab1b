// The message of POST /Bulk (RFC 7644 section 3.7) -> operations, and the references between them (section 3.7.1). Pure.
import { DomainError } from '../../src/errors.ts';
import { fieldOf, requireMessage } from '../schema/message.ts';
import { BULK_REQUEST } from '../schema/names.ts';

/** Announced as maxOperations and maxPayloadSize (bytes). */
export const MOST_OPERATIONS = 1_000;
export const LARGEST_BULK = 4 * 1024 * 1024;

export type Data = Readonly<Record<string, unknown>>;

export type BulkOperation = {
  readonly method: string;
  readonly bulkId: string | undefined;
  readonly version: string | undefined;
  readonly path: string;
  readonly data: Data;
  /** What the operation lacks; it fails alone. */
  readonly fault: DomainError | undefined;
};

export type Bulk = { readonly failOnErrors: number; readonly operations: readonly BulkOperation[] };

const METHODS = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Throws what is wrong with the message as a whole: `invalid_syntax`, `invalid_value`, `too_large`. */
export function readBulk(body: Data): Bulk {
  requireMessage(body, BULK_REQUEST, 'bulk request');
  const listed = fieldOf(body, 'operations');
  if (!Array.isArray(listed)) throw new DomainError('invalid_syntax', 'A bulk request needs a list of Operations.');
  if (listed.length > MOST_OPERATIONS) {
    throw new DomainError(
      'too_large',
      `The bulk request has ${listed.length} operations; maxOperations is ${MOST_OPERATIONS}.`,
    );
  }
  const failOnErrors = fieldOf(body, 'failonerrors') ?? 0;
  if (typeof failOnErrors !== 'number' || !Number.isInteger(failOnErrors) || failOnErrors < 0) {
    throw new DomainError('invalid_value', 'failOnErrors must be a whole number.');
  }
  const operations = listed.map(readOperation);
  const named = new Set<string>();
  for (const { bulkId } of operations) {
    if (bulkId === undefined) continue;
    if (named.has(bulkId)) throw new DomainError('invalid_value', `The bulkId ${bulkId} names two operations.`);
    named.add(bulkId);
  }
  return { failOnErrors: failOnErrors === 0 ? Number.POSITIVE_INFINITY : failOnErrors, operations };
}

function readOperation(raw: unknown, index: number): BulkOperation {
  const at = `Operation ${index + 1}`;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new DomainError('invalid_syntax', `${at} must be an object.`);
  }
  const text = (name: string): string | undefined => {
    const value = fieldOf(raw, name) ?? undefined;
    if (value === undefined || typeof value === 'string') return value;
    throw new DomainError('invalid_syntax', `${name} of ${at.toLowerCase()} must be a text.`);
  };
  const method = text('method')?.toUpperCase() ?? '';
  const bulkId = text('bulkid') || undefined;
  const stated = fieldOf(raw, 'data') ?? undefined;
  // the example of section 3.7.3 states a PATCH as the bare list of its operations
  const data = method === 'PATCH' && Array.isArray(stated) ? { Operations: stated } : stated;
  const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
  const fault = (): string | undefined => {
    if (!METHODS.has(method)) return `The method must be POST, PUT, PATCH or DELETE.`;
    if (method === 'POST' && bulkId === undefined) return 'A POST needs a bulkId.';
    if (method !== 'DELETE' && !isObject) return `A ${method} needs data, an object.`;
    return undefined;
  };
  const said = fault();
  return {
    method,
    bulkId,
    version: text('version'),
    path: text('path') ?? '',
    data: isObject ? (data as Data) : {},
    fault: said === undefined ? undefined : new DomainError('invalid_syntax', said),
  };
}

const REFERENCE = /^bulkId:(.+)$/;
/** Where a reference may stand: the attribute itself, also with its URN before it, as in a PATCH without a path. */
const REFERRING = /(?:^|[:.])(?:value|\$ref|manager|members)$/i;
const IN_A_PATH = /"bulkId:([^"\\]+)"/g;

/** The bulkIds that an operation needs resolved, in its path and in its data. */
export function referencesOf({ path, data }: BulkOperation): Set<string> {
  const found = new Set<string>();
  const ofPath = bulkIdOfPath(path);
  if (ofPath !== undefined) found.add(ofPath);
  resolve(data, (bulkId) => {
    found.add(bulkId);
    return '';
  });
  return found;
}

/** `/Users/bulkId:x` -> `x`. */
export function bulkIdOfPath(path: string): string | undefined {
  return REFERENCE.exec(path.slice(path.lastIndexOf('/') + 1))?.[1];
}

/** The data with ids in the place of references; what `idOf` does not know yet is left out, with what it stands in. */
export function resolveData(data: Data, idOf: (bulkId: string) => string | undefined): Data {
  return resolve(data, idOf) as Data;
}

const GONE = Symbol('left out');

function resolve(value: unknown, idOf: (bulkId: string) => string | undefined, key = ''): unknown {
  if (typeof value === 'string') return resolveText(value, idOf, key);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    return value.map((element) => resolve(element, idOf, key)).filter((element) => element !== GONE);
  }
  const resolved: [string, unknown][] = [];
  for (const [name, part] of Object.entries(value)) {
    const one = resolve(part, idOf, name);
    if (one !== GONE) resolved.push([name, one]);
    else if (/^(value|\$ref)$/i.test(name)) return GONE;
  }
  return Object.fromEntries(resolved);
}

function resolveText(text: string, idOf: (bulkId: string) => string | undefined, key: string): unknown {
  if (/^path$/i.test(key)) return text.replace(IN_A_PATH, (_, bulkId: string) => `"${idOf(bulkId) ?? ''}"`);
  const bulkId = REFERRING.test(key) ? REFERENCE.exec(text)?.[1] : undefined;
  return bulkId === undefined ? text : (idOf(bulkId) ?? GONE);
}
