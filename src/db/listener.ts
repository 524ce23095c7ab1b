// LISTEN on a connection of its own, which comes back by itself. While it is down nobody can be told of anything, so
// users are told of that too: what they remember is no longer safe.
import pg from 'pg';

const RETRY_MS = { first: 100, most: 5_000 };

export type ListenerEvents = {
  readonly onMessage: (payload: string) => void;
  /** The connection listens from now on; whatever was remembered before may have missed a message. */
  readonly onUp: () => void;
  readonly onDown: () => void;
};

/** Listens on one channel from `start()` to `close()`; reconnects with growing pauses of at most five seconds. */
export class Listener {
  readonly #url: string;
  readonly #channel: string;
  readonly #events: ListenerEvents;
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #connecting: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(url: string, channel: string, events: ListenerEvents) {
    this.#url = url;
    this.#channel = channel;
    this.#events = events;
  }

  /** Resolves after the first try, whether it succeeded or not: nobody waits for a database that is down. */
  start(): Promise<void> {
    this.#connecting = this.#connect(RETRY_MS.first);
    return this.#connecting;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#connecting;
    await this.#client?.end().catch(() => {});
  }

  async #connect(pauseMs: number): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'drawbridge listener',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    let lost = false;
    let worked = false;
    const onLost = () => {
      if (lost) return;
      lost = true;
      if (this.#client === client) {
        this.#client = undefined;
        this.#events.onDown();
      }
      this.#again(worked ? RETRY_MS.first : pauseMs);
    };
    client.on('error', onLost);
    client.on('end', onLost);
    client.on('notification', (message) => this.#events.onMessage(message.payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${client.escapeIdentifier(this.#channel)}`);
      if (lost) return;
      worked = true;
      this.#client = client;
      this.#events.onUp();
    } catch {
      onLost();
      await client.end().catch(() => {});
    }
  }

  #again(pauseMs: number): void {
    if (this.#closed) return;
    this.#retry = setTimeout(() => {
      this.#connecting = this.#connect(Math.min(pauseMs * 2, RETRY_MS.most));
    }, pauseMs);
    this.#retry.unref();
  }
}
