// One kept-alive HTTP/1.1 connection, written and read by hand (RFC 9112 sections 4 to 7): the load shares the cores with
// the servers, and what a full client costs would be counted against whoever is fastest.
import { connect, type Socket } from 'node:net';

export type RawAnswer = { readonly status: number; readonly text: string };

const HEAD_END = Buffer.from('\r\n\r\n');

/** Sends one request at a time. `close()` when done; a broken connection rejects the request under way. */
export class RawConnection {
  readonly #socket: Socket;
  readonly #head: string;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { resolve(answer: RawAnswer): void; reject(error: Error): void } | undefined;

  constructor(baseUrl: string, token: string) {
    const { hostname, port, host } = new URL(baseUrl);
    this.#head = `HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nAccept: application/scim+json\r\n`;
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  /** `path` is absolute; `body` is JSON text. */
  send(method: string, path: string, body: string | undefined): Promise<RawAnswer> {
    const payload =
      body === undefined
        ? '\r\n'
        : `Content-Type: application/scim+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(`${method} ${path} ${this.#head}${payload}`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf(HEAD_END);
    if (end < 0) return;
    const head = this.#received.toString('latin1', 0, end);
    const rest = this.#received.subarray(end + HEAD_END.length);
    const body = /\r\ntransfer-encoding: *chunked/i.test(head) ? unchunk(rest) : whole(head, rest);
    if (body === undefined) return;
    this.#received = Buffer.alloc(0);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status: Number(head.slice(9, 12)), text: body.toString('utf8') });
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

/** The body by its length, or undefined while some of it is missing. No length means no body. */
function whole(head: string, rest: Buffer): Buffer | undefined {
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  return rest.length < length ? undefined : rest.subarray(0, length);
}

/** A chunked body, or undefined while its last chunk is missing. */
function unchunk(rest: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const line = rest.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = Number.parseInt(rest.toString('latin1', at, line), 16);
    const from = line + 2;
    if (rest.length < from + size + 2) return undefined;
    if (size === 0) return Buffer.concat(parts);
    parts.push(rest.subarray(from, from + size));
    at = from + size + 2;
  }
}
