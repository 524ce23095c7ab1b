// Every address of the service and what it takes (RFC 7644 section 3.2): one table, read from top to bottom.
import { DomainError } from '../src/errors.ts';
import type { Handler } from './exchange.ts';
import { bulk } from './resources/bulk.ts';
import { LARGEST_BULK } from './resources/bulk-operations.ts';
import {
  getResourceType,
  getSchema,
  getServiceProviderConfig,
  listResourceTypes,
  listSchemas,
} from './resources/discovery.ts';
import { getMe, refuseMe } from './resources/me.ts';
import { COLLECTION_METHODS, type Methods, RESOURCE_METHODS } from './resources/resource-methods.ts';
import { listAll, searchAgents, searchAll, searchGroups, searchUsers } from './resources/search.ts';

export type Route = {
  readonly methods: Methods;
  readonly id: string;
  /** The bytes of a body that it takes, where they are fewer than elsewhere. */
  readonly largestBody?: number;
};

/** Addresses without an id. */
const COLLECTIONS: Readonly<Record<string, Methods>> = {
  ...COLLECTION_METHODS,
  '/Users/.search': { POST: searchUsers },
  '/Groups/.search': { POST: searchGroups },
  '/Agents/.search': { POST: searchAgents('Agent') },
  '/AgenticApplications/.search': { POST: searchAgents('AgenticApplication') },
  '/.search': { POST: searchAll },
  '/': { GET: listAll },
  '/ServiceProviderConfig': { GET: getServiceProviderConfig },
  '/ResourceTypes': { GET: listResourceTypes },
  '/Schemas': { GET: listSchemas },
  '/Bulk': { POST: bulk },
  '/Me': { GET: getMe, POST: refuseMe, PUT: refuseMe, PATCH: refuseMe, DELETE: refuseMe },
};

/** Addresses with an id after them. */
const RESOURCES: Readonly<Record<string, Methods>> = {
  ...RESOURCE_METHODS,
  '/ResourceTypes': { GET: getResourceType },
  '/Schemas': { GET: getSchema },
};

/** The route of a path (without its query); throws `not_found` where nothing is served. */
export function findRoute(path: string): Route {
  // a base address that ends with a slash, and clients that join it with another
  const single = path.replace(/^\/+/, '/');
  const plain = single.length > 1 && single.endsWith('/') ? single.slice(0, -1) : single;
  if (plain === '/Bulk') return { methods: COLLECTIONS[plain]!, id: '', largestBody: LARGEST_BULK };
  if (Object.hasOwn(COLLECTIONS, plain)) return { methods: COLLECTIONS[plain]!, id: '' };
  const slash = plain.indexOf('/', 1);
  const collection = plain.slice(0, slash);
  const id = decode(plain.slice(slash + 1));
  if (slash < 0 || !Object.hasOwn(RESOURCES, collection) || id === undefined || id === '') {
    throw new DomainError('not_found', 'There is nothing at this address.');
  }
  return { methods: RESOURCES[collection]!, id };
}

/**
 * The handler of a method; throws `method_not_allowed` with those that the address takes. HEAD is a GET whose body stays
 * behind (RFC 9110 section 9.3.2), OPTIONS says what there is.
 */
export function findHandler(route: Route, method: string): Handler {
  if (Object.hasOwn(route.methods, method)) return route.methods[method]!;
  if (method === 'HEAD' && Object.hasOwn(route.methods, 'GET')) return route.methods.GET!;
  if (method === 'OPTIONS') return () => ({ status: 204, headers: { Allow: allowed(route) } });
  throw new DomainError('method_not_allowed', `This address does not take ${method}.`, {
    data: { allow: allowed(route) },
  });
}

function allowed({ methods }: Route): string {
  const own = Object.keys(methods);
  return [...own, ...(own.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
}

function decode(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
