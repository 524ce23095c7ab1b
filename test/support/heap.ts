// The heap of another Node process at rest, asked through the inspector that it was started with (`--inspect=127.0.0.1:0`).
import { setTimeout as delay } from 'node:timers/promises';

type Usage = { readonly usedSize: number; readonly backingStorageSize?: number };

const POLL_MS = 400;
const LEAST_FALL_MB = 0.5;

/**
 * In MB, buffers outside the heap included: collected until it falls no further, since what is still on its way out (lines
 * for the log and the journal, connections that just closed) is no leak. `log` is what the process wrote, where the
 * inspector's address stands.
 */
export async function heapAtRest(log: string): Promise<number> {
  const address = /ws:\/\/127\.0\.0\.1:\S+/.exec(log)?.[0];
  if (address === undefined) throw new Error('The process has no inspector.');
  const socket = new WebSocket(address);
  try {
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', reject);
    });
    for (let before = Number.POSITIVE_INFINITY, id = 1; ; id += 2) {
      await ask(socket, id, 'HeapProfiler.collectGarbage');
      const { usedSize, backingStorageSize = 0 } = await ask<Usage>(socket, id + 1, 'Runtime.getHeapUsage');
      const now = (usedSize + backingStorageSize) / 1024 ** 2;
      if (now > before - LEAST_FALL_MB) return now;
      before = now;
      await delay(POLL_MS);
    }
  } finally {
    socket.close();
  }
}

function ask<Answer>(socket: WebSocket, id: number, method: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const heard = ({ data }: MessageEvent) => {
      const message = JSON.parse(String(data)) as { id?: number; result?: Answer; error?: { message: string } };
      if (message.id !== id) return;
      socket.removeEventListener('message', heard);
      if (message.error) reject(new Error(message.error.message));
      else resolve(message.result as Answer);
    };
    socket.addEventListener('message', heard);
    socket.addEventListener('close', () => reject(new Error('The inspector has gone.')));
    socket.send(JSON.stringify({ id, method }));
  });
}
