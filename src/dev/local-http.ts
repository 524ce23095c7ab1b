// A small HTTP server on loopback for the local pages: started, answered and stopped in one place.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StartTrouble } from './trouble.ts';

export type LocalServer = { readonly url: string; stop(): Promise<void> };

/** Listens on 127.0.0.1 (port 0: any free one); `answer` also gets the server's own address. A rejected `answer` becomes a 500 that names the reason. */
export async function startLocalServer(
  port: number,
  answer: (request: IncomingMessage, response: ServerResponse, url: string) => Promise<void> | void,
): Promise<LocalServer> {
  const server = createServer(async (request, response) => {
    try {
      await answer(request, response, url);
    } catch (error) {
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(error instanceof Error ? error.message : String(error));
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portTrouble(error, port)));
    server.listen(port, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** `port_taken` for a port that somebody else has; any other error as it is. */
export function portTrouble(error: Error, port: number): Error {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error;
  return new StartTrouble('port_taken', `Port ${port} is taken: stop what listens there, or ask for another.`, {
    cause: error,
  });
}

export function sendPage(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-src 'self'; form-action *",
    'cache-control': 'no-store',
  });
  response.end(text);
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
