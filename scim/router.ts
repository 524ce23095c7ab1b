// The SCIM 2.0 service (RFC 7644) over plain node:http, so that the way of a request is short: the table of steps below,
// top to bottom, is all that happens to one. Whatever throws ends as a SCIM error; every request of a known directory
// is journalled.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Logger } from 'pino';
import type { DirectoryCaller, DirectoryDeps } from '../src/directory/directory.ts';
import { GatheredChanges } from '../src/directory/gathered-changes.ts';
import { GatheredReads } from '../src/directory/gathered-reads.ts';
import { sealMessage } from '../src/directory/journal-body.ts';
import { noteDetectedProfile } from '../src/directory/note-detected-profile.ts';
import { RecentUsers } from '../src/directory/recent-users.ts';
import type { Perform } from '../src/directory/replay-request.ts';
import { DomainError } from '../src/errors.ts';
import type { VerifyAccessToken } from '../src/http/access-token.ts';
import { RateLimit } from '../src/http/rate-limit.ts';
import { isUuid, newId } from '../src/ids.ts';
import type { CredentialCache } from '../src/keys/credential-cache.ts';
import { Callers, withDetected } from './callers.ts';
import { Cursors } from './cursor.ts';
import { performer } from './dry-run.ts';
import { errorAnswer } from './error.ts';
import { CONTENT_TYPE, type Handler, type ScimAnswer, type ScimServices } from './exchange.ts';
import { Journal } from './journal.ts';
import { PageMarks } from './page-marks.ts';
import { detectProfile } from './quirks/detect-profile.ts';
import { readJsonObject } from './read-body.ts';
import { readQuery } from './read-query.ts';
import { groupsAddress } from './render.ts';
import { findSelf, type Self } from './resources/me.ts';
import { findHandler, findRoute } from './routes.ts';
import { typesWith } from './schema/resource-types.ts';

const BEARER = /^Bearer +([\w.~+/-]+=*) *$/i;
const REQUEST_ID = /^[\w.:@/+=-]{1,128}$/;
const STALLED_MS = 60_000;
const ME = /^\/Me\/?$/;
const TAKES_BODY = new Set(['POST', 'PUT', 'PATCH']);

export type ScimDeps = DirectoryDeps & {
  readonly log: Logger;
  /** Started and closed by whoever made it. */
  readonly credentials: CredentialCache;
  /** The public origin of Drawbridge; the service is at its `/scim/v2`. */
  readonly baseUrl: string;
  /** From which the keys of cursors and of kept requests are derived. */
  readonly secretKey: string;
  /** For people's own requests; undefined when no Keycloak is configured. */
  readonly verifyAccessToken?: VerifyAccessToken | undefined;
  /** How many requests a second one directory may make. */
  readonly ratePerSecond: number;
  /** Called after each change. */
  readonly changed: () => void;
  /** Called after each answer; `route` is the template of the path. */
  readonly observe: (facts: ScimRequestFacts) => void;
};

export type ScimRequestFacts = {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
};

