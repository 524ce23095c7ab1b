// One REST operation as data: method, path, who may, what comes in, what goes out. The same object parses the request,
// checks the permission, and becomes a paragraph of the OpenAPI document.
import type { z } from 'zod';
import type { RequestContext } from '../context.ts';
import type { Permission } from '../roles/permissions.ts';
import type { Rights } from '../roles/rights.ts';
import type { Principal } from './principal.ts';

type Schema = z.ZodType;
type Out<S> = S extends Schema ? z.output<S> : undefined;

/** What a handler gets: everything parsed. `orgId` is the organization of the path's `{org}`, which the caller may act on. */
export type Call<P, Q, B> = {
  readonly params: Out<P>;
  readonly query: Out<Q>;
  readonly body: Out<B>;
  readonly orgId: string;
  readonly principal: Principal;
  /** What the caller may do in that organization, and so hand on (law 4). */
  readonly rights: Rights;
  readonly ctx: RequestContext;
};

export type Answer = {
  readonly status: number;
  readonly body?: unknown;
  /** Path of what was made, for 201. */
  readonly location?: string;
};

/**
 * Who may call. A permission is asked of the organization in the path (an operator has all); `operator` is for those of
 * the realm; `principal` is any valid credential, and the handler decides by itself.
 */
export type Access = { readonly permission: Permission } | 'operator' | 'principal' | 'public';

export type Endpoint = {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** OpenAPI form, `/v1/organizations/{org}/teams`; `{org}` takes an id or a key. */
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  readonly access: Access;
  /** Further path parameters beside `{org}`. */
  readonly params?: Schema;
  readonly query?: Schema;
  readonly body?: Schema;
  /** The answers that the operation gives by itself; errors come from the error table. */
  readonly responses: Readonly<Record<number, { readonly description: string; readonly schema?: Schema }>>;
  /** A write in one organization that takes an `Idempotency-Key`. */
  readonly idempotent?: boolean;
  /** Fields of the answer that are shown once: a replay under the same key has null there (law 7). */
  readonly secrets?: readonly string[];
  readonly handle: (call: Call<Schema, Schema, Schema>) => Promise<Answer>;
};

/** Declares an endpoint with the types of its own schemas. */
export function endpoint<P extends Schema | undefined, Q extends Schema | undefined, B extends Schema | undefined>(
  definition: Omit<Endpoint, 'params' | 'query' | 'body' | 'handle'> & {
    params?: P;
    query?: Q;
    body?: B;
    handle: (call: Call<P, Q, B>) => Promise<Answer>;
  },
): Endpoint {
  return definition as unknown as Endpoint;
}
