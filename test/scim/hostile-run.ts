// Sends hostile requests to a running process over bare sockets and judges every answer: no fault of ours, no answer
// without words, no silence.
import { connect, type Socket } from 'node:net';
import { type HostileRequest, hostileRequest, type Target } from './hostile-requests.ts';
import { ERROR } from './scim-setup.ts';

const LANES = 8;
const SILENCE_MS = 20_000;

export type Verdict = {
  /** How often each status was answered. */
  readonly statuses: ReadonlyMap<number, number>;
  /** What must not be, with the request to send again; the first few. */
  readonly faults: readonly string[];
};

type Run = { readonly port: number; readonly target: Target; readonly seed: number };

/** Requests number `from` to `to - 1` of a seed, over 8 connections. */
export async function sendHostile(run: Run, from: number, to: number): Promise<Verdict> {
  const statuses = new Map<number, number>();
  const faults: string[] = [];
  let next = from;
  const lane = async () => {
    let connection: Connection | undefined;
    for (let number = next++; number < to; number = next++) {
      if (!connection?.isOpen) connection = await Connection.open(run.port);
      const request = hostileRequest(run.target, run.seed, number);
      const answer = await connection.send(request.bytes, request.method, request.then);
      const fault = judge(answer, request.method);
      if (fault) faults.push(`seed ${run.seed}, request ${number}: ${fault}\n${preview(request.bytes)}`);
      if (typeof answer === 'object') statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (faults.length >= 12) return;
    }
    connection?.close();
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return { statuses, faults };
}

const preview = (bytes: Buffer) =>
  JSON.stringify(
    bytes
      .toString('latin1')
      .replace(/Bearer \S+/, 'Bearer …')
      .slice(0, 700),
  );

type RawAnswer = { readonly status: number; readonly head: string; readonly text: string };

/** What is wrong with an answer; undefined = nothing. */
function judge(answer: RawAnswer | string, method: string): string | undefined {
  if (typeof answer === 'string') return answer;
  const { status, head, text } = answer;
  // RFC 7644 section 3.11 names 501 for a server that has no /Me for this kind of token
  if (status >= 500 && status !== 501) return `a fault of ours: ${status} ${text}`;
  if (status < 400) {
    if (text !== '') JSON.parse(text);
    return undefined;
  }
  if (method === 'HEAD') return undefined;
  let body: { schemas?: unknown; status?: unknown; detail?: unknown };
  try {
    body = JSON.parse(text);
  } catch {
    return `${status} is no SCIM error: ${JSON.stringify(text)} ${head}`;
  }
  const isError = JSON.stringify(body.schemas) === JSON.stringify([ERROR]) && body.status === String(status);
  const hasWords = typeof body.detail === 'string' && body.detail.length > 5;
  if (!isError || !hasWords || !/content-type: application\/scim\+json/i.test(head)) return `${status} says ${text}`;
  return undefined;
}

/** One HTTP/1.1 connection that sends what it is given, byte by byte as it is. */
class Connection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #check: () => void = () => {};
  #trouble = '';
  isOpen = true;

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new Connection(socket)));
    });
  }

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.removeAllListeners('error');
    const ended = () => {
      this.isOpen = false;
      this.#check();
    };
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#trouble = error.code ?? error.message;
      ended();
    });
    socket.on('end', ended);
    socket.on('close', ended);
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#check();
    });
  }

  close(): void {
    this.isOpen = false;
    this.#socket.destroy();
  }

  /** The answer, or what happened in its place. After a cut one the sender ends its side. */
  send(bytes: Buffer, method: string, then: HostileRequest['then']): Promise<RawAnswer | string> {
    this.#received = Buffer.alloc(0);
    this.#socket.write(bytes);
    if (then === 'cut') this.#socket.end();
    return new Promise((resolve) => {
      const done = (answer: RawAnswer | string) => {
        clearTimeout(timer);
        this.#check = () => {};
        // What is left of a broken request would be read as the next one.
        if (then !== 'go on' || typeof answer === 'string' || /\r\nconnection: close/i.test(answer.head)) this.close();
        resolve(answer);
      };
      const timer = setTimeout(() => done('no answer'), SILENCE_MS);
      this.#check = () => {
        const answer = parse(this.#received, method);
        if (answer) done(answer);
        else if (!this.isOpen)
          done(`the connection ended without an answer ${this.#trouble}: ${this.#received.toString('latin1')}`);
      };
    });
  }
}

/** The final answer in what was received, or undefined while some of it is missing. */
function parse(received: Buffer, method: string): RawAnswer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = received.toString('latin1', 0, end);
  const status = Number(head.slice(9, 12));
  const rest = received.subarray(end + 4);
  if (status < 200) return parse(rest, method);
  if (method === 'HEAD' || status === 204 || status === 304) return { status, head, text: '' };
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return unchunk(status, head, rest);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  return rest.length < length ? undefined : { status, head, text: rest.toString('utf8', 0, length) };
}

function unchunk(status: number, head: string, rest: Buffer): RawAnswer | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = rest.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = Number.parseInt(rest.toString('latin1', at, line), 16);
    if (rest.length < line + 2 + size + 2) return undefined;
    if (size === 0) return { status, head, text: Buffer.concat(parts).toString('utf8') };
    parts.push(rest.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}
