// The process that makes the load, apart from the servers: eight connections that are kept alive, each with one request
// under way. Its parent says what to do over the IPC channel; when the parent is gone, it ends.

import { RawConnection } from './raw-connection.ts';
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

type Opponent = { readonly server: Server; readonly workload: Workload };

const opponents = new Map<string, Opponent>();

async function perform(task: Task): Promise<Outcome> {
  if (task.kind === 'lay fixture') {
    const opponent = { server: task.server, workload: new Workload(task.users) };
    opponents.set(task.server.name, opponent);
    const { workload } = opponent;
    const fixture = workload.fixture();
    const laid = await runAll(opponent, () => fixture.next().value ?? undefined);
    const everyone = workload.everyone();
    await runAll(opponent, () => everyone.next().value ?? undefined);
    return laid;
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
  const { baseUrl, token } = opponent.server;
  const basePath = new URL(baseUrl).pathname.replace(/\/$/, '');
  const work = async (connection: RawConnection) => {
    for (let exchange = next(); exchange !== undefined; exchange = next()) {
      const answer = await send(connection, basePath, exchange);
      try {
        exchange.accept(answer);
      } catch (error) {
        throw new Error(`${opponent.server.name}: ${exchange.method} ${exchange.path}: ${(error as Error).message}`);
      }
      count += 1;
    }
  };
  // New ones for each task: a server may close what was idle while another server had its turn.
  const connections = Array.from({ length: CONNECTIONS }, () => new RawConnection(baseUrl, token));
  try {
    await Promise.all(connections.map(work));
  } finally {
    for (const connection of connections) connection.close();
  }
  return { count, elapsedMs: performance.now() - started };
}

async function send(connection: RawConnection, basePath: string, exchange: Exchange): Promise<Answer> {
  const body = exchange.body === undefined ? undefined : JSON.stringify(exchange.body);
  const { status, text } = await connection.send(exchange.method, `${basePath}${exchange.path}`, body);
  try {
    return { status, body: text === '' ? undefined : JSON.parse(text) };
  } catch {
    throw new Error(`${exchange.path}: ${status} and no JSON: ${text.slice(0, 200)}`);
  }
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
