// Child processes of a bench that speak over an IPC channel, one question at a time. They end when this process does.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

export type Child<Question, Reply extends object> = AsyncDisposable & {
  /** Throws what the child answers as `error`, or that it has ended. */
  ask(question: Question): Promise<Exclude<Reply, { error: string }>>;
};

/** `module`: a file of this folder. */
export function startChild<Question extends object, Reply extends object>(module: URL): Child<Question, Reply> {
  const child = fork(module, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return {
    ask: async (question) => {
      const answered = new AbortController();
      try {
        child.send(question);
        const reply = await Promise.race([nextMessage<Reply>(child, answered.signal), ended(child, answered.signal)]);
        if ('error' in reply) throw new Error(String(reply.error));
        return reply as Exclude<Reply, { error: string }>;
      } finally {
        answered.abort();
      }
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function nextMessage<Reply>(child: ChildProcess, signal: AbortSignal): Promise<Reply | { error: string }> {
  const [reply] = await once(child, 'message', { signal });
  return reply as Reply | { error: string };
}

async function ended(child: ChildProcess, signal: AbortSignal): Promise<never> {
  const [code, by] = await once(child, 'exit', { signal });
  throw new Error(`a process of the bench ended by itself (${code ?? by})`);
}
