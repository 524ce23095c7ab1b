// Turns declared endpoints into routes. Every request goes down one list of steps: who asks, in which organization, may
// they, what do they send, once only; then the handler. Order matters: nothing of a body is read for a stranger.
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Logger } from 'pino';
import type { RequestContext } from '../context.ts';
import { DomainError } from '../errors.ts';
import { type AuthenticateDeps, authenticate } from './authenticate.ts';
import { actorOf, findPlace, type Place, requireAccess } from './authorize.ts';
import type { Answer, Call, Endpoint } from './endpoint.ts';
import { answerOnce, checkIdempotencyKey, hashRequest, type IdempotentAnswer } from './idempotency.ts';
import { parseRequest } from './parse-request.ts';
import type { Principal } from './principal.ts';
import { type JsonBody, readJsonBody } from './read-body.ts';
import { scopeOf } from './request-scope.ts';
import { findUnstorable } from './storable-text.ts';

export type MountDeps = AuthenticateDeps & { readonly log: Logger };

const BODY_LIMIT_BYTES = 1024 * 1024;
const NOBODY: Principal = {
  kind: 'person',
  personId: 'nobody',
  keycloakSession: undefined,
  session: { connectionId: undefined, loginAt: undefined, authenticatedAt: undefined },
};

/** Routes of all endpoints; a known path with another method is 405 with `Allow`. */
export function mountEndpoints(endpoints: readonly Endpoint[], deps: MountDeps): Router {
  const router = Router({ caseSensitive: true });
  const methods = new Map<string, string[]>();
  for (const declared of endpoints) {
    const path = expressPath(declared.path);
    router[declared.method](path, endpointHandler(declared, deps));
    methods.set(path, [...(methods.get(path) ?? []), declared.method.toUpperCase()]);
  }
  for (const [path, allowed] of methods) router.all(path, refuseMethod(allowed));
  return router;
}

function endpointHandler(declared: Endpoint, deps: MountDeps): RequestHandler {
  return async (request, response) => {
    const scope = scopeOf(response);
    scope.route = declared.path;
    response.setHeader('Cache-Control', 'no-store');
    refuseUnstorable(request);
    const principal = await principalFor(declared, request, response, deps);
    const place = await placeFor(declared, principal, request, deps);
    requireAccess(declared.access, principal, place, declared.method !== 'get');
    const body = await readJsonBody(request, response, BODY_LIMIT_BYTES);
    const parsed = parseRequest(declared, request, body?.value);
    const ctx: RequestContext = {
      requestId: scope.requestId,
      log: scope.log,
      actor: declared.access === 'public' ? { kind: 'system', id: 'public' } : actorOf(principal, place),
    };
    const call = { ...parsed, orgId: place?.orgId ?? '', rights: place?.rights, principal, ctx } as Call<
      never,
      never,
      never
    >;
    const answer = await once(declared, request, { principal, place, body, deps }, () => declared.handle(call));
    send(response, answer);
  };
}

function refuseUnstorable(request: Request): void {
  if (findUnstorable(request.params)) throw new DomainError('not_found', 'There is nothing at this address.');
  const fault = findUnstorable(request.query);
  if (fault !== undefined) throw new DomainError('invalid_request', fault);
}

async function principalFor(
  declared: Endpoint,
  request: Request,
  response: Response,
  deps: MountDeps,
): Promise<Principal> {
  if (declared.access === 'public') return NOBODY;
  const principal = await authenticate(deps, request.get('authorization'));
  const id = principal.kind === 'person' ? principal.personId : principal.id;
  scopeOf(response).principal = { kind: principal.kind, id };
  return principal;
}

async function placeFor(declared: Endpoint, principal: Principal, request: Request, deps: MountDeps) {
  const { org } = request.params;
  if (typeof org !== 'string' || declared.access === 'public') return undefined;
  return findPlace(deps, principal, org);
}

type Facts = {
  readonly principal: Principal;
  readonly place: Place | undefined;
  readonly body: JsonBody | undefined;
  readonly deps: MountDeps;
};

/** The handler, behind the idempotency key if one was sent. */
async function once(
  declared: Endpoint,
  request: Request,
  { principal, place, body, deps }: Facts,
  handle: () => Promise<Answer>,
): Promise<IdempotentAnswer> {
  const key = request.get('idempotency-key');
  if (key === undefined || !declared.idempotent || !place) return { ...(await handle()), replayed: false };
  checkIdempotencyKey(key);
  const caller = JSON.stringify(actorOf(principal, place));
  const hash = hashRequest([caller, declared.method, request.originalUrl, body?.bytes ?? '']);
  return answerOnce(deps.db, { orgId: place.orgId, key, hash, secrets: declared.secrets ?? [] }, handle);
}

function send(response: Response, answer: IdempotentAnswer): void {
  if (answer.location !== undefined) response.setHeader('Location', answer.location);
  if (answer.replayed) response.setHeader('Idempotent-Replayed', 'true');
  response.status(answer.status);
  if (answer.body === undefined) response.end();
  else response.json(answer.body);
}

function refuseMethod(allowed: readonly string[]): RequestHandler {
  return (_request, response) => {
    response.setHeader('Allow', allowed.join(', '));
    throw new DomainError('method_not_allowed', `This address takes ${allowed.join(', ')}.`);
  };
}

/** `/v1/organizations/{org}` as Express writes it. */
function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
