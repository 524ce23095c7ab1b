// Bytes that are no HTTP request (RFC 9112): a broken header, length or chunk. Nobody can say for which interface they
// were meant; they are answered in SCIM's form, whose clients show the words to an administrator.
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { DomainError } from '../src/errors.ts';
import { newId } from '../src/ids.ts';
import { errorAnswer } from './error.ts';
import { CONTENT_TYPE } from './exchange.ts';

const GOODBYE_MS = 2_000;

/** Gives every message that the server cannot read an answer in words, and then ends its connection. */
export function answerUnreadable(server: Server): void {
  const begun = new WeakMap<Duplex, ServerResponse>();
  const ending = new WeakSet<Duplex>();
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    begun.set(socket, response);
  });
  // Without a listener an unknown expectation is answered 417 and no word; RFC 9110 section 10.1.1 lets it be ignored.
  server.on('checkExpectation', (request, response) => void server.emit('request', request, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // Each further packet of the same message is one more error.
    if (ending.has(socket)) return;
    ending.add(socket);
    const response = begun.get(socket);
    const isHalfAnswered = response?.headersSent === true && !response.writableEnded;
    if (!socket.writable || isHalfAnswered) socket.destroy();
    else sayGoodbye(socket, refusalOf(error));
  });
}

function refusalOf({ code }: NodeJS.ErrnoException): DomainError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new DomainError('header_too_large', 'The address and the headers together are larger than 16 KB.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new DomainError('too_large', 'The extensions of a chunk are too large.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new DomainError('request_timeout', 'The rest of the request did not come in time.');
    default:
      return new DomainError('invalid_syntax', `The message is not a valid HTTP request (${code ?? 'unreadable'}).`);
  }
}

function sayGoodbye(socket: Duplex, refusal: DomainError): void {
  const requestId = newId();
  const { status, body = '' } = errorAnswer(refusal, requestId);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `X-Request-Id: ${requestId}`,
    `Content-Type: ${CONTENT_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ].join('\r\n');
  socket.end(`${head}\r\n\r\n${body}`);
  // Closed while the client still sends, its system would drop the answer unread.
  socket.resume();
  setTimeout(() => socket.destroy(), GOODBYE_MS).unref();
}