export type Scim = {
  /** Answers one request, whose `url` is relative to the mount. Never rejects. */
  handle(message: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Answers a request without the network, inside the caller's transaction: for replays. */
  readonly perform: Perform;
  /** Writes what the journal holds. */
  close(): Promise<void>;
};

/** A request between two steps; each step fills in what the next ones need. */
type Exchange = {
  readonly message: IncomingMessage;
  /** Of its journal entry, and of the request itself where the client names none. */
  readonly entryId: string;
  readonly requestId: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly dropped: Set<string>;
  caller?: DirectoryCaller;
  self?: Self;
  id: string;
  handler?: Handler;
  largestBody?: number | undefined;
  body: Readonly<Record<string, unknown>>;
  answer?: ScimAnswer;
};

type Parts = {
  readonly services: ScimServices;
  readonly callers: Callers;
  readonly verifyAccessToken: VerifyAccessToken | undefined;
};

type Step = (exchange: Exchange, parts: Parts) => Promise<void> | void;

const STEPS: readonly Step[] = [authenticate, refuseInactive, limitRate, findWay, readBody, detect, answer];

export function createScim(deps: ScimDeps): Scim {
  const baseUrl = `${deps.baseUrl.replace(/\/+$/, '')}/scim/v2`;
  const services: ScimServices = {
    db: deps.db,
    clock: deps.clock,
    log: deps.log,
    baseUrl,
    changed: deps.changed,
    marks: new PageMarks(deps.clock),
    cursors: new Cursors(deps.secretKey, deps.clock),
    limit: new RateLimit('This directory', deps.ratePerSecond, deps.clock),
    changes: new GatheredChanges(deps, groupsAddress(baseUrl)),
    reads: new GatheredReads(deps),
    recent: new RecentUsers(deps),
  };
  const parts = {
    services,
    callers: new Callers(services, deps.credentials),
    verifyAccessToken: deps.verifyAccessToken,
  };
  const journal = new Journal(services);
  return {
    perform: performer(services),
    async handle(message, response) {
      const startedAt = performance.now();
      const exchange = openExchange(message);
      const { answer, failure } = await walk(exchange, parts);
      const broken = await send(response, exchange.requestId, answer);
      finish(exchange, deps, journal, { answer, failure: failure ?? broken, latencyMs: performance.now() - startedAt });
    },
    async close() {
      await journal.flush();
    },
  };
}

async function walk(exchange: Exchange, parts: Parts): Promise<{ answer: ScimAnswer; failure?: unknown }> {
  try {
    for (const step of STEPS) {
      const work = step(exchange, parts);
      if (work) await work;
    }
    return { answer: exchange.answer! };
  } catch (failure) {
    return { answer: errorAnswer(failure, exchange.requestId), failure };
  }
}

function openExchange(message: IncomingMessage): Exchange {
  const url = message.url ?? '/';
  const mark = url.indexOf('?');
  const asked = message.headers['x-request-id'];
  const entryId = newId();
  return {
    message,
    entryId,
    requestId: typeof asked === 'string' && REQUEST_ID.test(asked) ? asked : entryId,
    path: mark < 0 ? url : url.slice(0, mark),
    query: readQuery(mark < 0 ? '' : url.slice(mark + 1)),
    dropped: new Set(),
    id: '',
    body: {},
  };
}

/** RFC 7644 section 2: a bearer token of the directory, which decides what the request can see at all. */
async function authenticate(exchange: Exchange, { services, callers, verifyAccessToken }: Parts): Promise<void> {
  const token = BEARER.exec(exchange.message.headers.authorization ?? '')?.[1];
  const caller = token === undefined ? undefined : await callers.find(token);
  if (!caller && token !== undefined && verifyAccessToken && ME.test(exchange.path)) {
    exchange.self = await findSelf(services, verifyAccessToken, token);
    exchange.caller = { ...exchange.self.directory, tokenId: exchange.self.personId };
    return;
  }
  if (!caller) {
    throw new DomainError('unauthenticated', 'The bearer token is missing, unknown, revoked or expired.');
  }
  exchange.caller = caller;
}

function refuseInactive({ caller }: Exchange): void {
  if (!caller!.isInactive) return;
  throw new DomainError(
    'directory_inactive',
    'This directory is switched off. An administrator can switch it on again.',
  );
}

function limitRate(exchange: Exchange, { services }: Parts): void {
  services.limit.take(exchange.self?.personId ?? exchange.caller!.directoryId);
}

function findWay(exchange: Exchange): void {
  const route = findRoute(exchange.path);
  exchange.handler = findHandler(route, exchange.message.method ?? 'GET');
  exchange.id = route.id;
  exchange.largestBody = route.largestBody;
}

async function readBody(exchange: Exchange): Promise<void> {
  const { message, largestBody } = exchange;
  if (TAKES_BODY.has(message.method ?? '')) exchange.body = await readJsonObject(message, largestBody);
}

/** A directory whose vendor nobody knows yet may give it away; the answer does not wait until that is recorded. */
function detect(exchange: Exchange, { services }: Parts): void {
  const { message, query, body } = exchange;
  const caller = exchange.caller!;
  if (caller.detectedProfile !== undefined || exchange.self) return;
  const detected = detectProfile({ userAgent: message.headers['user-agent'], query, body });
  if (detected === undefined) return;
  exchange.caller = withDetected(caller, detected);
  noteDetectedProfile(services, caller, detected).catch((error: unknown) =>
    services.log.warn({ err: error, directory: caller.directoryId }, 'a detected profile was not recorded'),
  );
}

async function answer(exchange: Exchange, { services }: Parts): Promise<void> {
  const { message, requestId, query, id, body, dropped } = exchange;
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = message.headers;
  const caller = exchange.caller!;
  const method = message.method ?? 'GET';
  const types = typesWith(caller.extensions, services.baseUrl);
  const self = exchange.self?.id;
  const request = { requestId, method, query, id, ifMatch, ifNoneMatch, caller, self, types, body, dropped };
  exchange.answer = await exchange.handler!(services, request);
}

/** Answers what broke a text that was sent in parts, which a client then sees cut off. */
async function send(response: ServerResponse, requestId: string, answer: ScimAnswer): Promise<unknown> {
  const headers: Record<string, string | number> = {
    'X-Request-Id': requestId,
    'Cache-Control': 'no-store',
    ...answer.headers,
  };
  if (answer.body === undefined) {
    response.writeHead(answer.status, headers).end();
    return undefined;
  }
  headers['Content-Type'] = CONTENT_TYPE;
  if (typeof answer.body !== 'string') {
    response.writeHead(answer.status, headers);
    return sendParts(response, answer.body);
  }
  headers['Content-Length'] = Buffer.byteLength(answer.body);
  response.writeHead(answer.status, headers).end(answer.body);
  return undefined;
}

/** As fast as the client takes them; one that takes nothing for a minute, or leaves, ends it. */
async function sendParts(response: ServerResponse, parts: AsyncIterable<string>): Promise<unknown> {
  response.setTimeout(STALLED_MS, () => response.destroy());
  try {
    await pipeline(Readable.from(parts), response);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE' ? undefined : error;
  }
}

type Outcome = { readonly answer: ScimAnswer; readonly failure?: unknown; readonly latencyMs: number };

/** One log line and one measurement for each request, one journal entry for each request of a directory. */
function finish(exchange: Exchange, deps: ScimDeps, journal: Journal, outcome: Outcome): void {
  const { entryId, requestId, caller, message, dropped } = exchange;
  const { answer, failure, latencyMs } = outcome;
  const isCutOff = failure !== undefined && answer.status < 400;
  if (answer.status >= 500 || isCutOff) deps.log.error({ requestId, err: failure }, 'scim request failed');
  const facts = { method: message.method ?? 'GET', route: routeOf(exchange), status: answer.status };
  deps.observe({ ...facts, durationMs: latencyMs });
  deps.log.info(
    { requestId, ...facts, durationMs: Math.round(latencyMs * 10) / 10, directory: caller?.directoryId },
    'request',
  );
  // the journal is the directory's: what people ask for themselves is none of it
  if (!caller || exchange.self) return;
  const detail = {
    ...answer.note,
    ...(dropped.size > 0 ? { dropped: [...dropped].slice(0, 50) } : {}),
    ...(failure instanceof DomainError ? { error: failure.code, detail: failure.message } : {}),
    ...(failure !== undefined && !(failure instanceof DomainError) ? { error: 'internal' } : {}),
  };
  journal.add({
    id: entryId,
    orgId: caller.orgId,
    directoryId: caller.directoryId,
    at: deps.clock.now(),
    requestId,
    method: facts.method,
    path: message.url ?? '/',
    status: answer.status,
    latencyMs,
    detail: Object.keys(detail).length > 0 ? JSON.stringify(detail, storable) : undefined,
    resourceId: resourceOf(exchange, answer),
    sealedBody: isKept(caller, facts.method, deps.clock.now())
      ? sealMessage(deps.secretKey, entryId, { method: facts.method, url: message.url ?? '/', body: exchange.body })
      : undefined,
  });
}

/** The resource of the path, else the one that was made. */
function resourceOf({ id, path }: Exchange, { headers }: ScimAnswer): string | undefined {
  if (isUuid(id)) return /^\/(Users|Groups|Agents|AgenticApplications)\//i.test(path) ? id : undefined;
  const made = headers?.Location?.slice(-36);
  return made !== undefined && isUuid(made) ? made : undefined;
}

function isKept({ keepBodiesUntil }: DirectoryCaller, method: string, now: Date): boolean {
  return keepBodiesUntil !== undefined && method !== 'GET' && keepBodiesUntil > now;
}

/** For JSON.stringify: what a request named may hold characters that no column can, and one would cost a whole batch. */
function storable(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value;
}

const KNOWN_ROUTE =
  /^\/(Users|Groups|Agents|AgenticApplications|Me|Bulk|Schemas|ResourceTypes|ServiceProviderConfig|\.search)(?=\/|$)/i;

/** Ids stay out of it: each would be a series of its own. */
function routeOf({ path, id }: Exchange): string {
  const resource = KNOWN_ROUTE.exec(path)?.[1];
  return resource === undefined ? '/scim/v2' : `/scim/v2/${resource}${id === '' ? '' : '/{id}'}`;
}
