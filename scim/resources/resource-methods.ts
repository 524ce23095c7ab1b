// What each resource takes, by address (RFC 7644 section 3.2): the part of the routing table that bulk operations go
// through too.
import type { AgentKind } from '../../src/directory/directory-agent.ts';
import { DomainError } from '../../src/errors.ts';
import type { Handler } from '../exchange.ts';
import { createAgent, deleteAgent, getAgent, listAgents, patchAgent, replaceAgent } from './agents.ts';
import { createGroup, deleteGroup, getGroup, listGroups, patchGroup, replaceGroup } from './groups.ts';
import { createUser, deleteUser, getUser, listUsers, patchUser, replaceUser } from './users.ts';

export type Methods = { readonly [method: string]: Handler };

/** Under the address of the type. */
export const COLLECTION_METHODS: Readonly<Record<string, Methods>> = {
  '/Users': { GET: listUsers, POST: createUser },
  '/Groups': { GET: listGroups, POST: createGroup },
  '/Agents': { GET: listAgents('Agent'), POST: createAgent('Agent') },
  '/AgenticApplications': { GET: listAgents('AgenticApplication'), POST: createAgent('AgenticApplication') },
};

/** Under the address of one. */
export const RESOURCE_METHODS: Readonly<Record<string, Methods>> = {
  '/Users': { GET: getUser, PUT: replaceUser, PATCH: patchUser, DELETE: deleteUser },
  '/Groups': { GET: getGroup, PUT: replaceGroup, PATCH: patchGroup, DELETE: deleteGroup },
  '/Agents': agentMethods('Agent'),
  '/AgenticApplications': agentMethods('AgenticApplication'),
};

function agentMethods(kind: AgentKind): Methods {
  return { GET: getAgent(kind), PUT: replaceAgent(kind), PATCH: patchAgent(kind), DELETE: deleteAgent(kind) };
}

const PATH = /^(\/[A-Za-z]+)(?:\/([^/?]+))?$/;

/** The handler of a bulk operation. Throws `invalid_path` for an address that is no resource's and no type's. */
export function findResourceHandler(method: string, path: string): { readonly handler: Handler; readonly id: string } {
  const [, collection = '', id] = PATH.exec(path) ?? [];
  const table = id === undefined ? COLLECTION_METHODS : RESOURCE_METHODS;
  const methods = Object.hasOwn(table, collection) ? table[collection]! : undefined;
  if (!methods) throw new DomainError('invalid_path', `${path.slice(0, 200)} is no address of a resource.`);
  if (!Object.hasOwn(methods, method)) {
    throw new DomainError(
      'method_not_allowed',
      `${collection}${id === undefined ? '' : '/{id}'} does not take ${method}.`,
    );
  }
  return { handler: methods[method]!, id: id ?? '' };
}
