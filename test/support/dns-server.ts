// A DNS server on loopback for tests: answers TXT questions over UDP from a map (RFC 1035), one question a message.
import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';

export type DnsServer = {
  /** As `address:port`. */
  readonly address: string;
  /** TXT records by lower-case name. */
  readonly records: Map<string, readonly string[]>;
  /** Answers SERVFAIL to everything. */
  fails: boolean;
  stop(): Promise<void>;
};

const TXT = 16;
const FLAGS = 0x8180;
const SERVFAIL = 2;
const NXDOMAIN = 3;

export async function startDnsServer(): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const server = { records: new Map<string, readonly string[]>(), fails: false };
  socket.on('message', (message, from) => socket.send(answer(message, server), from.port, from.address));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address() as AddressInfo;
  const stop = () => new Promise<void>((resolve) => socket.close(() => resolve()));
  return Object.assign(server, { address: `127.0.0.1:${port}`, stop });
}

function answer(query: Buffer, { records, fails }: Pick<DnsServer, 'records' | 'fails'>): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length !== 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const question = query.subarray(12, at + 5);
  const texts = fails ? [] : (records.get(labels.join('.').toLowerCase()) ?? []);
  const code = fails ? SERVFAIL : texts.length === 0 ? NXDOMAIN : 0;
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  for (const [index, value] of [FLAGS | code, 1, texts.length, 0, 0].entries())
    head.writeUInt16BE(value, 2 + index * 2);
  return Buffer.concat([head, question, ...texts.map(txtRecord)]);
}

/** The text in strings of at most 255 bytes, as DNS carries it. */
function txtRecord(text: string): Buffer {
  const parts = text.match(/.{1,255}/gs) ?? [''];
  const data = Buffer.concat(
    parts.map((part) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part, 'latin1')])),
  );
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(TXT, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
