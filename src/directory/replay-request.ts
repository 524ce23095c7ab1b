// A kept request is made again, in a transaction that is rolled back: what it would answer and what it would change now.
// Nothing stays of it: no row, no job, no mark for Keycloak, no mail (all of them are rows of that transaction).
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { isUuid } from '../ids.ts';
import type { DirectoryCaller, DirectoryScope } from './directory.ts';
import { findDirectoryAsCaller } from './directory-queries.ts';
import { recordDirectoryEvent } from './directory-store.ts';
import { type KeptMessage, openMessage } from './journal-body.ts';
import { type AttributeChange, attributeChanges, type MembersChange, membersChange } from './journal-difference.ts';
import { findKeptRequest } from './journal-queries.ts';
import { listEventsOfTransaction, listGroupMemberIds, type ReplayedEvent } from './replay-queries.ts';

/** Answers a request as the SCIM service does, on the connection of the transaction that calls it. Never rejects. */
export type Perform = (
  caller: DirectoryCaller,
  message: KeptMessage,
) => Promise<{ readonly status: number; readonly body: unknown }>;

export type ReplayDeps = CoreDeps & {
  readonly perform: Perform;
  readonly config: { readonly secretKey: string };
};

export type Replay = {
  readonly request: KeptMessage;
  readonly answer: { readonly status: number; readonly body: unknown };
  /** Of the one user or group that the request is about. */
  readonly attributes: readonly AttributeChange[];
  /** Of a group's members. */
  readonly members: MembersChange | undefined;
  /** Everything that would be recorded: who would be admitted, suspended, put in a team, given a role. */
  readonly events: readonly ReplayedEvent[];
};

/**
 * Throws `not_found` where the entry is not this directory's, or its request was not kept, or no more. That somebody
 * looked into a kept request is recorded.
 */
export async function replayRequest(
  deps: ReplayDeps,
  ctx: RequestContext,
  scope: DirectoryScope,
  entryId: string,
): Promise<Replay> {
  const isId = isUuid(scope.directoryId) && isUuid(entryId);
  const kept = isId ? await findKeptRequest(deps, scope, entryId) : undefined;
  const directory = kept && (await findDirectoryAsCaller(deps, scope));
  if (!kept || !directory) {
    throw new DomainError('not_found', 'The whole request of this entry was not kept, or its 72 hours are over.');
  }
  const message = openMessage(deps.config.secretKey, kept.id, kept.sealed);
  await deps.db.inOrg(scope.orgId, (tx) =>
    recordDirectoryEvent(tx, {
      actor: ctx.actor,
      action: 'directory.request_replayed',
      directoryId: scope.directoryId,
      data: { entryId: kept.id },
    }),
  );
  const caller = { ...directory, tokenId: kept.id };
  return deps.db.dryRun(scope.orgId, (tx) => observe(deps, tx, caller, message));
}

async function observe(deps: ReplayDeps, tx: Tx, caller: DirectoryCaller, message: KeptMessage): Promise<Replay> {
  const place = placeOf(message.url);
  const before = await look(deps, tx, caller, place);
  const answer = await deps.perform(caller, message);
  const made = place && place.id === '' ? { ...place, id: idIn(answer.body) } : place;
  const after = await look(deps, tx, caller, made);
  return {
    request: message,
    answer,
    attributes: attributeChanges(before.resource, after.resource),
    members: made?.collection === 'Groups' ? membersChange(before.members, after.members) : undefined,
    events: await listEventsOfTransaction(tx),
  };
}

const COLLECTIONS = ['Users', 'Groups', 'Agents', 'AgenticApplications'] as const;
type Place = { readonly collection: (typeof COLLECTIONS)[number]; readonly id: string };
type Look = { readonly resource: unknown; readonly members: readonly string[] };

async function look(deps: ReplayDeps, tx: Tx, caller: DirectoryCaller, place: Place | undefined): Promise<Look> {
  if (!place || !isUuid(place.id)) return { resource: undefined, members: [] };
  const url = `/${place.collection}/${place.id}?excludedAttributes=members`;
  const { status, body } = await deps.perform(caller, { method: 'GET', url, body: undefined });
  const members = place.collection === 'Groups' ? await listGroupMemberIds(tx, caller, place.id) : [];
  return { resource: status === 200 ? body : undefined, members };
}

function placeOf(url: string): Place | undefined {
  const [, name, id = ''] = /^\/(\w+)(?:\/([0-9a-f-]{36}))?\/?(?:\?|$)/.exec(url) ?? [];
  const collection = COLLECTIONS.find((each) => each === name);
  return collection && { collection, id };
}

function idIn(body: unknown): string {
  const id = typeof body === 'object' && body !== null ? (body as { id?: unknown }).id : undefined;
  return typeof id === 'string' ? id : '';
}
