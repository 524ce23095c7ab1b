// The queue's task `rotate_signing_keys`, by the clock: the provider's keys follow each other without anybody's doing.
import { z } from 'zod';
import { defineTask, type Task } from '../../src/jobs/task.ts';
import type { SsoDeps } from '../deps.ts';
import { rotateSigningKeys } from './signing-keys.ts';

type Deps = Pick<SsoDeps, 'db' | 'clock'> & { readonly config: Pick<SsoDeps['config'], 'secretKey'> };

export function rotateKeysTask(deps: Deps): Task {
  // graphile-worker puts the schedule's own facts (`_cron`) into the payload
  return defineTask(z.looseObject({}), async (_payload, { log }) => {
    const done = await rotateSigningKeys(deps, deps.config.secretKey);
    if (done.length > 0) log.info({ done }, 'the signing keys of the OIDC provider were changed');
  });
}
