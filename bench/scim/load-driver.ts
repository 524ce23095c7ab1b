// The process that makes the load, apart from the servers: eight connections that are kept alive, each with one request
// under way. Its parent says what to do over the IPC channel; when the parent is gone, it ends.

import { RawConnection } from './raw-connection.ts';
import { type Answer, type Exchange, type Operation, Workload } from './workload.ts';

const CONNECTIONS = 8;

export type Server = {
  readonly name: string;
  readonly baseUrl: string;
  readonly token: string;
  /** Of a second directory, since one alone may not look users up as often as the load does: half of those look-ups are its. */
  readonly secondToken?: string;
};

export type Task =
  | { readonly kind: 'lay fixture'; readonly server: Server; readonly users: number }
  | { readonly kind: 'lay crowds'; readonly server: string }
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

const LOOK_UPS: readonly Operation[] = ['find', 'get'];

/** One workload for each token; they share nothing. */
type Opponent = { readonly server: Server; readonly workloads: readonly Workload[] };

const opponents = new Map<string, Opponent>();

async function perform(task: Task): Promise<Outcome> {
  if (task.kind === 'lay fixture') {
    const workloads = tokensOf(task.server).map((_, place) => new Workload(task.users, 'ab'.charAt(place)));
    const opponent = { server: task.server, workloads };
    opponents.set(task.server.name, opponent);
    return runAll(
      opponent,
      workloads.map((workload) => steps(workload.fixture())),
    );
  }
  const opponent = opponents.get(task.server);
  if (opponent === undefined) throw new Error(`no fixture was laid for ${task.server}`);
  if (task.kind === 'lay crowds') {
    await runAll(
      opponent,
      opponent.workloads.map((workload) => steps(workload.crowds())),
    );
    return runAll(
      opponent,
      opponent.workloads.map((workload) => steps(workload.everyone())),
    );
  }
  if (task.kind === 'verify') {
    return runAll(
      opponent,
      opponent.workloads.map((workload) => steps(workload.verification())),
    );
  }
  const deadline = performance.now() + task.withinMs;
  let left = task.atMost;
  const isOver = () => {
    left -= 1;
    return left < 0 || performance.now() > deadline;
  };
  const workloads = LOOK_UPS.includes(task.operation) ? opponent.workloads : opponent.workloads.slice(0, 1);
  return runAll(
    opponent,
    workloads.map((workload) => () => (isOver() ? undefined : workload.next(task.operation))),
  );
}

type Next = () => Exchange | undefined;

function steps(exchanges: Generator<Exchange>): Next {
  return () => exchanges.next().value ?? undefined;
}

function tokensOf({ token, secondToken }: Server): string[] {
  return secondToken === undefined ? [token] : [token, secondToken];
}

/** Eight at a time, each asking one of `nexts`, until those have no more; throws at the first wrong answer. */
async function runAll(opponent: Opponent, nexts: readonly Next[]): Promise<Outcome> {
  const started = performance.now();
  let count = 0;
  const { baseUrl } = opponent.server;
  const tokens = tokensOf(opponent.server);
  const basePath = new URL(baseUrl).pathname.replace(/\/$/, '');
  const work = async (connection: RawConnection, next: Next) => {
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
  const connections = Array.from(
    { length: CONNECTIONS },
    (_, place) => new RawConnection(baseUrl, tokens[place % nexts.length] as string),
  );
  try {
    await Promise.all(connections.map((connection, place) => work(connection, nexts[place % nexts.length] as Next)));
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
