// The process that makes the load, apart from the servers: eight connections that are kept alive, each with one request
// under way. Its parent says what to do over the IPC channel; when the parent is gone, it ends.

import { Agent, request } from 'node:http';
import { type Answer, type Exchange, type Operation, Workload } from './workload.ts';

const CONNECTIONS = 8;

export type Server = { readonly name: string; readonly baseUrl: string; readonly token: string };

export type Task =
  | { readonly kind: 'lay fixture'; readonly server: Server; readonly users: number }
  | {
      readonly kind: 'measure';
      readonly server: string;
      readonly operation: Operation;
      readonly withinMs: number;
      readonly atMost: number;
    }
  | { readonly kind: 'verify'; readonly server: string };

export type Outcome = { readonly count: number; readonly elapsedMs: number };
export type Reply = { readonly outcome: Outcome } | { readonly error: string };

type Opponent = { readonly server: Server; readonly workload: Workload; readonly agent: Agent };

const opponents = new Map<string, Opponent>();

async function perform(task: Task): Promise<Outcome> {
  if (task.kind === 'lay fixture') {
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    const opponent = { server: task.server, workload: new Workload(task.users), agent };
    opponents.set(task.server.name, opponent);
    const fixture = opponent.workload.fixture();
    return runAll(opponent, () => fixture.next().value ?? undefined);
  }
  const opponent = opponents.get(task.server);
  if (opponent === undefined) throw new Error(`no fixture was laid for ${task.server}`);
  if (task.kind === 'verify') {
    const verification = opponent.workload.verification();
    return runAll(opponent, () => verification.next().value ?? undefined);
  }
  const deadline = performance.now() + task.withinMs;
  let left = task.atMost;
  return runAll(opponent, () => {
    left -= 1;
    return left < 0 || performance.now() > deadline ? undefined : opponent.workload.next(task.operation);
  });
}

/** Eight at a time until `next` has no more; throws at the first wrong answer. */
async function runAll(opponent: Opponent, next: () => Exchange | undefined): Promise<Outcome> {
  const started = performance.now();
  let count = 0;
  const work = async () => {
    for (let exchange = next(); exchange !== undefined; exchange = next()) {
      const answer = await send(opponent, exchange);
      try {
        exchange.accept(answer);
      } catch (error) {
        throw new Error(`${opponent.server.name}: ${exchange.method} ${exchange.path}: ${(error as Error).message}`);
      }
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  return { count, elapsedMs: performance.now() - started };
}

function send(opponent: Opponent, exchange: Exchange): Promise<Answer> {
  const payload = exchange.body === undefined ? undefined : Buffer.from(JSON.stringify(exchange.body));
  const headers: Record<string, string | number> = {
    authorization: `Bearer ${opponent.server.token}`,
    accept: 'application/scim+json',
  };
  if (payload !== undefined) {
    headers['content-type'] = 'application/scim+json';
    headers['content-length'] = payload.length;
  }
  return new Promise((resolve, reject) => {
    const call = request(
      `${opponent.server.baseUrl}${exchange.path}`,
      { method: exchange.method, agent: opponent.agent, headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          try {
            resolve({ status: response.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) });
          } catch {
            reject(new Error(`${exchange.path}: ${response.statusCode} and no JSON: ${text.slice(0, 200)}`));
          }
        });
      },
    );
    call.on('error', reject);
    call.end(payload);
  });
}

function reply(message: Reply): void {
  process.send?.(message);
}

process.on('message', (task: Task) => {
  perform(task).then(
    (outcome) => reply({ outcome }),
    (error: unknown) => reply({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
