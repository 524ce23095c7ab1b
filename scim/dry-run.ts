// A request answered without the network: through the same table of routes and the same handlers, with nobody told that
// something changed. Whoever calls it has opened the transaction that its statements join.
import type { DirectoryCaller } from '../src/directory/directory.ts';
import type { KeptMessage } from '../src/directory/journal-body.ts';
import type { Perform } from '../src/directory/replay-request.ts';
import { RateLimit } from '../src/http/rate-limit.ts';
import { newId } from '../src/ids.ts';
import { wholeText } from './body-text.ts';
import { errorAnswer } from './error.ts';
import type { ScimAnswer, ScimServices } from './exchange.ts';
import { PageMarks } from './page-marks.ts';
import { readQuery } from './read-query.ts';
import { findHandler, findRoute } from './routes.ts';
import { typesWith } from './schema/resource-types.ts';

export function performer(services: ScimServices): Perform {
  return async (caller, message) => {
    const quiet: ScimServices = {
      ...services,
      changed: () => {},
      // what it believes to be written is rolled back
      marks: new PageMarks(services.clock),
      // a bulk request that is only looked at takes nothing of what its directory may ask
      limit: new RateLimit('This directory', Number.MAX_SAFE_INTEGER, services.clock),
    };
    const { status, body } = await answer(quiet, caller, message);
    return { status, body: body === undefined ? undefined : JSON.parse(await wholeText(body)) };
  };
}

async function answer(services: ScimServices, caller: DirectoryCaller, message: KeptMessage): Promise<ScimAnswer> {
  const requestId = newId();
  const mark = message.url.indexOf('?');
  const path = mark < 0 ? message.url : message.url.slice(0, mark);
  try {
    const route = findRoute(path);
    const handler = findHandler(route, message.method);
    return await handler(services, {
      requestId,
      method: message.method,
      query: readQuery(mark < 0 ? '' : message.url.slice(mark + 1)),
      id: route.id,
      // what the client knew then is no condition for what would happen now
      ifMatch: undefined,
      ifNoneMatch: undefined,
      caller,
      types: typesWith(caller.extensions, services.baseUrl),
      body: (message.body ?? {}) as Readonly<Record<string, unknown>>,
      dropped: new Set(),
    });
  } catch (failure) {
    return errorAnswer(failure, requestId);
  }
}
