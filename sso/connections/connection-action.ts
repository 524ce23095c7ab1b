// What the operations have in common that do something to one connection and answer with it.
import { z } from 'zod';
import type { SsoDeps } from '../deps.ts';
import { getConnection } from './connection-queries.ts';
import { connectionViewSchema } from './connection-view.ts';
import { showConnection } from './show-connection.ts';

export const ONE_CONNECTION = '/v1/organizations/{org}/connections/{connection}';

/** To be spread into an endpoint's declaration. */
export const connectionAction = {
  tag: 'Connections',
  access: { permission: 'connection.manage' },
  method: 'post',
  params: z.object({ connection: z.uuid() }),
  responses: { 200: { description: 'The connection afterwards', schema: connectionViewSchema } },
} as const;

/** The answer: the connection as it is now. Throws not_found. */
export async function answerConnection(deps: Pick<SsoDeps, 'db' | 'clock' | 'config'>, orgId: string, id: string) {
  return { status: 200, body: await showConnection(deps, await getConnection(deps, orgId, id)) };
}
