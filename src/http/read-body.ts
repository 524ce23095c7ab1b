// Reads a JSON body within its limit and says exactly what was wrong with one that cannot be read (law 8).
import express, { type Request, type Response } from 'express';
import { DomainError } from '../errors.ts';
import { findUnstorable } from './storable-text.ts';

export type JsonBody = { readonly value: unknown; readonly bytes: Buffer };

const JSON_TYPES = ['application/json', 'application/*+json'];

/**
 * The parsed body, or undefined when there is none. Throws `unsupported_media_type`, `too_large`, `invalid_syntax`.
 */
export async function readJsonBody(
  request: Request,
  response: Response,
  limitBytes: number,
): Promise<JsonBody | undefined> {
  const length = request.get('content-length');
  if (request.get('transfer-encoding') === undefined && (length === undefined || length === '0')) return undefined;
  if (!request.is(JSON_TYPES)) {
    throw new DomainError('unsupported_media_type', 'Send the body as application/json.');
  }
  let bytes: Buffer = Buffer.alloc(0);
  const parse = express.json({
    limit: limitBytes,
    type: () => true,
    strict: false,
    verify: (_request, _response, raw) => {
      bytes = raw;
    },
  });
  await new Promise<void>((resolve, reject) => {
    parse(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(named(error, limitBytes))));
  });
  if (bytes.length === 0) return undefined;
  const fault = findUnstorable(request.body);
  if (fault !== undefined) throw new DomainError('invalid_value', fault);
  return { value: request.body, bytes };
}

function named(error: unknown, limitBytes: number): unknown {
  const { type, message } = error as { type?: string; message: string };
  switch (type) {
    case 'entity.too.large':
      return new DomainError('too_large', `The body is larger than ${limitBytes} bytes.`, { cause: error });
    case 'entity.parse.failed':
      return new DomainError('invalid_syntax', `The body is not JSON${position(message)}.`);
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new DomainError('unsupported_media_type', `The body cannot be decoded: ${message}`, { cause: error });
    case 'request.aborted':
    case 'request.size.invalid':
      return new DomainError('invalid_syntax', 'The body ended before its announced length.', { cause: error });
    default:
      return error;
  }
}

/** Only the place: the parser's message quotes the body, which may hold a secret. */
function position(message: string): string {
  const match = /position \d+/.exec(message);
  return match ? ` (at ${match[0]})` : '';
}
