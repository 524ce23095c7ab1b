// /healthz: the process lives. /readyz: it can serve: no without its database or with migrations pending, otherwise yes,
// naming what is degraded (Keycloak's lag, mail), because those are waited for, not needed.
import { type Response, Router } from 'express';
import type { Database } from '../db/database.ts';
import { pendingMigrations } from '../db/migrate.ts';
import { scopeOf } from './request-scope.ts';

type Degradation = { readonly part: string; readonly reason: string };

/** Looks at one part that is waited for, not needed; answers what is wrong with it. */
export type Probe = { readonly part: string; check(): Promise<string | undefined> };

const PROBE_WITHIN_MS = 2_000;

export function healthRoutes(deps: { db: Database; probes: readonly Probe[] }): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    scopeOf(response).route = '/healthz';
    response.setHeader('Cache-Control', 'no-store');
    response.json({ status: 'ok' });
  });
  router.get('/readyz', async (_request, response) => {
    scopeOf(response).route = '/readyz';
    response.setHeader('Cache-Control', 'no-store');
    const failing = await whatFails(deps.db);
    if (failing) return notReady(response, failing);
    const looks = await Promise.all(deps.probes.map(look));
    response.json({ status: 'ready', degraded: looks.filter((degradation) => degradation !== undefined) });
  });
  return router;
}

function notReady(response: Response, failing: Degradation): void {
  response.setHeader('Retry-After', '5');
  response.status(503).json({ status: 'not_ready', failing: [failing] });
}

async function whatFails(db: Database): Promise<Degradation | undefined> {
  try {
    const applied = await db.realm<{ name: string }>({ text: 'select name from migration' });
    const pending = pendingMigrations(applied.map((row) => row.name));
    if (pending.length === 0) return undefined;
    return { part: 'migrations', reason: `pending: ${pending.join(', ')}` };
  } catch {
    return { part: 'database', reason: 'does not answer' };
  }
}

async function look(probe: Probe): Promise<Degradation | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('does not answer'), PROBE_WITHIN_MS);
  });
  try {
    const reason = await Promise.race([probe.check(), late]);
    return reason === undefined ? undefined : { part: probe.part, reason };
  } catch {
    return { part: probe.part, reason: 'cannot be looked at' };
  } finally {
    clearTimeout(timer);
  }
}
