// The process: reads the configuration, starts the parts of its role, serves until told to stop, and stops in reverse
// order, letting what is under way finish.
import { createServer } from 'node:http';
import { answerUnreadable } from '../scim/unreadable.ts';
import { createApp, createDeps } from './app.ts';
import { parseConfig } from './config.ts';
import { DomainError } from './errors.ts';

export type Role = { readonly web?: boolean; readonly worker?: boolean };

const DRAIN_MS = 8_000;
/** Longer than load balancers and clients keep an idle connection: a request would else meet one that just closes. */
const KEEP_ALIVE_MS = 75_000;

/** Runs until SIGTERM or SIGINT. */
export async function serve(role: Role): Promise<void> {
  const config = parseConfig(process.env);
  await using deps = await createDeps(config, role);
  const { log } = deps;
  const stopping = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
  const server = role.web ? createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, createApp(deps)) : undefined;
  if (server) {
    answerUnreadable(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const taken = error.code === 'EADDRINUSE';
        reject(
          taken
            ? new DomainError('unavailable', `Port ${config.port} is taken: stop what listens there or set PORT.`, {
                cause: error,
              })
            : error,
        );
      });
      server.listen(config.port, config.host, resolve);
    });
  }
  log.info({ role, port: server ? config.port : undefined, baseUrl: config.baseUrl }, 'started');
  const signal = await stopping;
  log.info({ signal }, 'stopping');
  if (server) await drain(server);
}

async function drain(server: ReturnType<typeof createServer>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const impatience = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  server.closeIdleConnections();
  await closed;
  clearTimeout(impatience);
}
