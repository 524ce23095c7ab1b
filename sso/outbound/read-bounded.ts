// Reads an answer's body and decodes it, never holding more than allowed of either: a few kilobytes of gzip can stand
// for gigabytes, and a body need not end.
import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { OutboundFault } from './outbound-fault.ts';

const DECODERS: Readonly<Record<string, (() => Transform) | undefined>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** The decoded body. Throws OutboundFault when it is longer than `maxBytes`, or cannot be decoded. */
export async function readBounded(answer: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const encoding = (answer.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (Number(answer.headers['content-length']) > maxBytes) throw tooLarge(maxBytes);
  if (encoding === 'identity') return collect(answer, maxBytes);
  const decoder = DECODERS[encoding]?.();
  if (!decoder) throw new OutboundFault('encoding', `The answer is encoded as "${encoding.slice(0, 40)}".`);
  // what becomes of either reaches whoever reads the decoder
  pipeline(answer, decoder, () => {});
  try {
    return await collect(decoder, maxBytes);
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code);
    if (!/^(Z_|ERR__ERROR_|ERR_BROTLI)/.test(code)) throw error;
    throw new OutboundFault('encoding', `The answer says that it is ${encoding}, and is not.`, { cause: error });
  }
}

async function collect(stream: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): OutboundFault {
  return new OutboundFault('too_large', `The answer is larger than ${maxBytes / 1024 / 1024} MiB.`);
}
