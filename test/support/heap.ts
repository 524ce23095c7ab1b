// The heap of another Node process after a full collection, asked through the inspector that it was started with
// (`--inspect=127.0.0.1:0`).

type Usage = { readonly usedSize: number; readonly backingStorageSize?: number };

/** In MB, buffers outside the heap included; `log` is what the process wrote, where the inspector's address stands. */
export async function heapAfterCollection(log: string): Promise<number> {
  const address = /ws:\/\/127\.0\.0\.1:\S+/.exec(log)?.[0];
  if (address === undefined) throw new Error('The process has no inspector.');
  const socket = new WebSocket(address);
  try {
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', reject);
    });
    // twice: what finalizers let go of is collected by the second
    await ask(socket, 1, 'HeapProfiler.collectGarbage');
    await ask(socket, 2, 'HeapProfiler.collectGarbage');
    const { usedSize, backingStorageSize = 0 } = await ask<Usage>(socket, 3, 'Runtime.getHeapUsage');
    return (usedSize + backingStorageSize) / 1024 ** 2;
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
