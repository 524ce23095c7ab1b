// Reads Keycloak's two streams of events, oldest first, page by page, from a time on (both ends included).
import type AdminEventRepresentation from '@keycloak/keycloak-admin-client/lib/defs/adminEventRepresentation.js';
import type EventRepresentation from '@keycloak/keycloak-admin-client/lib/defs/eventRepresentation.js';
import type { KeycloakAdmin } from './admin.ts';
import { type KeycloakEvent, WATCHED_RESOURCES, WATCHED_TYPES } from './event.ts';

const PAGE = 500;

export type EventStream = KeycloakEvent['stream'];

/** Pages of at most 500, until Keycloak has no more. New events append, so that counting off from `from` holds. */
export async function* readEvents(
  admin: KeycloakAdmin,
  stream: EventStream,
  from: Date,
): AsyncGenerator<KeycloakEvent[]> {
  for (let first = 0; ; first += PAGE) {
    const page = await readPage(admin, stream, { dateFrom: from.getTime(), direction: 'asc', first, max: PAGE });
    if (page.length > 0) yield page;
    if (page.length < PAGE) return;
  }
}

// The client's types lack `direction` and know times as days only; both go out as they are.
type Window = { dateFrom: number; direction: 'asc'; first: number; max: number };

async function readPage(admin: KeycloakAdmin, stream: EventStream, window: Window): Promise<KeycloakEvent[]> {
  const { realm } = admin;
  if (stream === 'user') {
    const query = { realm, type: WATCHED_TYPES, ...window } as never;
    return (await admin.call((api) => api.realms.findEvents(query))).map(userEvent);
  }
  const query = { realm, resourceTypes: WATCHED_RESOURCES, ...window } as never;
  return (await admin.call((api) => api.realms.findAdminEvents(query))).map(adminEvent);
}

type WithId<T> = T & { readonly id?: string };

function userEvent(event: WithId<EventRepresentation>): KeycloakEvent {
  const { id, time, type, userId, sessionId, details } = event;
  return { stream: 'user', id: id!, time: time!, type: type ?? '', userId, sessionId, details: details ?? {} };
}

function adminEvent(event: WithId<AdminEventRepresentation>): KeycloakEvent {
  const { id, time, authDetails, resourceType = '', resourcePath = '' } = event;
  const { details } = event as { details?: Record<string, string> };
  return {
    stream: 'admin',
    id: id!,
    time: time!,
    by: authDetails?.userId,
    resourceType,
    resourcePath,
    details: details ?? {},
  };
}
