// The body of a request: JSON, an object, at most 16 MB (a PUT of 100,000 members), in the content types of RFC 7644
// section 3.1.
import type { IncomingMessage } from 'node:http';
import { DomainError } from '../src/errors.ts';

const LARGEST_BODY = 16 * 1024 * 1024;
const DEEPEST = 64;
const CONTENT_TYPES = new Set(['application/scim+json', 'application/json']);

/** A body of at most `largest` bytes. Throws `unsupported_media_type`, `too_large` or `invalid_syntax`. */
export async function readJsonObject(
  message: IncomingMessage,
  largest: number = LARGEST_BODY,
): Promise<Record<string, unknown>> {
  const contentType = message.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (!CONTENT_TYPES.has(contentType)) {
    throw new DomainError('unsupported_media_type', 'The content type must be application/scim+json.');
  }
  if (message.headers['content-encoding'] !== undefined && message.headers['content-encoding'] !== 'identity') {
    throw new DomainError('unsupported_media_type', 'The body must not be compressed.');
  }
  const text = await readText(message, largest);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DomainError('invalid_syntax', 'The body is not valid JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DomainError('invalid_syntax', 'The body must be a JSON object.');
  }
  refuseDepth(value, 0);
  return value as Record<string, unknown>;
}

async function readText(message: IncomingMessage, largest: number): Promise<string> {
  const bytes = await readBytes(message, largest);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new DomainError('invalid_syntax', 'The body is not UTF-8.');
  }
}

/** Events, not iteration: leaving an iteration early would cut the connection before the refusal is read. */
function readBytes(message: IncomingMessage, largest: number): Promise<Buffer> {
  if (Number(message.headers['content-length'] ?? 0) > largest) throw tooLarge(largest);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= largest) chunks.push(chunk);
      else {
        chunks.length = 0;
        reject(tooLarge(largest));
      }
    });
    message.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    message.on('error', (cause) => reject(new DomainError('invalid_syntax', 'The body ended too early.', { cause })));
  });
}

/** Attributes are three levels deep; what nests further would only exhaust the stack of whoever walks it. */
function refuseDepth(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > DEEPEST) throw new DomainError('invalid_syntax', `The body is nested deeper than ${DEEPEST} levels.`);
  for (const part of Array.isArray(value) ? value : Object.values(value)) refuseDepth(part, depth + 1);
}

function tooLarge(largest: number): DomainError {
  return new DomainError(
    'too_large',
    `The body is larger than ${largest} bytes, which is all that this address takes.`,
  );
}
